"""What the tagging workers say of themselves, and how one gives the network's memory back.

A worker is a forked process that waits at a queue. It loads the network with its first photo. A
thread beside it, started after the fork, says twice a minute that the process is there and, after
a time without jobs, lets go of the network. Ending the process instead would give back a little
more, but a process that ends while it waits takes the lock of the queue with it.
"""

from __future__ import annotations

import ctypes
import gc
import logging
import threading
import time
from dataclasses import dataclass

from django.conf import settings
from django.db import Error, connections
from django.utils import timezone
from django_q import signals as queue_signals
from django_q.conf import Conf

from tagging.models import NetworkState, TaggingRequest, TaggingWorker
from tagging.models.waiting import SEEN_EVERY
from tagging.processes import this_process
from tagging.signals import network_changed

logger = logging.getLogger(__name__)

NOT_SEEN = "not seen"
# Of several workers the furthest one answers for all.
FURTHEST_FIRST = (NetworkState.READY, NetworkState.LOADING, NetworkState.UNLOADED)


@dataclass(frozen=True)
class NetworkStatus:
    """How tagging is doing, as anybody may know who loads nothing: in three small queries."""

    network: str
    """A value of NetworkState, or "not seen" where no worker is there."""
    workers: int
    queue: int
    """Photos that wait to be tagged."""

    @property
    def sentence(self) -> str:
        """Return for example `The network is ready (1 worker); 3 photos wait.`"""
        waiting = f"{self.queue:,} photo{' waits' if self.queue == 1 else 's wait'}"
        if not self.workers:
            return f"No tagging worker is running; {waiting}."
        workers = f"{self.workers} worker{'' if self.workers == 1 else 's'}"
        return f"The network is {NetworkState(self.network).label} ({workers}); {waiting}."


def network_status() -> NetworkStatus:
    """Return what the workers last said, and how many photos wait."""
    workers = TaggingWorker.objects.present()
    states = {worker.state for worker in workers}
    network = next((str(state) for state in FURTHEST_FIRST if state in states), NOT_SEEN)
    return NetworkStatus(network, len(workers), TaggingRequest.objects.waiting().count())


class Attendant:
    """Stands beside the jobs of one worker process: says how it is doing, and tidies up.

    `unload_after` is in seconds without a job, 0 for never.
    """

    def __init__(self, unload_after: float) -> None:
        self.unload_after = unload_after
        self.process = this_process()
        self.state, self.backbone = NetworkState.UNLOADED, ""
        self._at_work = threading.Lock()
        self._idle_since = time.monotonic()
        self._end = threading.Event()

    def begin(self) -> threading.Thread:
        """Say that this process is there, and stay beside it until it ends."""
        self._connect()
        try:
            TaggingWorker.objects.remove_ended()
        except Error:
            logger.warning("Rows of ended workers could not be removed.", exc_info=True)
        self._write()
        thread = threading.Thread(target=self._attend, name="attendant", daemon=True)
        thread.start()
        return thread

    def end(self) -> None:
        """Leave the process to itself."""
        self._end.set()
        queue_signals.pre_execute.disconnect(self._job_begins)
        queue_signals.post_execute_in_worker.disconnect(self._job_ends)
        network_changed.disconnect(self._network_changes)

    def _connect(self) -> None:
        queue_signals.pre_execute.connect(self._job_begins)
        queue_signals.post_execute_in_worker.connect(self._job_ends)
        network_changed.connect(self._network_changes)

    def _job_begins(self, **_: object) -> None:
        self._at_work.acquire()

    def _job_ends(self, **_: object) -> None:
        self._idle_since = time.monotonic()
        if self._at_work.locked():
            self._at_work.release()

    def _network_changes(self, state: NetworkState, backbone: str, **_: object) -> None:
        self.state, self.backbone = state, backbone
        self._write()

    def _attend(self) -> None:
        pause = SEEN_EVERY.total_seconds()
        if self.unload_after:
            pause = min(pause, self.unload_after / 4)
        written = time.monotonic()
        while not self._end.wait(pause):
            self._unload_if_idle()
            if time.monotonic() - written >= SEEN_EVERY.total_seconds() - pause / 2:
                self._write()
                written = time.monotonic()
            connections.close_all()

    def _unload_if_idle(self) -> None:
        """Let go of the network after a time without jobs; a job that comes meanwhile waits."""
        from tagging.classifier import release_network

        if not self.unload_after or not self._at_work.acquire(blocking=False):
            return
        try:
            if time.monotonic() - self._idle_since >= self.unload_after and release_network():
                return_memory()
        finally:
            self._at_work.release()

    def _write(self) -> None:
        """Write the row of this process; a database that does not answer stops no job."""
        said = {"state": self.state, "backbone": self.backbone, "seen_at": timezone.now()}
        try:
            TaggingWorker.objects.update_or_create(process=self.process, defaults=said)
        except Error:
            logger.warning("The worker could not say how it is doing.", exc_info=True)


def return_memory() -> None:
    """Hand freed memory back to the system: glibc keeps it for later unless told not to."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def attend_workers() -> None:
    """Give each worker process of the tagging cluster an attendant, once it has been forked."""
    if settings.Q_CLUSTER["name"] == Conf.CLUSTER_NAME:
        queue_signals.post_spawn.connect(_attend_this_process, dispatch_uid="tagging.attendant")


def _attend_this_process(**_: object) -> None:
    Attendant(60 * settings.EYES_UNLOAD_AFTER).begin()

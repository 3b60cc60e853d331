"""A job cluster that survives the sudden death of any of its processes.

django-q2 replaces a dead process, but hands the newcomer the queues of the old one. A process that
is killed while it waits at a queue (by hand, or by the kernel for want of memory) takes the
queue's lock with it: everybody after it waits for ever, and the cluster looks alive and does
nothing. So a killed process ends the cluster here, and a new one with fresh queues takes over.
"""

from __future__ import annotations

import logging
import os
from multiprocessing.process import BaseProcess

from django.conf import settings
from django.db import DatabaseError, connections
from django_q import cluster
from django_q.conf import Conf

from tagging.presence import attend_workers
from tagging.services.requests import request_waiting

logger = logging.getLogger(__name__)

# What a sentinel exits with when its cluster is to be started anew (EX_TEMPFAIL of sysexits.h).
RENEW = 75


class RenewingSentinel(cluster.Sentinel):  # type: ignore[misc]  # django-q2 has no types
    """Guards a cluster, and gives all of it up when one of its processes was killed."""

    def reincarnate(self, process: BaseProcess) -> None:
        """Replace a process that ended by itself or was too slow; end the cluster for others.

        Jobs that were under way are handed out again once their time is over, as after any
        sudden death; every job may run twice.
        """
        if was_killed(process):
            logger.error(
                "A process of the job cluster was killed by signal %s; starting the cluster anew.",
                -(process.exitcode or 0),
            )
            for member in (*self.pool, self.monitor, self.pusher):
                member.kill()
            # At once: tidying up would wait at the very queues that may be locked for ever.
            os._exit(RENEW)
        super().reincarnate(process)


def was_killed(process: BaseProcess) -> bool:
    """Return whether a signal ended the process, so that it could not let go of its locks."""
    return not process.is_alive() and (process.exitcode or 0) < 0


def run_cluster() -> int:
    """Run the cluster named by Q_CLUSTER_NAME until SIGTERM or Ctrl-C; return the exit code."""
    cluster.Sentinel = RenewingSentinel
    attend_workers()
    while True:
        present = cluster.Cluster()
        present.start()
        present.sentinel.join()
        code = present.sentinel.exitcode or 0
        if code != RENEW:
            return 1 if code else 0
        _go_on_with_photos()


def _go_on_with_photos() -> None:
    """Have the new cluster tag at once what waits: the jobs that the old one had fetched come
    again only when their time is over. A photo that kills its worker is left out after a few."""
    if settings.Q_CLUSTER["name"] != Conf.CLUSTER_NAME:
        return
    try:
        request_waiting()
    except DatabaseError:
        logger.warning("Photos that wait could not be asked for again.", exc_info=True)
    finally:
        # Nothing of this process's connection may be shared with the cluster that it forks.
        connections.close_all()

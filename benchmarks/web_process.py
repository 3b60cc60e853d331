"""A web process as it is served, asked for pages and weighed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

import requests

from benchmarks.memory import descendants, free_port, wait_for
from benchmarks.setting import ROOT, peak_megabytes


def weigh_web_process(addresses: Sequence[str], cookies: Mapping[str, str]) -> float:
    """Return the peak in MB of one web process that answered all of these to both viewers."""
    from eyes.management.commands.up import FRUGAL

    port = free_port()
    site = f"http://localhost:{port}"
    command = [sys.executable, "-m", "gunicorn", "eyes.wsgi:application"]
    command += ["--bind", f"127.0.0.1:{port}", "--workers", "1", "--threads", "4"]
    command += ["--chdir", str(ROOT), "--log-level", "warning"]
    environment = {**os.environ, **FRUGAL}
    with subprocess.Popen(command, env=environment) as server:
        try:
            wait_for(f"{site}/healthz")
            for jar in ({}, dict(cookies)):
                for address in addresses:
                    # Limits of the API refuse the fastest: that is an answer as well.
                    requests.get(site + address, cookies=jar, timeout=60)
            return max(peak_megabytes(pid) for pid in descendants(server.pid))
        finally:
            server.terminate()

"""How long the server takes for each page of a large library, and how many queries it asks.

A library of synthetic photos is made (or found in `--folder`, where it stays), and each page is
opened by a stranger and by somebody who is logged in, about other photos, people and tags each
time. Django's own test client asks, through every middleware, for compressed answers as browsers
do. At the end a web process of its own answers the same pages and is weighed. Run with

    python -m benchmarks.pages [--photos 100000] [--requests 100] [--folder FOLDER] [--only WORD]
"""

from __future__ import annotations

import argparse
import gzip
import os
import statistics
import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.page_times import write_down
from benchmarks.setting import fresh_installation
from benchmarks.web_process import weigh_web_process

if TYPE_CHECKING:
    from django.test import Client

WARM_UP: Final = 3
HOST: Final = "localhost"
NUMBERS: Final = count()


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=100_000)
    parser.add_argument("--requests", type=int, default=100)
    parser.add_argument("--folder", type=Path, help="keep the library here, or find it here")
    parser.add_argument("--only", default="", help="pages with this in their name; nothing is kept")
    wishes = parser.parse_args()
    if wishes.folder:
        wishes.folder.mkdir(parents=True, exist_ok=True)
    with fresh_installation(kept=wishes.folder) as folder:
        made = prepare(folder, wishes.photos)
        before = os.getloadavg()[0]
        addresses, rows = measure_pages(wishes.requests, wishes.only)
        made["load_average"] = [round(before, 1), round(os.getloadavg()[0], 1)]
        if not wishes.only:
            made["web_process_mb"] = weigh_web_process(*addresses)
            write_down(wishes.photos, wishes.requests, made, rows)


def prepare(folder: Path, photos: int) -> dict[str, Any]:
    """Make what is missing of the library and the site's static files; return how long it took.

    The jobs that a site runs every few minutes run once: they count tags and note words of texts.
    """
    from django.conf import settings
    from django.core.management import call_command

    from gallery.models import Image
    from gallery.sample_library import LibraryPlan, make_sample_library
    from tagging.services.photo_words import write_missing_words
    from tagging.services.tag_figures import count_tags

    settings.ROOT_URLCONF = "benchmarks.bare_page"
    call_command("collectstatic", verbosity=0, interactive=False)
    missing = photos - Image.with_trash.count()
    started, spent = time.perf_counter(), time.process_time()
    if missing > 0:
        print(f"Making {missing:,} photos in {folder} …")
        make_sample_library(plan=LibraryPlan(photos=missing))
    made = {
        "seconds_to_make": round(time.perf_counter() - started, 1),
        "cpu_seconds_to_make": round(time.process_time() - spent, 1),
    }
    started = time.perf_counter()
    write_missing_words()
    count_tags()
    return {**made, "seconds_to_count": round(time.perf_counter() - started, 1)}


def measure_pages(
    requests: int, only: str
) -> tuple[tuple[list[str], dict[str, str]], list[dict[str, Any]]]:
    """Return every address with a member's cookies, and a row per page and viewer, bare first."""
    from django.test import Client

    import eyes.wsgi  # noqa: F401 - as it is served, with what it does for the garbage collector
    from benchmarks.library_subjects import asked_pages, busiest_person, choose_subjects

    subjects = choose_subjects()
    headers = {"host": HOST, "accept-encoding": "gzip"}
    stranger, member = (Client(headers=headers) for _ in range(2))
    member.force_login(busiest_person())
    rows = [
        measure("nothing", "stranger", stranger, ["/bare/"], requests),
        measure("nothing", "member", member, ["/bare/"], requests),
    ]
    asked = []
    for page in asked_pages():
        addresses = [page.address(each) for each in subjects]
        if not all(addresses) or only not in page.name:
            continue
        asked += addresses
        if not page.is_personal:
            rows.append(measure(page.name, "stranger", stranger, addresses, requests))
        rows.append(measure(page.name, "member", member, addresses, requests))
    cookies = {name: morsel.value for name, morsel in member.cookies.items()}
    return (asked, cookies), rows


def measure(
    name: str, viewer: str, client: Client, addresses: Sequence[str], requests: int
) -> dict[str, Any]:
    """Return times in milliseconds, the most queries of any request, and the bytes of the page.

    CPU time is that of this process alone: what others on the machine do slows a request down
    without changing it much.
    """
    queries, answer = count_queries(client, addresses)
    times, spent = [], []
    for number in range(requests):
        started, worked = time.perf_counter(), time.process_time()
        answer = ask(client, addresses[number % len(addresses)])
        spent.append((time.process_time() - worked) * 1000)
        times.append((time.perf_counter() - started) * 1000)
    packed = answer.content
    is_packed = answer.get("Content-Encoding") == "gzip"
    row = {
        "page": name,
        "viewer": viewer,
        "p50_ms": round(statistics.median(times), 2),
        "p95_ms": round(statistics.quantiles(times, n=20)[-1], 2),
        "cpu_p50_ms": round(statistics.median(spent), 2),
        "cpu_p95_ms": round(statistics.quantiles(spent, n=20)[-1], 2),
        "queries": max(queries),
        "kilobytes": round(len(gzip.decompress(packed) if is_packed else packed) / 1000, 1),
        "kilobytes_sent": round(len(packed) / 1000, 1),
    }
    print(
        f"{name:28} {viewer:8} {row['p50_ms']:6.1f} {row['p95_ms']:6.1f} ms, CPU "
        f"{row['cpu_p50_ms']:6.1f} {row['cpu_p95_ms']:6.1f} ms, {max(queries)} queries",
        flush=True,
    )
    return row


def count_queries(client: Client, addresses: Sequence[str]) -> tuple[list[int], Any]:
    """Return how many queries every other address asks once the process is warm, and an answer."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    queries = []
    for address in [*[addresses[0]] * WARM_UP, *addresses[::2]]:
        with CaptureQueriesContext(connection) as captured:
            answer = ask(client, address)
        queries.append(len(captured))
    return queries[WARM_UP:], answer


def ask(client: Client, address: str) -> Any:
    """Return the answer; each request comes from another network, which the API's limits count."""
    number = next(NUMBERS)
    answer = client.get(
        address, REMOTE_ADDR=f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
    )
    if answer.status_code != 200:
        raise RuntimeError(f"{address} answered {answer.status_code}.")
    return answer


if __name__ == "__main__":
    main()

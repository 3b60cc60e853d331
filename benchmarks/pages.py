"""How long the server takes for each page of a large library, and how many queries it asks.

A library of synthetic photos is made (or found in `--folder`, where it stays), and each page is
opened by a visitor and by somebody who is logged in, about other photos, people and tags each
time. Django's own test client asks, through every middleware. Beside the times stands how they
compare with a page that has nothing in it. Run with

    python -m benchmarks.pages [--photos 100000] [--requests 100] [--folder FOLDER]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.setting import fresh_installation
from benchmarks.written import WriteUp

if TYPE_CHECKING:
    from django.test import Client

GOAL_MS = 50.0
WARM_UP = 3
# So many different photos, people and tags are asked about in turn, the most popular among them.
SUBJECTS = 25


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=100_000)
    parser.add_argument("--requests", type=int, default=100)
    parser.add_argument("--folder", type=Path, help="keep the library here, or find it here")
    wishes = parser.parse_args()
    if wishes.folder:
        wishes.folder.mkdir(parents=True, exist_ok=True)
    with fresh_installation(kept=wishes.folder) as folder:
        seconds = prepare(folder, wishes.photos)
        rows = measure_pages(wishes.requests)
    write_down(wishes.photos, wishes.requests, seconds, rows)


def prepare(folder: Path, photos: int) -> float:
    """Make what is missing of the library and the site's static files; return the seconds."""
    from django.conf import settings
    from django.core.management import call_command

    from gallery.models import Image
    from gallery.sample_library import LibraryPlan, make_sample_library

    settings.ROOT_URLCONF = "benchmarks.bare_page"
    call_command("collectstatic", verbosity=0, interactive=False)
    missing = photos - Image.with_trash.count()
    started = time.perf_counter()
    if missing > 0:
        print(f"Making {missing:,} photos in {folder} …")
        make_sample_library(plan=LibraryPlan(photos=missing))
    return time.perf_counter() - started


def measure_pages(requests: int) -> list[dict[str, Any]]:
    """Return a row per page and viewer, the bare page first."""
    from django.test import Client

    from benchmarks.listed_pages import PAGES
    from gallery.models import User

    subjects = choose_subjects()
    visitor, member = (Client(headers={"host": "localhost"}) for _ in range(2))
    member.force_login(User.objects.filter(images__isnull=False).order_by("pk")[0])
    rows = [
        measure("nothing", "visitor", visitor, ["/bare/"], requests),
        measure("nothing", "member", member, ["/bare/"], requests),
    ]
    for page in PAGES:
        addresses = [page.address(each) for each in subjects]
        if not all(addresses):
            continue
        if not page.is_personal:
            rows.append(measure(page.name, "visitor", visitor, addresses, requests))
        rows.append(measure(page.name, "member", member, addresses, requests))
    return rows


def choose_subjects() -> list[dict[str, str]]:
    """Return popular and rare photos, people, tags and albums to open pages about."""
    from django.db.models import Count

    from benchmarks.listed_pages import subjects_of
    from gallery.models import Album, Image, User, Visibility
    from tagging.models import Tag

    on_show = Image.objects.on_show()
    photos = [*on_show.order_by("-like_count")[:SUBJECTS:2], *on_show.newest()[: SUBJECTS // 2]]
    people = list(User.objects.annotate(n=Count("images")).order_by("-n")[:SUBJECTS])
    tags = list(Tag.objects.annotate(n=Count("image_tags")).order_by("-n")[:SUBJECTS])
    public = Album.objects.filter(visibility=Visibility.PUBLIC)
    albums = list(public.annotate(n=Count("photos")).order_by("-n")[:SUBJECTS])
    return [
        subjects_of(
            photos[place % len(photos)],
            people[place % len(people)],
            tags[place % len(tags)],
            tags[(place + 1) % len(tags)],
            albums[place % len(albums)],
        )
        for place in range(SUBJECTS)
    ]


def measure(
    name: str, viewer: str, client: Client, addresses: Sequence[str], requests: int
) -> dict[str, Any]:
    """Return times in milliseconds, the most queries of any request, and the bytes of the page."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    queries = []
    for address in [*[addresses[0]] * WARM_UP, *addresses]:
        with CaptureQueriesContext(connection) as captured:
            answer = client.get(address)
        if answer.status_code != 200:
            raise RuntimeError(f"{address} answered {answer.status_code}.")
        queries.append(len(captured))
    size = len(answer.content)
    times, spent = [], time.process_time()
    for number in range(requests):
        started = time.perf_counter()
        client.get(addresses[number % len(addresses)])
        times.append((time.perf_counter() - started) * 1000)
    spent = time.process_time() - spent
    median = statistics.median(times)
    print(f"{name}, {viewer}: {median:.1f} ms, {max(queries)} queries", flush=True)
    return {
        "page": name,
        "viewer": viewer,
        "p50_ms": round(median, 2),
        "p95_ms": round(statistics.quantiles(times, n=20)[-1], 2),
        "cpu_ms": round(spent * 1000 / requests, 2),
        "queries": max(queries[WARM_UP:]),
        "kilobytes": round(size / 1000, 1),
    }


def write_down(photos: int, requests: int, seconds: float, rows: list[dict[str, Any]]) -> None:
    """Write the table and what follows from it."""
    bare = {row["viewer"]: row["cpu_ms"] for row in rows if row["page"] == "nothing"}
    slow = [row for row in rows if row["p95_ms"] > GOAL_MS]
    write_up = WriteUp(
        "pages",
        f"Pages of a library of {photos:,} photos",
        f"python -m benchmarks.pages --photos {photos} --requests {requests}",
        {"photos": photos, "goal_ms": GOAL_MS, "seconds_to_make": round(seconds, 1), "rows": rows},
    )
    write_up.say(
        "Server time in milliseconds on one core and SQLite, through every middleware. A page "
        "is opened about other photos, people and tags each time. Queries are the most that any "
        "of these requests asked. CPU is the mean of a request, which others on the same machine "
        "cannot change; the ratio compares it with a page that has nothing in it."
    )
    if seconds > 1:
        write_up.say(f"Making the library took {seconds:,.0f} s.")
    write_up.table(
        ["page", "viewer", "p50 ms", "p95 ms", "CPU ms", "ratio", "queries", "kB"],
        [
            [
                row["page"],
                row["viewer"],
                f"{row['p50_ms']:.1f}",
                f"{row['p95_ms']:.1f}",
                f"{row['cpu_ms']:.1f}",
                f"{row['cpu_ms'] / bare[row['viewer']]:.1f}",
                str(row["queries"]),
                f"{row['kilobytes']:.0f}",
            ]
            for row in rows
        ],
        texts=2,
    )
    told = ", ".join(f"{row['page']} ({row['viewer']}, {row['p95_ms']:.0f} ms)" for row in slow)
    goal = f"{GOAL_MS:.0f} ms at the 95th percentile"
    write_up.say(f"Beyond {goal}: {told}." if slow else f"Every page stays within {goal}.")
    write_up.save()


if __name__ == "__main__":
    main()

"""The table of the benchmark of pages, and what follows from it."""

from __future__ import annotations

from typing import Any, Final

from benchmarks.written import WriteUp

GOAL_MS: Final = 50.0
GOAL_MB: Final = 120
HEAD: Final = (
    "page", "viewer", "p50 ms", "p95 ms", "CPU p50", "CPU p95", "ratio", "queries", "kB", "sent kB",
)  # fmt: skip
COLUMNS: Final = ("p50_ms", "p95_ms", "cpu_p50_ms", "cpu_p95_ms")


def write_down(
    photos: int, requests: int, made: dict[str, Any], rows: list[dict[str, Any]]
) -> None:
    """Write the table and what follows from it."""
    write_up = WriteUp(
        "pages",
        f"Pages of a library of {photos:,} photos",
        f"python -m benchmarks.pages --photos {photos} --requests {requests}",
        {"photos": photos, "requests": requests, "goal_ms": GOAL_MS, **made, "rows": rows},
    )
    before, after = made["load_average"]
    write_up.say(
        "Server time in milliseconds on SQLite, through every middleware, one request after "
        "another. A page is opened about other photos, people and tags each time. Queries are the "
        "most that any of these requests asked. CPU is the time that the serving process itself "
        "worked; the ratio compares its median with that of a page that has nothing in it. The "
        f"load of the machine was {before} at the beginning and {after} at the end: the further "
        "it is beyond 1, the more of the time on the clock went into waiting for others."
    )
    bare = {row["viewer"]: row["cpu_p50_ms"] for row in rows if row["page"] == "nothing"}
    write_up.table(HEAD, [_cells(row, bare[row["viewer"]]) for row in rows], texts=2)
    for column, words in (("p95_ms", "on the clock"), ("cpu_p95_ms", "of CPU time")):
        slow = [row for row in rows if row[column] > GOAL_MS]
        told = ", ".join(f"{row['page']} ({row['viewer']}, {row[column]:.0f} ms)" for row in slow)
        goal = f"{GOAL_MS:.0f} ms {words} at the 95th percentile"
        write_up.say(f"Beyond {goal}: {told}." if slow else f"Every page stays within {goal}.")
    _say_the_rest(write_up, photos, made)
    write_up.save()


def _cells(row: dict[str, Any], bare_ms: float) -> list[str]:
    """Return a line of the table."""
    return [
        row["page"],
        row["viewer"],
        *(f"{row[column]:.1f}" for column in COLUMNS),
        f"{row['cpu_p50_ms'] / bare_ms:.1f}",
        str(row["queries"]),
        f"{row['kilobytes']:.0f}",
        f"{row['kilobytes_sent']:.0f}",
    ]


def _say_the_rest(write_up: WriteUp, photos: int, made: dict[str, Any]) -> None:
    """Tell how long making the library took, and what a web process needs."""
    if made["seconds_to_make"] > 1:
        write_up.say(
            f"Making the library took {made['seconds_to_make']:,.0f} s on the clock and "
            f"{made['cpu_seconds_to_make']:,.0f} s of CPU time, "
            f"{1000 * made['cpu_seconds_to_make'] / photos:.1f} ms a photo."
        )
    write_up.say(
        f"A web process that answered each of these pages once, with four threads as it is "
        f"served, held {made['web_process_mb']:.0f} MB at its peak; the goal is {GOAL_MB} MB."
    )

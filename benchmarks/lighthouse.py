"""What Lighthouse says of the five main pages, on a telephone and at a desk.

Needs npx (Node) and Chromium. A site of its own is started with the sample photos, as visitors meet
it: without debugging, static files compressed. Best run on an idle machine.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.memory import free_port, wait_for
from benchmarks.setting import ROOT, fresh_installation
from benchmarks.written import WriteUp

LIGHTHOUSE = "lighthouse@12.8.2"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
DEVICES = ("mobile", "desktop")
# Now and then Chromium records nothing of a page, and Lighthouse asks to be run again.
ATTEMPTS = 3
GOAL = 95
TAG = "at the desk"


def furnish_site() -> dict[str, str]:
    """Add the sample photos and a tag; return the address of each page by its name."""
    from django.core.management import call_command

    from gallery.models import Image, User
    from gallery.samples import add_samples
    from tagging.services.votes import add_tag

    call_command("collectstatic", interactive=False, verbosity=0)
    add_samples(even_if_used=True)
    # What a job does for every upload.
    call_command("renditions", stdout=StringIO())
    person = User.objects.create_user("ada")
    photos = list(Image.objects.on_show().newest())
    tags = [add_tag(person=person, image=photo, name=TAG).tag for photo in photos]
    return {
        "stream": "/",
        "photo": photos[0].get_absolute_url(),
        "tag": f"{tags[0].get_absolute_url()}?by=people",
        "search": f"/search/?q={TAG.replace(' ', '+')}",
        "profile": photos[0].owner.get_absolute_url(),
    }


@contextmanager
def serving() -> Iterator[str]:
    """Serve the installation of this process's environment with gunicorn; yield its address."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "eyes.wsgi:application", "--workers", "2"]
    command += ["--threads", "4", "--bind", f"127.0.0.1:{port}", "--log-level", "warning"]
    with subprocess.Popen(command, cwd=ROOT) as server:
        try:
            address = f"http://localhost:{port}"
            wait_for(f"{address}/healthz")
            yield address
        finally:
            server.terminate()


def look_at(address: str, device: str, folder: Path) -> dict[str, Any]:
    """Return Lighthouse's own report of one page; raise CalledProcessError where it makes none."""
    target = folder / "lighthouse.json"
    command = ["npx", "--yes", LIGHTHOUSE, address, "--quiet", "--output=json"]
    command += [f"--output-path={target}", f"--only-categories={','.join(CATEGORIES)}"]
    command += ["--chrome-flags=--headless=new --no-sandbox --disable-gpu"]
    if device == "desktop":
        command.append("--preset=desktop")
    for attempt in range(ATTEMPTS):
        is_last = attempt == ATTEMPTS - 1
        if subprocess.run(command, check=is_last, timeout=240).returncode == 0:
            break
    report: dict[str, Any] = json.loads(target.read_text())
    return report


def summary_of(reports: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the median scores, and of the run in the middle what it weighed and what failed."""
    scores = {
        name: round(100 * median(report["categories"][name]["score"] for report in reports))
        for name in CATEGORIES
    }
    by_performance = sorted(
        reports, key=lambda report: report["categories"]["performance"]["score"]
    )
    middle = by_performance[len(reports) // 2]
    audits = middle["audits"]
    requests = audits["network-requests"]["details"]["items"]
    is_photo = [item.get("resourceType") == "Image" for item in requests]
    weight = sum(
        item.get("transferSize", 0)
        for item, photo in zip(requests, is_photo, strict=True)
        if not photo
    )
    weighed = {
        reference["id"]
        for category in middle["categories"].values()
        for reference in category["auditRefs"]
        if reference["weight"]
    }
    failed = [
        audits[name]["title"] for name in sorted(weighed) if (audits[name]["score"] or 0) < 0.9
    ]
    paint = audits["largest-contentful-paint"]["numericValue"]
    shift = audits["cumulative-layout-shift"]["numericValue"]
    return {
        "scores": scores,
        "kilobytes": round(weight / 1000, 1),
        "largest_paint_ms": round(paint),
        "shift": round(shift, 3),
        "failed": [title for title in failed if title],
    }


def write_up(found: dict[str, dict[str, Any]], repeats: int, save: bool) -> None:
    """Print what was found, and write it into docs/benchmarks."""
    page = WriteUp("lighthouse", "Lighthouse on the main pages", "python -m benchmarks.lighthouse")
    page.figures = {"lighthouse": LIGHTHOUSE, "repeats": repeats, "pages": found}
    page.say(
        f"{LIGHTHOUSE}, throttled as it does by default; medians of {repeats}, out of 100. The goal"
        f" is {GOAL} everywhere. Weight is everything but pictures, as it travels."
    )
    head = ["page", "device", *(name.replace("-", " ") for name in CATEGORIES)]
    head += ["weight in kB", "largest paint in ms", "layout shift"]
    rows = []
    for name, one in found.items():
        figures = [one["kilobytes"], one["largest_paint_ms"], one["shift"]]
        rows.append([*name.split(", "), *map(str, [*one["scores"].values(), *figures])])
    page.table(head, rows, texts=2)
    for name, one in found.items():
        if one["failed"]:
            page.say(f"Still below: {name}: {'; '.join(one['failed'])}.")
    if save:
        page.save()
    else:
        print(page.as_markdown())


def main() -> None:
    """Start a site, look at its pages, and write down what came of it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--no-save", action="store_true", help="only print")
    options = parser.parse_args()
    os.environ.setdefault("CHROME_PATH", shutil.which("chromium") or "chromium")
    found = {}
    with fresh_installation() as folder:
        pages = furnish_site()
        with serving() as site:
            for name, address in pages.items():
                for device in DEVICES:
                    reports = [
                        look_at(site + address, device, folder) for _ in range(options.repeats)
                    ]
                    found[f"{name}, {device}"] = summary_of(reports)
    write_up(found, options.repeats, not options.no_save)


if __name__ == "__main__":
    main()

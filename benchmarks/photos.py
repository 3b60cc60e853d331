"""What eyes makes of anybody's photos, frozen and fine-tuned, through the public commands alone.

    python -m benchmarks.photos FOLDER [--judged FOLDER] [--fine-tuned] [--name photos]

FOLDER holds a folder of photos per tag. Those of the other folder, under the same tags, judge;
without it a part of each tag is held back. `--fine-tuned` teaches the network itself afterwards,
with the settings that everybody has, and judges again.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.site import DEFAULT, photos_by_tag
from benchmarks.trial import Split, Way, split, try_ways, write_trial
from benchmarks.written import WriteUp


def main() -> None:
    """Teach and judge, and write the comparison down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--judged", type=Path, help="a folder of other photos per tag")
    parser.add_argument("--taught", type=int, default=1000, help="photos of each tag at most")
    parser.add_argument("--fine-tuned", action="store_true")
    parser.add_argument("--backbone", default=DEFAULT)
    parser.add_argument("--weights", type=Path, help="a file with those of the backbone")
    parser.add_argument("--splits", type=int, default=1, help="of a folder without --judged")
    parser.add_argument("--name", default="photos", help="of the files in docs/benchmarks")
    parser.add_argument("--title", default="Photos of a folder")
    parser.add_argument("--about", default="", help="a sentence on the photos, for the page")
    wishes = parser.parse_args()
    tuning = ("--fine-tune",) if wishes.fine_tuned else ()
    way = Way(wishes.backbone, wishes.backbone, tuning, wishes.weights)
    found = try_ways([way], splits_of(wishes))
    page = WriteUp(wishes.name, wishes.title, "python -m benchmarks.photos FOLDER")
    if wishes.about:
        page.say(wishes.about)
    write_trial(page, found)
    page.save()


def splits_of(wishes: argparse.Namespace) -> list[Split]:
    """Return the two folders as the only split, or random splits of the one."""
    photos = photos_by_tag(wishes.folder)
    if wishes.judged:
        some = {tag: files[: wishes.taught] for tag, files in photos.items()}
        judged = photos_by_tag(wishes.judged)
        return [Split(some, {tag: judged[tag] for tag in some})]
    return [split(photos, wishes.taught, None, seed) for seed in range(wishes.splits)]


if __name__ == "__main__":
    main()

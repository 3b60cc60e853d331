"""Cats and dogs from a folder per tag, beside what was published for them.

    python -m benchmarks.cats_and_dogs FOLDER [--vgg16 FILE] [--fine-tuned]
        [--splits 3] [--vgg16-splits 1] [--vgg16-photos 200 150]

FOLDER holds `cat/` and `dog/`. VGG16 takes part where its weights are here: with `manage.py
fetch_backbone vgg16`, or from a file named by `--vgg16`. `--fine-tuned` adds the default network
fine-tuned on the first split, some twenty minutes on two cores.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.site import photos_by_tag
from benchmarks.trial import Result, Way, split, try_ways, write_trial
from benchmarks.written import WriteUp

TAUGHT = 500
PUBLISHED = (
    ("VGG16 frozen", "89.4 %", "half an hour with a GPU"),
    ("VGG16 with its top block fine-tuned (Chollet, *Deep Learning with Python*)", "96.8 %", ""),
)


def main() -> None:
    """Teach and judge every network on the same splits, and write the comparison down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--vgg16", type=Path, metavar="FILE", help="its weights without top")
    parser.add_argument("--fine-tuned", action="store_true", help="fine-tune on the first split")
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--vgg16-splits", type=int, default=1, help="it takes minutes for each")
    parser.add_argument("--vgg16-photos", type=int, nargs=2, metavar="N", help="taught, judged")
    parser.add_argument("--taught", type=int, default=TAUGHT, help="photos of each tag")
    parser.add_argument("--judged", type=int, help="held back of each tag, by default all others")
    options = parser.parse_args()
    photos = photos_by_tag(options.folder)
    splits = [split(photos, options.taught, options.judged, seed) for seed in range(options.splits)]
    tuning = ("--fine-tune",) if options.fine_tuned else ()
    found = try_ways([Way("EfficientNet-Lite0", tuning=tuning)], splits)
    vgg16 = Way("VGG16", "vgg16", weights=options.vgg16)
    taught, judged = options.vgg16_photos or (options.taught, options.judged)
    fewer = [split(photos, taught, judged, seed) for seed in range(options.vgg16_splits)]
    found |= try_ways([vgg16], fewer)
    write_down(found)


def write_down(found: dict[str, list[Result]]) -> None:
    """Write the table, the confusion of each network and what was published."""
    page = WriteUp("cats-and-dogs", "Cats and dogs", "python -m benchmarks.cats_and_dogs FOLDER")
    page.say("Published, on other parts of the same photos:")
    page.table(["what", "right", "time"], PUBLISHED)
    write_trial(page, found)
    page.save()


if __name__ == "__main__":
    main()

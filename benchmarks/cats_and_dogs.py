"""Cats and dogs from a folder per tag, beside what was published for them.

    python -m benchmarks.cats_and_dogs FOLDER [--vgg16 FILE] [--fine-tuned] [--splits 3]

FOLDER holds `cat/` and `dog/`. VGG16 takes part where its weights are here: with `manage.py
fetch_backbone vgg16`, or from a file named by `--vgg16`. `--fine-tuned` adds the default network
fine-tuned on the first split, some twenty minutes on two cores.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.site import photos_by_tag
from benchmarks.trial import HEAD, Result, Way, as_json, row_of, split, together, try_ways
from benchmarks.written import WriteUp, confusion_table

TAUGHT = 500
PUBLISHED = (
    ("VGG16 frozen, 2,000 photos (the Keras blog, 2016)", "89.4 %", "half an hour with a GPU"),
    ("VGG16 with its top block fine-tuned (Chollet, *Deep Learning with Python*)", "96.8 %", ""),
)


def main() -> None:
    """Teach and judge every network on the same splits, and write the comparison down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--vgg16", type=Path, metavar="FILE", help="its weights without top")
    parser.add_argument("--fine-tuned", action="store_true", help="fine-tune on the first split")
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--taught", type=int, default=TAUGHT, help="photos of each tag")
    parser.add_argument("--judged", type=int, help="held back of each tag, by default all others")
    options = parser.parse_args()
    photos = photos_by_tag(options.folder)
    splits = [split(photos, options.taught, options.judged, seed) for seed in range(options.splits)]
    found = try_ways(
        [Way("EfficientNet-Lite0, frozen"), Way("VGG16, frozen", "vgg16", (), options.vgg16)],
        splits,
    )
    if options.fine_tuned:
        tuned = Way("EfficientNet-Lite0, fine-tuned", options=("--fine-tune",))
        found |= try_ways([tuned], splits[:1])
    write_down(found)


def write_down(found: dict[str, list[Result]]) -> None:
    """Write the table, the confusion of each network and what was published."""
    page = WriteUp("cats-and-dogs", "Cats and dogs", "python -m benchmarks.cats_and_dogs FOLDER")
    page.figures["networks"] = {title: as_json(results) for title, results in found.items()}
    page.say(
        "Through `import_folder --curated`, `retrain` and `classify` on photos that were not "
        "imported; right means that the true one of the tags has the higher score."
    )
    page.table(HEAD, [row_of(title, results) for title, results in found.items()])
    page.say("Published, on other parts of the same photos:")
    page.table(["what", "right", "time"], PUBLISHED)
    for title, results in found.items():
        page.say(f"What {title} said, all splits together:")
        page.table(*confusion_table(together(results)))
    page.save()


if __name__ == "__main__":
    main()

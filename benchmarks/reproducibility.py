"""Whether what was learnt can be had again, and whether near-duplicates keep to one side.

Tiles of the textures and photos that scikit-image ships, or the photos of FOLDER (a folder per
tag), are uploaded with three copies of each: half the size, recompressed, and cropped. The first
dataset is frozen before two of the copies arrive, the second after. Then the dataset is compared
with the database, and two processes teach from it. Run with

    python -m benchmarks.reproducibility [FOLDER] [--most N] [--tile PIXELS]
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
from pathlib import Path

from benchmarks.crossing import plant
from benchmarks.planted import TILE, bundled_originals, originals_of_folder
from benchmarks.setting import ROOT, fresh_installation

MOST = 400


def main() -> None:
    """Print a Markdown table of planted copies and what the two proofs of equality say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="photos, a folder per tag")
    parser.add_argument("--most", type=int, default=MOST, help="originals of FOLDER at the most")
    parser.add_argument("--tile", type=int, default=TILE, help="pixels a side of bundled tiles")
    wishes = parser.parse_args()
    with fresh_installation() as installation:
        from gallery.models import User

        owner = User.objects.create_user("planter")
        source = originals_of_folder(wishes.folder, wishes.most) if wishes.folder else None
        counted = plant(owner, list(source or bundled_originals(wishes.tile)))
        print(f"\n{counted.originals} originals, {counted.photos} photos in the dataset\n")
        print(counted.as_table())
        print(
            f"\nOriginals in a group with another original: {counted.joined} "
            f"of {counted.originals} ({counted.joined / counted.originals:.1%})."
        )
        print(verify())
        print(teach_twice(installation / "models_store"))


def verify() -> str:
    """Return what `verify_dataset` says of the newest dataset."""
    from tagging.presets import current_policy
    from training.models import DatasetVersion
    from training.verification import verify_dataset

    dataset = DatasetVersion.objects.latest("pk")
    told = verify_dataset(dataset, current_policy(), "efficientnet_lite0")
    if told.is_identical:
        return f"The dataset taken again has the same manifest: {dataset.sha256[:16]}…"
    return "THE DATASET TAKEN AGAIN DIFFERS: " + " ".join(told.differences)


def teach_twice(store: Path) -> str:
    """Return whether two processes, one after the other, publish the same head and thresholds."""
    told = []
    for _ in range(2):
        subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), "retrain", "--no-promote"],
            cwd=ROOT,
            env=dict(os.environ),
            check=True,
            capture_output=True,
        )
        newest = max((path for path in store.iterdir() if path.name.isdigit()), key=_number)
        files = [newest / name for name in ("head.npz", "thresholds.json", "dataset.json.gz")]
        told.append([hashlib.sha256(path.read_bytes()).hexdigest() for path in files])
    if told[0] == told[1]:
        return f"Two processes taught the same head, to the byte: {told[0][0][:16]}…"
    return "TWO PROCESSES TAUGHT DIFFERENT HEADS"


def _number(path: Path) -> int:
    return int(path.name)


if __name__ == "__main__":
    main()

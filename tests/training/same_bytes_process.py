"""A process of its own: fill an empty database in a shuffled order, retrain, print the hashes."""

from __future__ import annotations

import hashlib
import random
import sys

import django

django.setup()

from django.core.management import call_command  # noqa: E402

from gallery.models import User  # noqa: E402
from tagging.models import ModelVersion, Tag, TwinGroup  # noqa: E402
from tagging.services.curation import curate_import  # noqa: E402
from tagging.services.tags import find_or_create_tag  # noqa: E402
from tests.training.classroom import add_photo, vector_for  # noqa: E402
from training.models import DatasetVersion  # noqa: E402
from training.options import RetrainOptions  # noqa: E402
from training.runner import carry_out  # noqa: E402
from training.services import begin_run  # noqa: E402


def main(seed: int) -> None:
    """Import four tags of made-up photos in the order of the seed, and retrain."""
    shuffle = random.Random(seed).shuffle
    call_command("migrate", verbosity=0)
    for number in range(seed * 3):
        TwinGroup.objects.create()
        find_or_create_tag(name=f"filler {number}")
    owner = User.objects.create_user("owner")
    tags = ["ash", "birch", "cedar", "dogwood"]
    names = [(tag, number) for tag in tags for number in range(30)]
    shuffle(names)
    shuffle(tags)
    for tag in tags:
        find_or_create_tag(name=tag)
    pairs = [
        (add_photo(owner, f"{tag} {number}", vector_for(tag, number, noise=3.0)).pk, tag)
        for tag, number in names
    ]
    curate_import(world_name="trees", pairs=pairs, actor=owner, curated=True)
    options = RetrainOptions()
    run = begin_run(backbone="efficientnet_lite0", options=options.as_json())
    report = carry_out(run, options)
    version = ModelVersion.objects.get(number=report.version)
    print(Tag.objects.get(name="ash").pk, *sorted(pk for pk, _ in pairs)[:1])
    print(DatasetVersion.objects.get().sha256)
    for name in ("dataset.json.gz", "head.npz", "thresholds.json", "golden.npz", "card.md"):
        print(name, hashlib.sha256((version.directory / name).read_bytes()).hexdigest())


main(int(sys.argv[1]))

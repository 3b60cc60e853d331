"""Planted near-duplicates go the way of every upload; what became of them is counted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.planted import COPIES, Original

if TYPE_CHECKING:
    from gallery.models import User
    from training.learning.examples import Examples

WORLD = "planted"
# These come after the first dataset has dealt out its sides, as late copies do in life.
LATE = ("half the size", "cropped by 2.5 % a side")


@dataclass
class Crossing:
    """Counts per kind of copy: planted, in the group of its original, both in the dataset, and
    of these on two sides. `originals` are distinct pictures, `joined` those of them in a group
    with another one, `photos` the size of the dataset."""

    originals: int = 0
    joined: int = 0
    photos: int = 0
    planted: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    found: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    taught: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    crossed: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def as_table(self) -> str:
        """Return the counts as a Markdown table."""
        lines = [
            "| copy | planted | in the group of its original | pairs in the dataset | crossed |",
            "|---|---:|---:|---:|---:|",
        ]
        lines += [
            f"| {kind} | {count} | {self.found[kind]} ({self.found[kind] / count:.1%}) "
            f"| {self.taught[kind]} | {self.crossed[kind]} |"
            for kind, count in self.planted.items()
        ]
        return "\n".join(lines)


def plant(owner: User, originals: Sequence[Original]) -> Crossing:
    """Upload originals and copies, freeze a dataset in between and at the end, and count."""
    from tagging.presets import current_policy
    from training.snapshot import store_snapshot

    hashes = {(each.name, ""): each.as_file() for each in originals}
    early = {
        (each.name, kind): make(each.picture)
        for each in originals
        for kind, make in COPIES.items()
        if kind not in LATE
    }
    late = {(each.name, kind): COPIES[kind](each.picture) for each in originals for kind in LATE}
    tag_of = {each.name: each.tag for each in originals}
    sha256_of = _upload(owner, {**hashes, **early}, tag_of)
    store_snapshot(current_policy(), "efficientnet_lite0")
    sha256_of |= _upload(owner, late, tag_of)
    snapshot, _ = store_snapshot(current_policy(), "efficientnet_lite0")
    return _count(originals, sha256_of, snapshot.examples)


def _upload(
    owner: User, files: dict[tuple[str, str], bytes], tag_of: dict[str, str]
) -> dict[tuple[str, str], str]:
    """Store, embed and sort these photos as an import does; return their SHA-256."""
    from gallery.services.images import store_image
    from tagging.services.curation import curate_import
    from tagging.services.embeddings import embed_images

    stored = {
        key: store_image(
            owner=owner,
            data=data,
            name="photo",
            visibility="private",
            teaches=True,
            announce=False,
        ).image
        for key, data in files.items()
    }
    embed_images(image_ids=[image.pk for image in stored.values()])
    pairs = [(image.pk, tag_of[name]) for (name, _), image in stored.items()]
    curate_import(world_name=WORLD, pairs=pairs, actor=owner, curated=True)
    return {key: image.sha256 for key, image in stored.items()}


def _count(
    originals: Sequence[Original], sha256_of: dict[tuple[str, str], str], examples: Examples
) -> Crossing:
    from tagging.models import Content

    group_of = dict(Content.objects.values_list("sha256", "group_id"))
    side_of = dict(zip(examples.photos, examples.sides, strict=True))
    counted = Crossing(originals=len(originals), photos=len(examples.photos))
    members: dict[int, set[str]] = defaultdict(set)
    for each in originals:
        original = sha256_of[each.name, ""]
        members[group_of[original]].add(original)
        for kind in COPIES:
            copy = sha256_of[each.name, kind]
            counted.planted[kind] += 1
            counted.found[kind] += group_of[copy] == group_of[original]
            if copy in side_of and original in side_of:
                counted.taught[kind] += 1
                counted.crossed[kind] += side_of[copy] != side_of[original]
    counted.joined = sum(len(group) for group in members.values() if len(group) > 1)
    return counted

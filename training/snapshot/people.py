"""Whose photos they are, where the policy counts people: one person per near-duplicate group.

A group belongs to whoever uploaded the first photo of it that is still here; copies that others
uploaded later stay out of datasets. So ten accounts with one photo are one person, whoever copies
can neither take a photo away from its owner nor pull it to another side of the split, and as
nobody is joined with anybody, one account cannot chain a whole site into a single lump.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from gallery.models import Image
from tagging.models import Content
from tagging.policy import Policy
from training.learning.examples import TEST, TRAIN, VALIDATION

# Where a person's groups lie on several sides in equal number, the rarer use wins.
_ORDER = (TEST, VALIDATION, TRAIN)


@dataclass(frozen=True)
class People:
    """Who brought each near-duplicate group, and on which side of the split each person stands."""

    owner_of_group: dict[int, int]
    side_of_owner: dict[int, str]


def counts_people(policy: Policy) -> bool:
    """Return whether anything in the policy depends on who brought a photo."""
    return (
        policy.splits_by_uploader
        or policy.learnable_uploaders > 1
        or policy.most_of_tag < 1
        or policy.most_of_set < 1
    )


def read_people() -> People:
    """Return who brought every known group, photos that are not offered included.

    A person's side is the one on which most of their groups lie: usually the only one, but a site
    that begins to split by uploader has groups on several. Photos on another side then stay out.
    """
    places = {
        sha256: (group_id, side)
        for sha256, group_id, side in Content.objects.values_list(
            "sha256", "group_id", "group__side"
        ).iterator(chunk_size=10_000)
    }
    owner_of_group: dict[int, int] = {}
    sides: dict[int, Counter[str]] = defaultdict(Counter)
    uploads = Image.objects.order_by("created_at", "pk").values_list("sha256", "owner_id")
    for sha256, owner_id in uploads.iterator(chunk_size=10_000):
        group_id, side = places.get(sha256, (None, ""))
        if group_id is not None and group_id not in owner_of_group:
            owner_of_group[group_id] = owner_id
            if side:
                sides[owner_id][side] += 1
    return People(
        owner_of_group=owner_of_group,
        side_of_owner={
            owner_id: max(_ORDER, key=lambda side, counts=counts: counts[side])
            for owner_id, counts in sides.items()
        },
    )

"""Which tags could be learnt at all, and in words what the others still need."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count

from gallery.models import Image
from tagging.models import ImageTag, Tag
from tagging.policy import Policy
from tagging.vocabulary import load_vocabulary
from tagging.words import current_hierarchy

WITHOUT_NEGATIVES = (
    "needs photos that are known not to show it: rejected there, fully tagged, or of an import"
)


class NothingToLearn(Exception):
    """Raised when no tag is learnable yet; `missing` says per tag what it still needs."""

    def __init__(self, missing: dict[str, str]) -> None:
        self.missing = dict(sorted(missing.items()))
        super().__init__(
            "No tag can be learnt yet." if missing else "No curated tag is on any photo yet."
        )


@dataclass(frozen=True)
class Supply:
    """How many curated photos a tag has, those of tags below included, and of how many people."""

    photos: int
    people: int

    def what_is_short(self, policy: Policy) -> str:
        """Return in words what the policy asks for beyond this; empty where it is enough."""
        short = []
        if self.photos < policy.learnable_photos:
            short.append(f"{self.photos} of {policy.learnable_photos} curated photos")
        if self.people < policy.learnable_uploaders and policy.learnable_uploaders > 1:
            short.append(f"from {self.people} of {policy.learnable_uploaders} people")
        return ", ".join(short)


def was_short_of_photos(why: str, policy: Policy) -> bool:
    """Return whether these words of `learnable_candidates` say that photos or people were lacking.

    What `take_snapshot` finds out later (too alike, nothing known against it, cut to fair shares)
    is said in other words: the same photos would be left out again.
    """
    photos = f"of {policy.learnable_photos} curated photos"
    people = f"of {policy.learnable_uploaders} people"
    return why.endswith((photos, people)) and "needs" not in why


def learnable_candidates(policy: Policy) -> tuple[list[str], dict[str, str]]:
    """Return the tags with enough curated photos, and what each other curated tag still needs.

    Photos of the tags below one count towards it. A few small queries: they answer "is there
    anything to do" before anything large is read.
    """
    never = never_shown_names()
    enough, missing = [], {}
    for name, supply in _supplies().items():
        if name in never:
            continue
        short = supply.what_is_short(policy)
        if short:
            missing[name] = short
        else:
            enough.append(name)
    return enough, missing


def never_shown_names() -> frozenset[str]:
    """Return every word that no machine may say: the list of the vocabulary and moderators'."""
    told = Tag.objects.silent().values_list("name", flat=True)
    return load_vocabulary().never_show | frozenset(told)


def _supplies() -> dict[str, Supply]:
    """Return the supply of each tag that people teach, by name in alphabetical order.

    These are the tags on any curated photo, and those that moderators themselves put above
    others. A word that stands above a curated one in the first day's words alone is left to the
    first day's network: it has seen every animal there, and these photos perhaps only cats.
    """
    curated = (
        ImageTag.objects.curated()
        .filter(image__in=Image.objects.teachable(), tag__in=Tag.objects.usable())
        .order_by()
    )
    photos, people = Count("image__sha256", distinct=True), Count("image__owner", distinct=True)
    counted = curated.values("tag__name").annotate(photos=photos, people=people)
    own = {row["tag__name"]: Supply(row["photos"], row["people"]) for row in counted}
    hierarchy = current_hierarchy()
    supplies = {}
    for name in sorted(own.keys() | _parents_by_moderators()):
        below = hierarchy.descendants(name) & own.keys()
        if below:
            family = curated.filter(tag__name__in=below | {name})
            supplies[name] = Supply(**family.aggregate(photos=photos, people=people))
        else:
            supplies[name] = own.get(name, Supply(0, 0))
    return {name: supply for name, supply in supplies.items() if supply.photos}


def _parents_by_moderators() -> frozenset[str]:
    parents = Tag.objects.usable().filter(children__has_own_parents=True)
    return frozenset(parents.values_list("name", flat=True))

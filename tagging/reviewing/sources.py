"""Where questions come from: one cheap look per kind, never a walk through a whole table.

Every function returns a `Draw`, or None where it has nothing that this person has not been asked.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from django.db.models import Exists, Model, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gallery.models import Image, User, Visibility
from tagging.models import (
    ImageTag,
    ReviewCandidate,
    ReviewKind,
    ReviewTask,
    Suggestion,
    Tag,
    TagState,
    Vote,
    VoteValue,
)
from tagging.policy import Policy
from tagging.presets import current_policy
from tagging.vocabulary import load_vocabulary

# The best candidates are as good as each other; taking any of them keeps two people from being
# asked the same at the same moment.
FIRST_FEW: Final = 8
# Rows looked at around a random place. Ids are dense there, so this finds what is common.
WINDOW: Final = 5000
PROBED: Final = 50
# One uncertain question in so many is about a photo of one's own, where there is one: its owner
# knows best, and only they can be asked about a private one.
OWN_PHOTOS: Final = 0.25

# Nobody shall be able to work out what comes next.
CHANCE: Final = random.SystemRandom()

UNSEEN: Final = gettext_lazy(
    "That photo can no longer be shown to you, so the question was passed over."
)

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Draw:
    """A question before it is put: of which kind, and what is known of it that nobody is told."""

    kind: str
    image_id: int
    tag_id: int | None
    version_id: int | None = None
    stratum: str = ""
    truth: str = ""


@dataclass(frozen=True)
class Asker:
    """Who is asked, under which policy, and about which tag (None: any)."""

    person: User
    policy: Policy
    rng: random.Random
    tag: Tag | None = None

    @classmethod
    def of(cls, person: User) -> Asker:
        """Return the person under the policy in force, asked about anything."""
        return cls(person, current_policy(), CHANCE)

    def may_see(self, prefix: str = "") -> Q:
        """Return the photos that this person may be asked about, as a condition on rows.

        Photos on show, and their own private ones, unless nobody decides about their own here.
        `prefix` leads from the rows to the photo, such as `image__`.
        """
        hidden = {f"{prefix}hidden_at": None, f"{prefix}deleted_at": None}
        owner = Q(**{f"{prefix}owner": self.person})
        public = Q(**{f"{prefix}visibility": Visibility.PUBLIC})
        if self.policy.decides_own_photos:
            return (public | owner) & Q(**hidden)
        return public & ~owner & Q(**hidden)

    def may_be_asked_about(self, image: Image) -> bool:
        """Return whether the condition above holds for a photo that was read already."""
        if image.hidden_at is not None or image.deleted_at is not None:
            return False
        is_own = image.owner_id == self.person.pk
        if self.policy.decides_own_photos:
            return is_own or image.visibility == Visibility.PUBLIC
        return not is_own and image.visibility == Visibility.PUBLIC


def askable(rows: QuerySet[Row], asker: Asker, *, again: bool = False) -> QuerySet[Row]:
    """Return those rows with an `image` and a `tag` that this person can be asked about.

    Left out are tags that are blocked, another name, or no machine's to say, whatever was asked
    before, and, unless `again`, what the person has voted on already.
    """
    pair = {"image_id": OuterRef("image_id"), "tag_id": OuterRef("tag_id"), "person": asker.person}
    rows = rows.filter(
        asker.may_see("image__"),
        ~Exists(ReviewTask.objects.filter(**pair)),
        tag__is_blocked=False,
        tag__never_show=False,
        tag__alias_of=None,
    ).exclude(tag__name__in=load_vocabulary().never_show)
    if not again:
        rows = rows.filter(~Exists(Vote.objects.current().filter(**pair)))
    if asker.tag is not None:
        rows = rows.filter(tag=asker.tag)
    return rows


def why_lapsed(task: ReviewTask, asker: Asker) -> str:
    """Return in words why a question that was put cannot be asked any more, or "" where it can."""
    if not asker.may_be_asked_about(task.image):
        return str(UNSEEN)
    tag = task.tag
    if tag is None:
        return ""
    if tag.alias_of is not None:
        told = _("“%(old)s” is called “%(new)s” now; the question was passed over.")
        return told % {"old": tag.name, "new": tag.alias_of.name}
    if tag.is_blocked or tag.never_show:
        told = _("“%(tag)s” is not asked about any more; the question was passed over.")
        return told % {"tag": tag.name}
    return ""


def unsettled(rows: QuerySet[Row]) -> QuerySet[Row]:
    """Return those rows of photo and tag that votes or moderators have not settled yet."""
    pair = {"image_id": OuterRef("image_id"), "tag_id": OuterRef("tag_id")}
    settled = ImageTag.objects.filter(**pair).exclude(state=TagState.PENDING)
    return rows.filter(~Exists(settled))


def find_uncertain(asker: Asker) -> Draw | None:
    """Return what lies near its threshold: from the queue, or an open suggestion."""
    sources = [_from_queue_uncertain, _own_suggestion]
    if asker.rng.random() < OWN_PHOTOS:
        sources.reverse()
    for source in (*sources, _any_suggestion):
        draw = source(asker)
        if draw is not None:
            return draw
    return None


def find_diverse(asker: Asker) -> Draw | None:
    """Return a photo unlike others, with a tag to ask or, half of the time, to be named."""
    sources = [_from_queue_diverse, find_naming]
    asker.rng.shuffle(sources)
    return sources[0](asker) or sources[1](asker)


def find_naming(asker: Asker) -> Draw | None:
    """Return a photo that is like nothing the network has learnt; never for one tag alone."""
    if asker.tag is not None:
        return None
    image = {"image_id": OuterRef("image_id")}
    waiting = ReviewCandidate.objects.filter(
        asker.may_see("image__"),
        ~Exists(ReviewTask.objects.filter(**image, person=asker.person, tag=None)),
        ~Exists(ImageTag.objects.filter(**image).exclude(state=TagState.REJECTED)),
        kind=ReviewKind.NAMING,
    )
    return _one_of(waiting, asker, ReviewKind.NAMING)


def find_suspect(asker: Asker) -> Draw | None:
    """Return a decision that the network doubts; also to who made it, for it may be a slip."""
    decided = ImageTag.objects.filter(
        image_id=OuterRef("image_id"),
        tag_id=OuterRef("tag_id"),
        state__in=[TagState.CURATED, TagState.REJECTED],
    )
    rows = ReviewCandidate.objects.filter(Exists(decided), kind=ReviewKind.SUSPECT)
    return _one_of(askable(rows, asker, again=True), asker, ReviewKind.SUSPECT)


def find_gold(asker: Asker) -> Draw | None:
    """Return a pair that moderators have checked."""
    found = gold_pairs(asker, 1)
    return found[0] if found else None


def gold_pairs(asker: Asker, most: int) -> list[Draw]:
    """Return pairs that moderators other than this person have checked, on others' public photos.

    As many that are there as that are not, where there are, and a coin decides who comes first:
    always saying the same shall not pass for knowing.
    """
    checked = ImageTag.objects.filter(
        is_double_checked=True, image__visibility=Visibility.PUBLIC
    ).exclude(Q(decided_by=asker.person) | Q(image__owner=asker.person))
    truths = [(TagState.CURATED, VoteValue.YES), (TagState.REJECTED, VoteValue.NO)]
    asker.rng.shuffle(truths)
    window = WINDOW if asker.tag is None else None
    found: list[Draw] = []
    for number, (state, truth) in enumerate(truths):
        wanted = most - len(found) if number else (most + 1) // 2
        rows = askable(checked.filter(state=state), asker, again=True)
        near = _near_a_random_place(rows, asker, ("image_id", "tag_id"), window) if wanted else []
        chosen = asker.rng.sample(near, min(wanted, len(near)))
        found += [Draw(ReviewKind.GOLD, photo, tag, truth=truth) for photo, tag in chosen]
    return found


def suggested_pairs(asker: Asker, most: int) -> list[Draw]:
    """Return open suggestions of the asker's tag, the surest first: one walk along an index."""
    rows = askable(unsettled(Suggestion.objects.all()), asker).order_by("-score", "pk")
    pairs = rows.values_list("image_id", "tag_id")[:most]
    return [Draw(ReviewKind.UNCERTAIN, image_id, tag_id) for image_id, tag_id in pairs]


def queued_pairs(asker: Asker, most: int) -> list[Draw]:
    """Return what the queue holds on the asker's tag, the best first."""
    kinds = [ReviewKind.UNCERTAIN, ReviewKind.DIVERSE]
    rows = askable(unsettled(ReviewCandidate.objects.filter(kind__in=kinds)), asker)
    found = rows.order_by("rank", "pk").values_list("kind", "image_id", "tag_id")[:most]
    return [Draw(kind, image_id, tag_id) for kind, image_id, tag_id in found]


def _from_queue_uncertain(asker: Asker) -> Draw | None:
    rows = ReviewCandidate.objects.filter(kind=ReviewKind.UNCERTAIN)
    return _one_of(askable(unsettled(rows), asker), asker, ReviewKind.UNCERTAIN)


def _from_queue_diverse(asker: Asker) -> Draw | None:
    rows = ReviewCandidate.objects.filter(kind=ReviewKind.DIVERSE)
    return _one_of(askable(unsettled(rows), asker), asker, ReviewKind.DIVERSE)


def _own_suggestion(asker: Asker) -> Draw | None:
    """Return an open suggestion on one of the asker's own photos, private ones included."""
    if not asker.policy.decides_own_photos:
        return None
    own = Image.objects.filter(owner=asker.person, hidden_at=None)
    photos = _near_a_random_place(own, asker, ("pk",), window=None)
    said = Suggestion.objects.filter(image__in=[pk for (pk,) in photos])
    rows = askable(unsettled(said), asker).order_by("pk")
    pairs = list(rows.values_list("image_id", "tag_id")[:PROBED])
    return Draw(ReviewKind.UNCERTAIN, *asker.rng.choice(pairs)) if pairs else None


def _any_suggestion(asker: Asker) -> Draw | None:
    """Return an open suggestion from a random place, so that a new site has something to ask."""
    if asker.tag is not None:
        found = suggested_pairs(asker, PROBED)
        return asker.rng.choice(found) if found else None
    rows = askable(unsettled(Suggestion.objects.all()), asker)
    near = _near_a_random_place(rows, asker, ("image_id", "tag_id"))
    return Draw(ReviewKind.UNCERTAIN, *asker.rng.choice(near)) if near else None


def _one_of(rows: QuerySet[ReviewCandidate], asker: Asker, kind: str) -> Draw | None:
    """Return one of the first few in the queue."""
    pairs = list(rows.order_by("rank").values_list("image_id", "tag_id")[:FIRST_FEW])
    return Draw(kind, *asker.rng.choice(pairs)) if pairs else None


def _near_a_random_place(
    rows: QuerySet[Any], asker: Asker, columns: tuple[str, ...], window: int | None = WINDOW
) -> list[tuple[Any, ...]]:
    """Return up to fifty rows that follow a random id; from the lowest one on where none do.

    Not a uniform draw, and cheap: two short walks along the primary key at most. Rows that have an
    index of their own need no `window`.
    """
    ends = ends_of(rows.model)
    if ends is None:
        return []
    for first in (asker.rng.randint(*ends), ends[0]):
        near = rows.filter(pk__gte=first).order_by("pk")
        if window is not None:
            near = near.filter(pk__lt=first + window)
        found = list(near.values_list(*columns)[:PROBED])
        if found:
            return found
    return []


def ends_of(table: type[Model]) -> tuple[int, int] | None:
    """Return the lowest and the highest id of a table, None where it is empty.

    One query that looks at two rows: asked for both in one aggregate, SQLite reads the whole table.
    """
    rows = table._base_manager.order_by("pk")
    lowest = Subquery(rows.values("pk")[:1])
    both = rows.reverse().annotate(lowest=lowest).values_list("lowest", "pk")
    found: tuple[int, int] | None = both.first()
    return found

"""How good the live version is for those who do not know what it said: the blind slice.

Part of what the review page asks is drawn uniformly, stratum by stratum, from pairs of photo and
tag that took no part in teaching and of which nobody had said anything. Nobody sees what the
network thinks of them, so the share of yes among the pairs that it shows is its precision, free
of whatever made people look. Figures on test photos are not: those were chosen to be taught.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from gallery.models import Image, ImageQuerySet
from tagging.estimation import Interval, Sample, stratified_share, wilson_interval
from tagging.models import (
    FullyTagged,
    ImageTag,
    ModelVersion,
    ReviewKind,
    ReviewTask,
    Stratum,
    Suggestion,
    Tag,
    TagState,
    Vote,
    VoteValue,
)
from tagging.presets import current_policy
from tagging.services.reputation import read_weights
from tagging.words import current_words

STRATA = (Stratum.SHOWN, Stratum.OFFERED, Stratum.SILENT)


@dataclass(frozen=True)
class BlindFigures:
    """What blind answers say of one version, shares 0 to 1; a figure nobody can give is None.

    `precision`: how many of the tags that it shows are right. `recall`: how many of the tags that
    are there it shows. `shown_answers` of all `answers` were about shown tags.
    """

    precision: Interval | None
    recall: Interval | None
    shown_answers: int
    answers: int


def blind_figures(version: ModelVersion, *, until: datetime | None = None) -> BlindFigures:
    """Return the figures of a version from its blind answers, in one query; in two where the
    policy weighs votes.

    Yes and no count, "not sure" and unanswered questions do not. Only answers of people whose
    votes weigh anything count, each once: a skilled person's answer is not two people's, and
    accounts that were never tested cannot talk a version down. `until` leaves out what was
    answered later. Recall needs the number of pairs per stratum, which `count_blind_pairs` keeps
    while the version is live.
    """
    answers = list(_answers(version, until))
    weights = read_weights({person_id for _, _, person_id, _ in answers}, current_policy())
    counted = {stratum: [0, 0] for stratum in STRATA}
    for stratum, value, person_id, number in answers:
        if weights[person_id] > 0:
            counted[Stratum(stratum)][0] += number if value == VoteValue.YES else 0
            counted[Stratum(stratum)][1] += number
    strata = {
        str(stratum): Sample(yes, answers, version.blind_pairs.get(str(stratum), 0))
        for stratum, (yes, answers) in counted.items()
    }
    shown = strata[Stratum.SHOWN]
    return BlindFigures(
        precision=wilson_interval(shown.yes, shown.answers),
        recall=stratified_share(strata, Stratum.SHOWN) if version.blind_pairs else None,
        shown_answers=shown.answers,
        answers=sum(sample.answers for sample in strata.values()),
    )


def count_blind_pairs(*, version: ModelVersion) -> dict[str, int]:
    """Write down how many pairs each stratum holds for the live version, and return the numbers.

    Counted are pairs that could be drawn now, and those that were drawn and answered: these had
    been among them. Once another version is live the numbers stay as they are, since suggestions
    no longer tell what this one said.
    """
    tags = spoken_tags(version)
    photos = blind_photos()
    said = Q(image__in=photos, tag__in=tags)
    answered = {
        row["stratum"]: row["number"]
        for row in _blind_tasks(version)
        .exclude(value="")
        .values("stratum")
        .annotate(number=Count("pk"))
    }
    open_pairs = {
        Stratum.SHOWN: _unanswered(Suggestion.objects.filter(said, is_shown=True)).count(),
        Stratum.OFFERED: _unanswered(Suggestion.objects.filter(said, is_shown=False)).count(),
    }
    pairs = photos.count() * tags.count() - _number_of_pairs_said(photos, tags)
    open_pairs[Stratum.SILENT] = max(0, pairs - sum(open_pairs.values()))
    version.blind_pairs = {
        str(stratum): open_pairs[stratum] + answered.get(str(stratum), 0) for stratum in STRATA
    }
    version.save(update_fields=["blind_pairs"])
    return dict(version.blind_pairs)


def blind_photos() -> ImageQuerySet:
    """Return the photos that may be asked about blindly: on show, and no part of any lesson.

    A moderator's decision, an import that sorted the photo, or the mark "fully tagged" made it
    one; there the network has been told the answer.
    """
    decided = ImageTag.objects.filter(
        Q(decided_by__isnull=False) | Q(is_double_checked=True) | Q(state=TagState.CURATED),
        image=OuterRef("pk"),
    )
    worlds = Image.closed_worlds.through.objects.filter(image=OuterRef("pk"))
    marks = FullyTagged.objects.filter(image=OuterRef("pk"))
    return Image.objects.on_show().filter(~Exists(decided), ~Exists(worlds), ~Exists(marks))


def spoken_tags(version: ModelVersion) -> QuerySet[Tag]:
    """Return the tags that the version has learnt and may say, whatever they are called by now."""
    words = current_words()
    names = {words.meaning(label) for label in version.labels} - words.unspoken
    return Tag.objects.usable().filter(name__in=names)


def _unanswered(suggestions: QuerySet[Suggestion]) -> QuerySet[Suggestion]:
    pair = {"image": OuterRef("image_id"), "tag": OuterRef("tag_id")}
    return suggestions.filter(
        ~Exists(ImageTag.objects.filter(**pair)), ~Exists(Vote.objects.current().filter(**pair))
    )


def _number_of_pairs_said(photos: ImageQuerySet, tags: QuerySet[Tag]) -> int:
    """Return on how many of these pairs somebody has said something, "not sure" included."""
    here = {"image__in": photos, "tag__in": tags}
    states = ImageTag.objects.filter(**here)
    pair = {"image": OuterRef("image_id"), "tag": OuterRef("tag_id")}
    bare = Vote.objects.current().filter(**here).filter(~Exists(ImageTag.objects.filter(**pair)))
    return states.count() + bare.values("image_id", "tag_id").distinct().count()


def _blind_tasks(version: ModelVersion) -> QuerySet[ReviewTask]:
    return ReviewTask.objects.filter(
        kind=ReviewKind.BLIND, version=version, stratum__in=[str(stratum) for stratum in STRATA]
    ).order_by()


def _answers(
    version: ModelVersion, until: datetime | None
) -> QuerySet[ReviewTask, tuple[str, str, int, int]]:
    """Return (stratum, value, person, number) of the yes and no answers."""
    answers = _blind_tasks(version).filter(value__in=[VoteValue.YES, VoteValue.NO])
    if until is not None:
        answers = answers.filter(answered_at__lte=until)
    return answers.values_list("stratum", "value", "person_id").annotate(number=Count("pk"))

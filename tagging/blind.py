"""How good the live version is for those who do not know what it said: the blind slice.

Part of what the review page asks is drawn uniformly, stratum by stratum, from pairs of photo and
tag that took no part in teaching and of which nobody had said anything (`tagging.blind_slice`).
Nobody sees what the network thinks of them, so the share of yes among the pairs that it shows is
its precision, free of whatever made people look. Figures on test photos are not: those were
chosen to be taught.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet

from tagging.blind_slice import STRATA, BlindSlice, is_spoken_of, stratum_of
from tagging.estimation import Interval, Sample, stratified_share, wilson_interval
from tagging.models import ModelVersion, ReviewKind, ReviewTask, Stratum, VoteValue
from tagging.policy import Policy
from tagging.services.reputation import read_weights


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


def blind_figures(
    version: ModelVersion, policy: Policy, *, until: datetime | None = None
) -> BlindFigures:
    """Return the figures of a version from its blind answers.

    Yes and no count, "not sure" and unanswered questions do not. Where the policy asks for gold
    tasks first, only answers of people whose votes weigh anything count, each once: a skilled
    person's answer is not two people's. Nobody counts for more than `blind_answers_each` of a
    stratum, so that no single person talks a version up or down. `until` leaves out what was
    answered later. Recall needs the number of pairs per stratum, which `count_blind_pairs` keeps
    while the version is live. One query, with gold tasks two.
    """
    answers = list(_answers(version, until))
    weights = read_weights({person_id for _, _, person_id, _ in answers}, policy)
    said: dict[tuple[str, int], list[int]] = defaultdict(lambda: [0, 0])
    for stratum, value, person_id, number in answers:
        if weights[person_id] > 0:
            said[stratum, person_id][0] += number if value == VoteValue.YES else 0
            said[stratum, person_id][1] += number
    counted = {str(stratum): [0, 0] for stratum in STRATA}
    for (stratum, _), (yes, number) in said.items():
        heard = min(number, policy.blind_answers_each or number)
        counted[stratum][0] += round(yes * heard / number)
        counted[stratum][1] += heard
    strata = {
        stratum: Sample(yes, number, version.blind_pairs.get(stratum, 0))
        for stratum, (yes, number) in counted.items()
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
    whole = BlindSlice.of(version)
    open_pairs = {
        stratum_of(is_shown=is_shown): _count(
            whole.suggested().filter(is_shown=is_shown), whole.tags
        )
        for is_shown in (True, False)
    }
    not_silent = sum(_count(rows, whole.tags) for rows in whole.not_silent())
    open_pairs[Stratum.SILENT] = whole.photos.count() * len(whole.tags) - not_silent
    answered = _count_answered(version)
    version.blind_pairs = {
        str(stratum): open_pairs[stratum] + answered[str(stratum)] for stratum in STRATA
    }
    version.save(update_fields=["blind_pairs"])
    return dict(version.blind_pairs)


def _count(rows: QuerySet[Any], tags: Collection[int]) -> int:
    """Return of how many pairs of a photo and one of these tags the rows speak."""
    wanted = frozenset(tags)
    per_tag = rows.order_by().values_list("tag_id").annotate(Count("image_id", distinct=True))
    return sum(number for tag_id, number in per_tag if tag_id in wanted)


def _count_answered(version: ModelVersion) -> Counter[str]:
    """Return how many pairs of each stratum were answered, each once.

    Where every answer was taken back since, on whatever page, the pair is an open one again.
    """
    answered = _blind_tasks(version).exclude(value="").filter(is_spoken_of())
    pairs = answered.values_list("stratum", "image_id", "tag_id").distinct()
    return Counter(stratum for stratum, _, _ in pairs)


def _blind_tasks(version: ModelVersion) -> QuerySet[ReviewTask]:
    return ReviewTask.objects.filter(
        kind=ReviewKind.BLIND,
        version=version,
        stratum__in=[str(stratum) for stratum in STRATA],
        image__deleted_at=None,
    ).order_by()


def _answers(
    version: ModelVersion, until: datetime | None
) -> QuerySet[ReviewTask, tuple[str, str, int, int]]:
    """Return (stratum, value, person, number) of the yes and no answers."""
    answers = _blind_tasks(version).filter(value__in=[VoteValue.YES, VoteValue.NO])
    if until is not None:
        answers = answers.filter(answered_at__lte=until)
    return answers.values_list("stratum", "value", "person_id").annotate(number=Count("pk"))

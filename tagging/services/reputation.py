"""Reading what people's votes are worth, for many people at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from django.db.models import Count

from tagging.models import ReviewKind, ReviewTask, VoteValue
from tagging.policy import Policy
from tagging.reputation import GoldRecord, voting_weight

_FIELDS = {
    (VoteValue.YES, VoteValue.YES): "present_right",
    (VoteValue.YES, VoteValue.NO): "present_wrong",
    (VoteValue.NO, VoteValue.NO): "absent_right",
    (VoteValue.NO, VoteValue.YES): "absent_wrong",
}


def read_gold_records(people: Collection[int]) -> dict[int, GoldRecord]:
    """Return how these people, given by id, did on gold tasks, in one query.

    Who has answered none has an empty record. An answer of "not sure" is no evidence of either
    kind and is left out.
    """
    answers = (
        ReviewTask.objects.filter(person_id__in=people, kind=ReviewKind.GOLD)
        .values_list("person_id", "truth", "value")
        .annotate(number=Count("pk"))
        .order_by()
    )
    counts: defaultdict[int, dict[str, int]] = defaultdict(dict)
    for person_id, truth, value, number in answers:
        field = _FIELDS.get((truth, value))
        if field is not None:
            counts[person_id][field] = number
    return {person_id: GoldRecord(**counts[person_id]) for person_id in people}


def read_weights(people: Collection[int], policy: Policy) -> dict[int, float]:
    """Return what these people's votes weigh under the policy, in one query or none."""
    if not policy.golds_before_weight:
        return dict.fromkeys(people, 1.0)
    records = read_gold_records(people)
    return {person_id: voting_weight(record, policy) for person_id, record in records.items()}

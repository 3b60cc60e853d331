"""Questions of the review page: what waits is served again, the rest is drawn and stored."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from itertools import zip_longest
from typing import Final

from django.db import IntegrityError
from django.utils import timezone

from gallery.models import User
from tagging.models import ReviewKind, ReviewTask, Tag
from tagging.presets import current_policy
from tagging.reputation import gold_share
from tagging.reviewing import mix, sources
from tagging.reviewing.blind_draw import find_blind
from tagging.reviewing.sources import CHANCE, Asker, Draw, why_lapsed

# The question on the screen and those behind it: the next picture is there before it is needed,
# even for somebody who answers faster than the server.
AHEAD: Final = 3
# Full rows of three on a phone and of six on a desk.
GRID: Final = 18
# A question that nobody came back for may be put anew some other time.
STALE: Final = timedelta(days=1)
# What is read of questions that wait; each grid that was left leaves eighteen.
_MOST_WAITING: Final = 200

_FIND: dict[str, Callable[[Asker], Draw | None]] = {
    mix.GOLD: sources.find_gold,
    mix.UNCERTAIN: sources.find_uncertain,
    mix.DIVERSE: sources.find_diverse,
    mix.SUSPECT: sources.find_suspect,
    mix.BLIND: find_blind,
}


def open_questions(
    *, person: User, tag: Tag | None = None, rng: random.Random = CHANCE
) -> list[ReviewTask]:
    """Return the next questions for this person, up to three, the one to ask now first.

    What waits for an answer is served again; the rest is drawn by the policy's mix and stored.
    What lapsed meanwhile is dropped. Empty where there is nothing left to ask.
    """
    asker = Asker(person, current_policy(), rng, tag)
    waiting = _waiting(asker)
    if tag is None:
        # Many of one tag are a grid that was left: it keeps them, and they do not crowd this page.
        per_tag = Counter(task.tag_id for task in waiting)
        waiting = [task for task in waiting if per_tag[task.tag_id] <= AHEAD]
    asked = waiting[:AHEAD]
    if len(asked) < AHEAD:
        weights = mix.kind_weights(_golds_answered(person), asker.policy)
        while len(asked) < AHEAD and (task := _draw_question(asker, weights)):
            asked.append(task)
    return asked


def grid_questions(*, person: User, tag: Tag, rng: random.Random = CHANCE) -> list[ReviewTask]:
    """Return up to eighteen questions about one tag for one screen, gold tasks among them.

    The surest suggestions and the most doubtful pairs alternate, so that a grid is neither dull
    nor a riddle. Nothing of the blind slice: that is drawn from all tags or not at all.
    """
    asker = Asker(person, current_policy(), rng, tag)
    waiting = _waiting(asker)
    missing = GRID - len(waiting)
    if missing > 0:
        share = gold_share(_golds_answered(person), asker.policy.gold_shares)
        golds = sum(rng.random() < share for _ in range(missing))
        pairs = zip_longest(
            sources.queued_pairs(asker, GRID), sources.suggested_pairs(asker, 2 * GRID)
        )
        others = [draw for pair in pairs for draw in pair if draw is not None]
        draws: dict[int, Draw] = {}
        for draw in [*sources.gold_pairs(asker, golds), *others]:
            draws.setdefault(draw.image_id, draw)
        chosen = list(draws.values())[:missing]
        rng.shuffle(chosen)
        questions = [ReviewTask(person=person, **vars(draw)) for draw in chosen]
        ReviewTask.objects.bulk_create(questions, ignore_conflicts=True)
        waiting = _waiting(asker)
    return waiting[:GRID]


def _golds_answered(person: User) -> int:
    return ReviewTask.objects.filter(person=person, kind=ReviewKind.GOLD).exclude(value="").count()


def _waiting(asker: Asker) -> list[ReviewTask]:
    """Return the open questions that still stand; the others are deleted, nothing was said."""
    rows = ReviewTask.objects.filter(person=asker.person).open().about(asker.tag)
    waiting = list(rows.select_related("image", "tag__alias_of")[:_MOST_WAITING])
    oldest = timezone.now() - STALE
    gone = [task.pk for task in waiting if task.asked_at < oldest or why_lapsed(task, asker)]
    if gone:
        ReviewTask.objects.filter(pk__in=gone, value="").delete()
    return [task for task in waiting if task.pk not in gone]


def _draw_question(asker: Asker, weights: dict[str, float]) -> ReviewTask | None:
    """Return a new stored question; a kind that has nothing leaves its share to the others."""
    for kind in mix.weighted_order(weights, asker.rng):
        draw = _FIND[kind](asker)
        if draw is not None:
            return _store(asker, draw)
    return None


def _store(asker: Asker, draw: Draw) -> ReviewTask | None:
    """Return the question as a row, or None where photo or tag went away in this moment."""
    known = vars(draw)
    pair = {name: known[name] for name in ("image_id", "tag_id")}
    try:
        task, _ = ReviewTask.objects.select_related("image", "tag").get_or_create(
            person=asker.person, **pair, defaults=known
        )
    except IntegrityError:
        return None
    # Another tab may have drawn it, and had it answered, in this moment.
    return None if task.value else task

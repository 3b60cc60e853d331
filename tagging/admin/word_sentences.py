"""What was done to a word, in sentences for moderators."""

from __future__ import annotations

from typing import Any

from tagging.models import Tag, TagChange, TagChangeKind


def describe_change(change: TagChange) -> str:
    """Return what was done, as the sentence beside its undo button."""
    before, after, name = change.before, change.after, f"“{change.tag.name}”"
    match TagChangeKind(change.kind):
        case TagChangeKind.RENAMED:
            return f"“{before['name']}” was renamed to “{after['name']}”."
        case TagChangeKind.MERGED:
            return describe_merge(change)
        case TagChangeKind.ALIASED:
            return f"“{after['name']}” became another name for {name}."
        case TagChangeKind.UNALIASED:
            return f"“{before['name']}” no longer means {name}."
        case TagChangeKind.DESCRIBED:
            text = after["description"]
            return f"{name} was described: {text}" if text else f"{name} lost its description."
        case TagChangeKind.PARENTED:
            return f"{name} was put {_below(after)}."
        case TagChangeKind.BLOCKED:
            return f"{name} was blocked."
        case TagChangeKind.UNBLOCKED:
            return f"{name} may be used again."
        case TagChangeKind.SILENCED:
            return f"The network may never say {name}."
        case TagChangeKind.UNSILENCED:
            return f"The network may say {name} again."


def describe_merge(change: TagChange) -> str:
    """Return what a merge moved, and what moderators have to look at again."""
    into = f"“{change.other.name}”" if change.other else "another tag"
    photos, votes = change.after["photos"], change.after["votes"]
    text = (
        f"“{change.tag.name}” was merged into {into}: {_count(photos, 'photo')}, "
        f"{_count(votes, 'vote')}."
    )
    contradictions = change.after["contradictions"]
    if contradictions:
        text += (
            f" {_count(contradictions, 'photo')} had been decided both ways and "
            f"{'waits' if contradictions == 1 else 'wait'} in the queue again."
        )
    return text


def _below(parents: dict[str, Any]) -> str:
    if not parents["own"]:
        return "where the first day's words put it"
    ids = parents["parents"]
    names = Tag.objects.filter(pk__in=ids).order_by("name").values_list("name", flat=True)
    return "below " + (", ".join(f"“{name}”" for name in names) or "nothing")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

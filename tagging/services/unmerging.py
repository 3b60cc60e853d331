"""Taking a merge back: what has not changed since goes to where it was."""

from __future__ import annotations

from collections.abc import Collection

from gallery.models import User
from tagging.chunks import chunks
from tagging.models import (
    ClosedWorld,
    EventKind,
    ImageTag,
    Tag,
    TagChange,
    TagChangeKind,
    TagEvent,
    Vote,
)
from tagging.services.moving import Record, move_back, pointer_of, restore_rows
from tagging.services.vocabulary import parents_of, write_parents
from tagging.services.word_changes import WordRefused, refuse_cycles, retag_once


def unmerge_tags(*, moderator: User, change: TagChange) -> list[str]:
    """Give back what a merge moved; return in sentences what could not be given back.

    Photos about which somebody said something since keep the tag that they have now, and parents
    that were ordered anew stay. Raises WordRefused where the tag is no other name for that one
    any more, or where another one was merged into it since: that has to be undone first. Must
    run inside `hold_words`.
    """
    source, target = _read_pair(change)
    kept = _photos_spoken_of_since(change)
    moved = change.moved
    source.alias_of = None
    source.is_blocked, source.never_show = change.before["is_blocked"], change.before["never_show"]
    source.save(update_fields=["alias_of", "is_blocked", "never_show"])
    remarks = _count_kept(moved, kept, target)
    for name, rows in moved["rows"].items():
        move_back(pointer_of(name), rows, source, target, kept)
    _revive_votes(moved, kept)
    _restore_states(moved, kept, moderator, source, target)
    _restore_worlds(moved, source, target)
    remarks += _restore_parents(change, source, target)
    refuse_cycles()
    retag_once()
    return remarks


def _read_pair(change: TagChange) -> tuple[Tag, Tag]:
    source = Tag.objects.with_meaning().get(pk=change.tag_id)
    target = change.other
    assert target is not None, "a merge is always into another tag"
    if source.alias_of != target:
        raise WordRefused(
            f"“{source.name}” is no longer another name for “{target.name}”, so that the merge "
            "cannot be undone."
        )
    later = TagChange.objects.filter(
        kind=TagChangeKind.MERGED, other=target, pk__gt=change.pk, undone_at=None
    ).first()
    if later is not None:
        raise WordRefused(
            f"“{later.tag.name}” was merged into “{target.name}” later. Undo that first."
        )
    return source, target


def _photos_spoken_of_since(change: TagChange) -> set[int]:
    since = TagEvent.objects.filter(tag=change.other_id, pk__gt=change.moved["last_event"])
    return set(since.values_list("image_id", flat=True))


def _count_kept(moved: Record, kept: Collection[int], target: Tag) -> list[str]:
    """Return how many of the moved photos stay, in a sentence, or nothing."""
    photos: set[int] = set()
    for name in ("tagging.vote.tag", "tagging.imagetag.tag"):
        model = pointer_of(name).model
        for ids in chunks(moved["rows"][name]["ids"]):
            rows = model._base_manager.filter(pk__in=ids)
            photos.update(rows.values_list("image_id", flat=True))
    staying = len(photos.intersection(kept))
    if not staying:
        return []
    noun, verb = ("photo was", "keeps") if staying == 1 else ("photos were", "keep")
    return [f"{staying} {noun} spoken of since and {verb} “{target.name}”."]


def _revive_votes(moved: Record, kept: Collection[int]) -> None:
    """Make current again what the merge made history."""
    for ids in chunks(moved["retired"]):
        votes = Vote.objects.filter(pk__in=ids).values_list("pk", "image_id")
        free = [pk for pk, image_id in votes if image_id not in kept]
        Vote.objects.filter(pk__in=free).update(replaced_at=None)


def _restore_states(
    moved: Record, kept: Collection[int], moderator: User, source: Tag, target: Tag
) -> None:
    """Give both tags the very states that they had on photos about which both spoke."""
    free = [image_id for image_id in moved["met"] if image_id not in kept]
    for ids in chunks(free):
        ImageTag.objects.filter(image__in=ids, tag__in=[source, target]).delete()
    restore_rows(moved["states"], kept)
    for ids in chunks(moved["reopened"]):
        for event in TagEvent.objects.filter(pk__in=ids).exclude(image__in=kept):
            TagEvent.objects.create(
                image_id=event.image_id,
                tag=target,
                actor=moderator,
                kind=EventKind.UNDONE,
                source="merge",
                undoes=event,
                state_before=event.state_after,
                state_after=event.state_before,
            )


def _restore_worlds(moved: Record, source: Tag, target: Tag) -> None:
    worlds = moved["worlds"]
    for world in ClosedWorld.objects.filter(pk__in=[*worlds["moved"], *worlds["both"]]):
        world.tags.add(source)
        if world.pk in worlds["moved"]:
            world.tags.remove(target)


def _restore_parents(change: TagChange, source: Tag, target: Tag) -> list[str]:
    """Put both tags where they stood, unless moderators have ordered them anew since."""
    remarks = []
    write_parents(tag=source, parents=change.before["parents"])
    if parents_of(target) == change.after["parents_of_target"]:
        write_parents(tag=target, parents=change.before["parents_of_target"])
    else:
        remarks.append(f"What stands above “{target.name}” was changed since and stays.")
    for pk, was_child_of_both in change.moved["children"]:
        child = Tag.objects.filter(pk=pk).first()
        if child is None or child == target:
            continue
        if not child.parents.filter(pk=target.pk).exists():
            remarks.append(f"“{child.name}” was put elsewhere since and stays there.")
            continue
        child.parents.add(source)
        if not was_child_of_both:
            child.parents.remove(target)
    return remarks

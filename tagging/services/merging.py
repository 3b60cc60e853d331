"""Two tags that mean the same become one: all that was said about one is said about the other.

A is merged into B. Votes, events, states, questions, canaries, worlds, parents and children move
to B, and A becomes another name for it. It all happens in one transaction in which nobody else
says anything, and `TagChange.moved` remembers enough to give back what has not changed since.

Where one person voted on both for a photo, the newest vote holds and the other is history. A
moderator's decision outweighs the votes, whichever of the two it was made on. Where moderators
decided both ways on a photo, neither holds: the photo waits in the queue again, marked as one on
which there is no agreement, and the reopening is on record.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists

from gallery.models import User
from gallery.moderation import require_moderator
from tagging.chunks import chunks
from tagging.models import (
    ClosedWorld,
    ImageTag,
    Suggestion,
    Tag,
    TagChange,
    TagChangeKind,
    TagEvent,
    Vote,
)
from tagging.services.ballots import lock_images
from tagging.services.combining import (
    absorb_rows,
    contradictions_between,
    double_votes,
    photos_with_both,
    reopen,
    retire_votes,
    rows_beside,
    settle_photos,
    states_on,
)
from tagging.services.moving import (
    Record,
    move_rows,
    name_of,
    pointers,
)
from tagging.services.tags import find_or_create_tags
from tagging.services.vocabulary import parents_of, write_parents
from tagging.services.word_changes import (
    ORDERING,
    WordRefused,
    record,
    refuse_cycles,
    retag_once,
)
from tagging.services.word_lock import hold_words
from tagging.words import current_hierarchy


@dataclass(frozen=True)
class MergePreview:
    """What a merge would move: photos that carry the tag, photos that carry both, current votes,
    people's votes that meet another of their own, and photos decided both ways."""

    photos: int
    shared_photos: int
    votes: int
    double_votes: int
    contradictions: int


def preview_merge(*, tag: Tag, into: Tag) -> MergePreview:
    """Return what merging would move; raises WordRefused like `merge_tags`, but for cycles."""
    source, target = _read_pair(tag, into)
    rows = ImageTag.objects.filter(tag=source)
    shared = rows.filter(Exists(rows_beside(target)))
    return MergePreview(
        photos=rows.count(),
        shared_photos=shared.count(),
        votes=Vote.objects.current().filter(tag=source).count(),
        double_votes=double_votes(source, target).count(),
        contradictions=len(contradictions_between(source, target)),
    )


def merge_tags(*, moderator: User, tag: Tag, into: Tag) -> TagChange:
    """Make `tag` another name for `into`, with everything that was said about it.

    An alias as `into` counts as the tag that it means. The network is asked anew afterwards.
    Raises PermissionDenied where the person is no moderator, WordRefused for a merge of a tag
    into itself, of what is an alias already and into a blocked tag, and CycleError where the
    tag would stand above itself afterwards (a child and its own parent may be merged).
    """
    require_moderator(moderator, ORDERING)
    with hold_words():
        source, target = _read_pair(tag, into)
        preview = preview_merge(tag=source, into=target)
        before = {
            "parents": parents_of(source),
            "parents_of_target": parents_of(target),
            "is_blocked": source.is_blocked,
            "never_show": source.never_show,
        }
        moved = _move_photos(source, target, moderator)
        moved["worlds"] = _move_worlds(source, target)
        moved["children"] = _move_parents(source, target)
        Suggestion.objects.filter(tag=source).delete()
        _become_alias(source, target)
        refuse_cycles()
        moved["last_event"] = _last_event(target)
        retag_once()
        return record(
            moderator=moderator,
            kind=TagChangeKind.MERGED,
            tag=source,
            other=target,
            before=before,
            after={**vars(preview), "parents_of_target": parents_of(target)},
            moved=moved,
        )


def _read_pair(tag: Tag, into: Tag) -> tuple[Tag, Tag]:
    """Return both tags as they are now, or raise WordRefused with what stands against it."""
    source = Tag.objects.with_meaning().get(pk=tag.pk)
    target = Tag.objects.with_meaning().get(pk=into.pk)
    if source.alias_of is not None:
        raise WordRefused(
            f"“{source.name}” is another name for “{source.alias_of.name}” already. Merge that "
            "tag, or take the name away from it first."
        )
    if target == source:
        raise WordRefused(f"“{source.name}” cannot be merged into itself.")
    if target.alias_of == source:
        raise WordRefused(
            f"“{target.name}” is another name for “{source.name}”. Rename the tag instead."
        )
    target = target.meaning
    if target.is_blocked:
        raise WordRefused(
            f"“{target.name}” is blocked: people's photos would vanish in it. Unblock it first."
        )
    return source, target


def _move_photos(source: Tag, target: Tag, moderator: User) -> Record:
    """Move what was said about photos; return what is needed to give it back."""
    met = photos_with_both(source, target)
    for ids in chunks(sorted(met)):
        lock_images(ids, with_trash=True)
    contradictions = contradictions_between(source, target)
    moved: Record = {
        "met": sorted(met),
        "retired": retire_votes(source, target),
        "states": states_on(met, source, target),
        "reopened": reopen(contradictions, target, moderator),
    }
    absorb_rows(source, target, contradictions)
    moved["rows"] = {name_of(pointer): move_rows(pointer, source, target) for pointer in pointers()}
    settle_photos(met, target, reopened=contradictions)
    return moved


def _move_worlds(source: Tag, target: Tag) -> Record:
    """Put the target in the source's place in closed worlds; return their ids."""
    worlds = list(ClosedWorld.objects.filter(tags=source))
    with_both = set(ClosedWorld.objects.filter(tags=target).values_list("pk", flat=True))
    for world in worlds:
        world.tags.remove(source)
        world.tags.add(target)
    ids = {world.pk for world in worlds}
    return {"moved": sorted(ids - with_both), "both": sorted(ids & with_both)}


def _move_parents(source: Tag, target: Tag) -> list[list[int | bool]]:
    """Put the target below what the source stood below, and above what it stood above.

    The edge between the two goes. Return the source's children, and of each whether it was one of
    the target's too.
    """
    hierarchy = current_hierarchy()
    if source.has_own_parents or target.has_own_parents:
        nothing: frozenset[str] = frozenset()
        names = hierarchy.parents.get(source.name, nothing) | hierarchy.parents.get(
            target.name, nothing
        )
        above = find_or_create_tags(names=names - {source.name, target.name}).values()
        ids = sorted({tag.pk for tag in above} - {source.pk, target.pk})
        write_parents(tag=target, parents={"own": True, "parents": ids})
    write_parents(tag=source, parents={"own": False, "parents": []})
    children = []
    for child in list(source.children.all()):
        children.append([child.pk, child.parents.filter(pk=target.pk).exists()])
        child.parents.remove(source)
        if child != target:
            child.parents.add(target)
    return children


def _become_alias(source: Tag, target: Tag) -> None:
    source.alias_of = target
    source.is_blocked = source.never_show = False
    source.save(update_fields=["alias_of", "is_blocked", "never_show"])


def _last_event(tag: Tag) -> int:
    newest = TagEvent.objects.filter(tag=tag).order_by("-pk").values_list("pk", flat=True)
    return newest.first() or 0

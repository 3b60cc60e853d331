"""Undoing what moderators did to a word. Undoing an undo is simply doing it again."""

from __future__ import annotations

from collections.abc import Callable

from django.utils import timezone

from gallery.models import User
from gallery.moderation import require_moderator
from tagging.models import Tag, TagChange, TagChangeKind
from tagging.services.tags import name_tag
from tagging.services.unmerging import unmerge_tags
from tagging.services.vocabulary import exchange_names, parents_of, write_parents
from tagging.services.word_changes import ORDERING, WordRefused, refuse_cycles, retag_once
from tagging.services.word_lock import hold_words


def undo_change(*, moderator: User, change: TagChange) -> list[str]:
    """Restore what held before the change; return in sentences what could not be given back.

    Raises PermissionDenied where the person is no moderator, WordRefused where the change was
    undone already or no longer holds, and CycleError where a tag would stand above itself.
    """
    require_moderator(moderator, ORDERING)
    with hold_words():
        change = TagChange.objects.select_related("tag", "other").get(pk=change.pk)
        if change.undone_at is not None:
            raise WordRefused("This has been undone already.")
        if change.kind == TagChangeKind.MERGED:
            remarks = unmerge_tags(moderator=moderator, change=change)
        else:
            remarks = []
            _restore(change, moderator)
        change.undone_at, change.undone_by = timezone.now(), moderator
        change.save(update_fields=["undone_at", "undone_by"])
        return remarks


def _restore(change: TagChange, moderator: User) -> None:
    """Undo anything but a merge."""
    if change.tag.alias_of_id is not None:
        raise WordRefused(f"“{change.tag.name}” is only another name by now. Undo the merge first.")
    restore = _RESTORE.get(TagChangeKind(change.kind), _restore_column)
    restore(change, moderator)
    refuse_cycles()
    if change.kind not in (TagChangeKind.DESCRIBED, TagChangeKind.RENAMED):
        retag_once()


def _restore_column(change: TagChange, _moderator: User) -> None:
    """Give a column its earlier value: blocked, never shown, or the description."""
    ((column, before),) = change.before.items()
    if getattr(change.tag, column) != change.after[column]:
        raise WordRefused("This has been changed since, so that it cannot be undone.")
    setattr(change.tag, column, before)
    change.tag.save(update_fields=[column])


def _restore_name(change: TagChange, _moderator: User) -> None:
    """Give the tag its earlier name; the later one goes on leading to it."""
    before, after = change.before["name"], change.after["name"]
    if change.tag.name != after:
        raise WordRefused(f"The tag is called “{change.tag.name}” by now.")
    if not change.tag.aliases.filter(name=before).exists():
        raise WordRefused(f"“{before}” is no other name for “{after}” any more.")
    exchange_names(tag=change.tag, name=before)


def _take_alias_away(change: TagChange, _moderator: User) -> None:
    name = change.after["name"]
    if not change.tag.aliases.filter(name=name).update(alias_of=None):
        raise WordRefused(f"“{name}” is no other name for “{change.tag.name}” any more.")


def _give_alias_back(change: TagChange, moderator: User) -> None:
    name, tag = change.before["name"], change.tag
    word = Tag.objects.with_meaning().filter(name=name).first()
    if word is not None and word.alias_of is not None:
        raise WordRefused(f"“{name}” is another name for “{word.alias_of.name}” by now.")
    if word is not None and not (word != tag and word.is_mere_word()):
        raise WordRefused(
            f"“{name}” is a tag of its own by now. Merge it into “{tag.name}” instead."
        )
    name_tag(name=name, tag=tag, created_by=moderator)


def _restore_parents(change: TagChange, _moderator: User) -> None:
    if parents_of(change.tag) != change.after:
        raise WordRefused("Its parents have been changed since, so that this cannot be undone.")
    write_parents(tag=change.tag, parents=change.before)


_RESTORE: dict[TagChangeKind, Callable[[TagChange, User], None]] = {
    TagChangeKind.RENAMED: _restore_name,
    TagChangeKind.ALIASED: _take_alias_away,
    TagChangeKind.UNALIASED: _give_alias_back,
    TagChangeKind.PARENTED: _restore_parents,
}

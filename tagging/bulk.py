"""What this room can do to a selection of photos: put a tag on them, or take one off."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gallery.bulk import BulkAction, BulkDeed, BulkRefused, register_bulk_action
from tagging.names import TagNameError, normalise_tag_name
from tagging.services.many_votes import add_tag_to_many, remove_tag_from_many
from tagging.services.tags import TagBlockedError, find_tag


def _add(deed: BulkDeed) -> int:
    try:
        return add_tag_to_many(person=deed.by, image_ids=deed.ids, name=_word_of(deed))
    except (TagNameError, TagBlockedError) as problem:
        raise BulkRefused(str(problem)) from problem


def _remove(deed: BulkDeed) -> int:
    try:
        tag = find_tag(normalise_tag_name(_word_of(deed)))
    except TagNameError as problem:
        raise BulkRefused(str(problem)) from problem
    if tag is None or tag.is_blocked:
        raise BulkRefused(_("There is no tag “%(word)s”.") % {"word": deed.word[:64]})
    return remove_tag_from_many(person=deed.by, image_ids=deed.ids, tag=tag)


def _word_of(deed: BulkDeed) -> str:
    if not deed.word:
        raise BulkRefused(_("Which tag? Please write it beside the menu."))
    return deed.word


def register_tag_actions() -> None:
    """Put the two at the end of the menu of every selection."""
    register_bulk_action(BulkAction("tag-add", gettext_lazy("Add a tag"), _add, takes_word=True))
    register_bulk_action(
        BulkAction("tag-remove", gettext_lazy("Remove a tag"), _remove, takes_word=True)
    )

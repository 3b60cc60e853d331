"""Finding and making tags."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import IntegrityError, transaction

from gallery.models import User
from tagging.models import Tag
from tagging.names import normalise_tag_name, numbered_slug, tag_slug

# Each attempt loses only to somebody else's success, so a handful is already unlikely.
_ATTEMPTS = 10


class TagBlockedError(ValueError):
    """A moderator blocked this tag; the message says so to a person."""

    def __init__(self, tag: Tag) -> None:
        super().__init__(f"The tag “{tag.name}” is blocked here and cannot be used.")
        self.tag = tag


def find_or_create_tag(*, name: str, created_by: User | None = None) -> Tag:
    """Return the tag of this name, made now if nobody used it before.

    The name is normalised first. Safe when two people coin the same word, or two words with the
    same address, at the same moment. Raises TagNameError for an impossible name and
    TagBlockedError for a blocked tag.
    """
    wanted = normalise_tag_name(name)
    tag = Tag.objects.filter(name=wanted).first() or _create_tag(wanted, created_by)
    if tag.is_blocked:
        raise TagBlockedError(tag)
    return tag


def find_or_create_tags(*, names: Iterable[str], created_by: User | None = None) -> dict[str, Tag]:
    """Return the tags of many names by normalised name, blocked ones included.

    For imports and vocabularies: one query for those that exist. New ones are made in
    alphabetical order, so that two such calls never wait for each other crosswise.
    """
    wanted = sorted({normalise_tag_name(name) for name in names})
    tags: dict[str, Tag] = {}
    for start in range(0, len(wanted), 500):
        for tag in Tag.objects.filter(name__in=wanted[start : start + 500]):
            tags[tag.name] = tag
    for name in wanted:
        if name not in tags:
            tags[name] = _create_tag(name, created_by)
    return tags


def _create_tag(name: str, created_by: User | None) -> Tag:
    """Return a new tag, or the one that somebody else made in the meantime."""
    base = tag_slug(name)
    for _ in range(_ATTEMPTS):
        taken = set(Tag.objects.filter(slug__startswith=base).values_list("slug", flat=True))
        try:
            with transaction.atomic():
                return Tag.objects.create(
                    name=name, slug=numbered_slug(base, taken), created_by=created_by
                )
        except IntegrityError:
            existing = Tag.objects.filter(name=name).first()
            if existing is not None:
                return existing
    raise IntegrityError(f"No free address was found for the tag “{name}”.")

"""Finding and making tags."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.db.models.functions import Coalesce
from django.utils.translation import gettext

from gallery.models import User
from tagging.chunks import chunks
from tagging.models import Tag
from tagging.names import normalise_tag_name, numbered_slug, tag_slug

# Each attempt loses only to somebody else's success, so a handful is already unlikely.
_ATTEMPTS = 10


class TagBlockedError(ValueError):
    """A moderator blocked this tag; the message says so to a person."""

    def __init__(self, tag: Tag) -> None:
        sentence = gettext("The tag “%(tag)s” is blocked here and cannot be used.")
        super().__init__(sentence % {"tag": tag.name})
        self.tag = tag


def find_or_create_tag(*, name: str, created_by: User | None = None) -> Tag:
    """Return the tag that this name means, made now if nobody used it before.

    The name is normalised first. Safe when two people coin the same word, or two words with the
    same address, at the same moment. Raises TagNameError for an impossible name and
    TagBlockedError for a blocked tag.
    """
    wanted = normalise_tag_name(name)
    tag = find_tag(wanted) or _create_tag(wanted, created_by).meaning
    if tag.is_blocked:
        raise TagBlockedError(tag)
    return tag


def find_tag(name: str) -> Tag | None:
    """Return the tag that this normalised name means, if there is one."""
    found = Tag.objects.with_meaning().filter(name=name).first()
    return found and found.meaning


def find_or_create_tags(*, names: Iterable[str], created_by: User | None = None) -> dict[str, Tag]:
    """Return the tags that many names mean, by normalised name, blocked ones included.

    For imports and vocabularies: one query for those that exist. New ones are made in
    alphabetical order, so that two such calls never wait for each other crosswise.
    """
    wanted = sorted({normalise_tag_name(name) for name in names})
    tags: dict[str, Tag] = {}
    for some in chunks(wanted):
        for tag in Tag.objects.with_meaning().filter(name__in=some):
            tags[tag.name] = tag.meaning
    for name in wanted:
        if name not in tags:
            tags[name] = _create_tag(name, created_by).meaning
    return tags


def ids_of_tags(*, names: Iterable[str]) -> dict[str, int]:
    """Return the ids of the tags that these normalised names mean; missing tags are made.

    Like `find_or_create_tags` without a model per tag, for what is asked very often.
    """
    wanted = sorted(set(names))
    found: dict[str, int] = {}
    for some in chunks(wanted):
        meaning = Coalesce("alias_of_id", "pk")
        found.update(Tag.objects.filter(name__in=some).values_list("name", meaning))
    missing = [name for name in wanted if name not in found]
    if missing:
        found |= {name: tag.pk for name, tag in find_or_create_tags(names=missing).items()}
    return found


def usable_tag(tag: Tag) -> Tag:
    """Return what the tag means by now; raise TagBlockedError where that is blocked.

    A page may have been open since before a merge. Ask inside a transaction, after `keep_words`.
    """
    present = Tag.objects.with_meaning().get(pk=tag.pk).meaning
    if present.is_blocked:
        raise TagBlockedError(present)
    return present


def meanings_of(tag_ids: Iterable[int]) -> dict[int, int]:
    """Return what those of these tags mean by now that have become other names, by id."""
    renamed = Tag.objects.filter(pk__in=set(tag_ids), alias_of__isnull=False)
    return dict(renamed.values_list("pk", "alias_of_id"))


def name_tag(*, name: str, tag: Tag, created_by: User | None) -> Tag:
    """Let a normalised name mean this tag and return its row, made now if there is none.

    The name must be nobody's, or a mere word; see `Tag.is_mere_word`.
    """
    word = Tag.objects.filter(name=name).first()
    if word is None:
        return Tag.objects.create(
            name=name, slug=free_slug(name), alias_of=tag, created_by=created_by
        )
    word.alias_of = tag
    word.save(update_fields=["alias_of"])
    word.suggestions.all().delete()
    return word


def free_slug(name: str) -> str:
    """Return an address for a normalised name that no tag has yet."""
    base = tag_slug(name)
    taken = Tag.objects.filter(slug__startswith=base).values_list("slug", flat=True)
    return numbered_slug(base, set(taken))


def _create_tag(name: str, created_by: User | None) -> Tag:
    """Return a new tag, or the one that somebody else made in the meantime."""
    for _ in range(_ATTEMPTS):
        slug = free_slug(name)
        try:
            with transaction.atomic():
                return Tag.objects.create(name=name, slug=slug, created_by=created_by)
        except IntegrityError:
            existing = Tag.objects.with_meaning().filter(name=name).first()
            if existing is not None:
                return existing
    raise IntegrityError(f"No free address was found for the tag “{name}”.")

"""What moderators do to a word itself. Each deed is written down and can be undone.

Rows of tags are never deleted: datasets and versions remember names, and links lead to them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gallery.models import User
from tagging.models import Tag, TagChange, TagChangeKind
from tagging.names import normalise_tag_name
from tagging.services.tags import free_slug, name_tag
from tagging.services.word_changes import (
    WordRefused,
    ordering,
    record,
    refuse_cycles,
    retag_once,
)
from tagging.vocabulary import load_vocabulary
from tagging.words import current_hierarchy

LONGEST_DESCRIPTION = 300


def rename_tag(*, moderator: User, tag: Tag, name: str) -> TagChange | None:
    """Give the tag another name and address; the old ones go on leading to it as an alias.

    None where it is called that already. Renaming to one of its own other names swaps the two.
    Raises TagNameError for an impossible name, WordRefused where another tag has it, and
    CycleError where the first day's words have put that name above or below the tag.
    """
    wanted = normalise_tag_name(name)
    with ordering(moderator, tag) as present:
        if present.name == wanted:
            return None
        _refuse_taken(wanted, present)
        before = {"name": present.name}
        exchange_names(tag=present, name=wanted)
        refuse_cycles()
        return record(
            moderator=moderator,
            kind=TagChangeKind.RENAMED,
            tag=present,
            before=before,
            after={"name": wanted},
        )


def exchange_names(*, tag: Tag, name: str) -> None:
    """Give the tag this normalised name and leave its present one with an alias.

    Nothing else may have the name but an alias of this very tag, or a mere word. Must run inside
    `hold_words`.
    """
    old_name, old_slug = tag.name, tag.slug
    is_known = Tag.objects.filter(name=name).exists()
    alias = name_tag(name=name, tag=tag, created_by=None) if is_known else None
    new_slug = alias.slug if alias else free_slug(name)
    if alias is not None:
        # Names and addresses are unique at every moment; no tag can be called "<…>".
        Tag.objects.filter(pk=alias.pk).update(name=f"<{alias.pk}>", slug=f"<{alias.pk}>")
    tag.name, tag.slug = name, new_slug
    tag.save(update_fields=["name", "slug"])
    if alias is None:
        Tag.objects.create(name=old_name, slug=old_slug, alias_of=tag)
    else:
        Tag.objects.filter(pk=alias.pk).update(name=old_name, slug=old_slug)


def add_alias(*, moderator: User, tag: Tag, name: str) -> TagChange:
    """Let a further name mean this tag.

    Raises TagNameError for an impossible name, and WordRefused for the tag's own name, a name
    that means something already, and another tag's name: the two can be merged. Raises
    CycleError where the first day's words have put the name above or below the tag.
    """
    wanted = normalise_tag_name(name)
    with ordering(moderator, tag) as present:
        if wanted == present.name:
            raise WordRefused(f"“{wanted}” cannot be another name for itself.")
        if present.aliases.filter(name=wanted).exists():
            raise WordRefused(f"“{wanted}” is another name for “{present.name}” already.")
        _refuse_taken(wanted, present)
        name_tag(name=wanted, tag=present, created_by=moderator)
        # The first day's words may have put the name somewhere above or below.
        refuse_cycles()
        retag_once()
        return record(
            moderator=moderator,
            kind=TagChangeKind.ALIASED,
            tag=present,
            before={},
            after={"name": wanted},
        )


def remove_alias(*, moderator: User, tag: Tag, name: str) -> TagChange:
    """Let this name mean the tag no longer: from now on it stands for itself.

    Raises TagNameError for an impossible name and WordRefused where it is no other name for the
    tag.
    """
    wanted = normalise_tag_name(name)
    with ordering(moderator, tag) as present:
        alias = present.aliases.filter(name=wanted).first()
        if alias is None:
            raise WordRefused(f"“{wanted}” is no other name for “{present.name}”.")
        alias.alias_of = None
        alias.save(update_fields=["alias_of"])
        refuse_cycles()
        retag_once()
        return record(
            moderator=moderator,
            kind=TagChangeKind.UNALIASED,
            tag=present,
            before={"name": alias.name},
            after={},
        )


def set_parents(*, moderator: User, tag: Tag, parents: Iterable[Tag] | None) -> TagChange | None:
    """Put the tag below these, and below nothing else; None where it stands there already.

    Without `parents` (None, not an empty list) what the first day's words say holds again. Other
    names count as the tags that they mean. Raises CycleError where the tag would stand above
    itself.
    """
    with ordering(moderator, tag) as present:
        before = parents_of(present)
        chosen = _present_tags(parents or ())
        after = {"own": parents is not None, "parents": sorted(chosen)}
        if before == after:
            return None
        if parents is not None:
            names = frozenset(one.name for one in chosen.values())
            current_hierarchy().with_parents(present.name, names)
        write_parents(tag=present, parents=after)
        retag_once()
        return record(
            moderator=moderator,
            kind=TagChangeKind.PARENTED,
            tag=present,
            before=before,
            after=after,
        )


def parents_of(tag: Tag) -> dict[str, Any]:
    """Return whether moderators have set the parents of a tag, and their ids, as kept in books."""
    ids = sorted(tag.parents.values_list("pk", flat=True))
    return {"own": tag.has_own_parents, "parents": ids}


def write_parents(*, tag: Tag, parents: dict[str, Any]) -> None:
    """Make the parents of a tag what `parents_of` returned once."""
    tag.parents.set(Tag.objects.filter(pk__in=parents["parents"]))
    tag.has_own_parents = parents["own"]
    tag.save(update_fields=["has_own_parents"])


def describe_tag(*, moderator: User, tag: Tag, description: str) -> TagChange | None:
    """Say in a sentence or two what counts as this; None where that is said already.

    Raises WordRefused for more than 300 characters.
    """
    text = " ".join(description.split())
    if len(text) > LONGEST_DESCRIPTION:
        raise WordRefused(
            f"This description has {len(text)} characters; {LONGEST_DESCRIPTION} are the most."
        )
    return _set(moderator, tag, "description", text, TagChangeKind.DESCRIBED)


def block_tag(*, moderator: User, tag: Tag) -> TagChange | None:
    """Take the tag out of use for people and network alike; None where it is blocked already."""
    return _set(moderator, tag, "is_blocked", True, TagChangeKind.BLOCKED)


def unblock_tag(*, moderator: User, tag: Tag) -> TagChange | None:
    """Let the tag be used again; None where it is not blocked."""
    return _set(moderator, tag, "is_blocked", False, TagChangeKind.UNBLOCKED)


def silence_tag(*, moderator: User, tag: Tag) -> TagChange | None:
    """Keep the network from ever saying this; None where it is kept from it already."""
    return _set(moderator, tag, "never_show", True, TagChangeKind.SILENCED)


def unsilence_tag(*, moderator: User, tag: Tag) -> TagChange | None:
    """Let the network say this if it is sure enough; None where it may already.

    Raises WordRefused for a word of the list that comes with eyes.
    """
    if tag.name in load_vocabulary().never_show:
        raise WordRefused(
            f"“{tag.name}” is on the list of words that no machine may say. The list comes with "
            "eyes and stays."
        )
    return _set(moderator, tag, "never_show", False, TagChangeKind.UNSILENCED)


def _set(
    moderator: User, tag: Tag, field: str, value: Any, kind: TagChangeKind
) -> TagChange | None:
    """Change one column of a tag and write it down; None where it has the value already."""
    with ordering(moderator, tag) as present:
        before = getattr(present, field)
        if before == value:
            return None
        setattr(present, field, value)
        present.save(update_fields=[field])
        if kind != TagChangeKind.DESCRIBED:
            retag_once()
        return record(
            moderator=moderator,
            kind=kind,
            tag=present,
            before={field: before},
            after={field: value},
        )


def _present_tags(tags: Iterable[Tag]) -> dict[int, Tag]:
    """Return the tags that these mean now, by id."""
    rows = Tag.objects.with_meaning().filter(pk__in=[tag.pk for tag in tags])
    return {tag.meaning.pk: tag.meaning for tag in rows}


def _refuse_taken(name: str, tag: Tag) -> None:
    """Raise WordRefused where the name belongs to anything but this tag."""
    taken = Tag.objects.with_meaning().filter(name=name).first()
    if taken is None or taken.meaning == tag or taken.is_mere_word():
        return
    if taken.alias_of is not None:
        raise WordRefused(
            f"“{name}” is another name for “{taken.alias_of.name}”. Take it away there first."
        )
    raise WordRefused(f"There is a tag “{name}” already. Merge the two instead.")

"""What people decide about two photos of theirs that look alike, and taking it back."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from gallery.models import Album, AlbumPhoto, Image, User
from gallery.services.trash import restore_from_trash, trash_images
from tagging.models import (
    Content,
    ImageTag,
    Tag,
    TagEvent,
    TagState,
    TwinChoice,
    TwinDecision,
    Vote,
    VoteValue,
)
from tagging.services.tags import TagBlockedError
from tagging.services.votes import NothingToUndoError, cast_vote, undo_event

# Words that an empty field of the kept photo takes over.
WORDS: Final = ("title", "description", "alt")


class NoTwinsError(ValueError):
    """These two are not (or no longer) two photos of one owner that look alike."""


@transaction.atomic
def keep_both(*, one: int, other: int, by: User) -> TwinChoice:
    """Return the decision that these photos (ids) both stay; a second click makes no second one.

    Raises NoTwinsError.
    """
    kept, beside = _lock_twins(one, other, by)
    known = _standing(by, TwinDecision.KEEP_BOTH, {kept.pk, beside.pk})
    return known or TwinChoice.objects.create(
        owner=by, kept=kept, other=beside, decision=TwinDecision.KEEP_BOTH
    )


@transaction.atomic
def merge_twins(*, kept: int, other: int, by: User) -> TwinChoice:
    """Let one photo (id) stand for both and return the decision, with what `undo_choice` needs.

    The kept photo gets the tags that the owner gave to the other or a moderator approved there,
    as the owner's votes; its places in albums; and its words where the kept one has none. Likes
    and comments stay with the other, which goes to the trash. What is merged already is returned
    as it is. Raises NoTwinsError.
    """
    # Locked first, so that a double click waits here and then finds what the first one did.
    list(User.objects.filter(pk=by.pk).select_for_update(no_key=True).values_list("pk"))
    done = _standing(by, TwinDecision.MERGE, {kept, other})
    if done is not None and Image.with_trash.in_trash().filter(pk=done.other_id).exists():
        return done
    into, gone = _lock_twins(kept, other, by)
    given = {
        "tags": _give_tags(into, gone, by),
        **_give_places(into, gone),
        "words": _give_words(into, gone),
    }
    trash_images(images=Image.with_trash.filter(pk=gone.pk), by=by)
    return TwinChoice.objects.create(
        owner=by, kept=into, other=gone, decision=TwinDecision.MERGE, given=given
    )


@transaction.atomic
def undo_choice(*, choice: TwinChoice, by: User) -> TwinChoice:
    """Return the decision taken back: both photos are as before; a second undo changes nothing.

    What people did to the kept photo since then stays.
    """
    locked = TwinChoice.objects.select_for_update().get(pk=choice.pk, owner=by)
    if locked.undone_at is not None:
        return locked
    if locked.decision == TwinDecision.MERGE:
        restore_from_trash(images=Image.with_trash.filter(pk=locked.other_id), by=by)
        _take_back(locked, by)
    locked.undone_at = timezone.now()
    locked.save(update_fields=["undone_at"])
    return locked


def _lock_twins(one: int, other: int, by: User) -> tuple[Image, Image]:
    """Return both photos, locked in order of id; raise NoTwinsError unless they are twins."""
    rows = Image.objects.filter(owner=by, pk__in={one, other}).order_by("pk")
    images = {image.pk: image for image in rows.select_for_update(of=("self",))}
    if len(images) != 2:
        raise NoTwinsError(_("One of these photos is not there any more."))
    hashes = [image.sha256 for image in images.values()]
    groups = Content.objects.filter(sha256__in=hashes).values_list("group_id", flat=True)
    if len(set(hashes)) == 2 and (len(groups) != 2 or len(set(groups)) != 1):
        raise NoTwinsError(_("These photos do not look alike."))
    return images[one], images[other]


def _standing(by: User, decision: str, photos: set[int]) -> TwinChoice | None:
    """Return such a decision about these two photos that was not taken back."""
    found = TwinChoice.objects.filter(
        owner=by, decision=decision, undone_at=None, kept__in=photos, other__in=photos
    )
    return found.first()


def _give_tags(into: Image, gone: Image, by: User) -> list[int]:
    """Let the owner vote for the other photo's tags; return the ids of the events.

    Where the owner said anything of a tag on the kept photo before, that stays.
    """
    own = Vote.objects.current().filter(image=gone, person=by, value=VoteValue.YES)
    shown = ImageTag.objects.shown().filter(image=gone)
    curated = shown.filter(state=TagState.CURATED).values_list("tag_id", flat=True)
    voted = shown.filter(tag_id__in=own.values("tag_id")).values_list("tag_id", flat=True)
    said = Vote.objects.current().filter(image=into, person=by).values_list("tag_id", flat=True)
    wanted = ({*curated, *voted}) - set(said)
    events = []
    for tag in Tag.objects.filter(pk__in=wanted).order_by("pk"):
        with suppress(TagBlockedError):
            event = cast_vote(
                person=by, image=into, tag=tag, value=VoteValue.YES, source="duplicates"
            )
            if event is not None:
                events.append(event.pk)
    return events


def _give_places(into: Image, gone: Image) -> dict[str, list[int]]:
    """Put the kept photo where the other is in albums; return ids of new places and of covers.

    The other keeps its own places: in the trash nobody sees them, and with it they come back.
    """
    has = set(AlbumPhoto.objects.filter(image=into).values_list("album_id", flat=True))
    places = [
        AlbumPhoto.objects.create(album_id=place.album_id, image=into, position=place.position)
        for place in AlbumPhoto.objects.filter(image=gone).order_by("pk")
        if place.album_id not in has
    ]
    covers = list(Album.objects.filter(cover=gone).values_list("pk", flat=True))
    Album.objects.filter(pk__in=covers).update(cover=into)
    return {"places": [place.pk for place in places], "covers": covers}


def _give_words(into: Image, gone: Image) -> dict[str, str]:
    """Fill the kept photo's empty words from the other; return those that were filled."""
    words = {
        name: getattr(gone, name)
        for name in WORDS
        if getattr(gone, name) and not getattr(into, name)
    }
    _write_words(into, words)
    return words


def _take_back(choice: TwinChoice, by: User) -> None:
    """Take from the kept photo what the merge gave it and nobody changed since."""
    given: dict[str, Any] = choice.given
    for event in TagEvent.objects.filter(pk__in=given.get("tags", [])).order_by("-pk"):
        with suppress(NothingToUndoError, PermissionDenied, Image.DoesNotExist):
            undo_event(person=by, event=event, source="duplicates")
    AlbumPhoto.objects.filter(pk__in=given.get("places", []), image_id=choice.kept_id).delete()
    covers = Album.objects.filter(pk__in=given.get("covers", []), cover_id=choice.kept_id)
    covers.update(cover_id=choice.other_id)
    kept = Image.with_trash.select_for_update(of=("self",)).get(pk=choice.kept_id)
    words = given.get("words", {})
    unchanged = {name: "" for name, word in words.items() if getattr(kept, name) == word}
    _write_words(kept, unchanged)


def _write_words(image: Image, words: dict[str, str]) -> None:
    for name, word in words.items():
        setattr(image, name, word)
    if words:
        image.save(update_fields=list(words))

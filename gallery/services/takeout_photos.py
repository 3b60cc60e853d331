"""Bringing in what a takeout says of photos, albums and the person: filled, never overwritten."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from gallery.chunks import chunks
from gallery.models import (
    Album,
    AlbumPhoto,
    Comment,
    Image,
    Licence,
    NoticeChoice,
    NoticeKind,
    User,
    Visibility,
)
from gallery.services.people import hold_person
from gallery.takeout import told
from gallery.takeout.told import Told

LONGEST_TITLE, LONGEST_TEXT, LONGEST_ALT = 200, 2000, 500


def fields_of_photo(record: Told) -> dict[str, Any]:
    """Return what the owner chose for a photo, fit for its row."""
    return {
        "title": told.text(record, "title", LONGEST_TITLE),
        "description": told.text(record, "description", LONGEST_TEXT),
        "alt": told.text(record, "alt", LONGEST_ALT),
        "visibility": told.choice(record, "visibility", Visibility.values, str(Visibility.PRIVATE)),
        "licence": told.choice(record, "licence", Licence.values, str(Licence.ALL_RIGHTS)),
        "teaches": told.flag(record, "teaches", False),
        "offers_original": told.flag(record, "offers_original", False),
        "comments_open": told.flag(record, "comments_open", True),
        "shows_camera": told.flag(record, "shows_camera", False),
        "shows_taken": told.flag(record, "shows_taken", False),
        "shows_place": told.flag(record, "shows_place", False),
    }


def facts_of_photo(record: Told) -> dict[str, Any]:
    """Return how a photo was taken, as far as it is told."""
    return {
        "taken_at": told.moment(record, "taken_at"),
        "camera": told.text(record, "camera", 120),
        "exif": told.flat(record, "exif"),
        "latitude": told.number(record, "latitude", -90, 90),
        "longitude": told.number(record, "longitude", -180, 180),
    }


def set_up_photo(image: Image, record: Told) -> None:
    """Give a photo that has just come in what the takeout says of it."""
    values = {**fields_of_photo(record), **_missing(image, facts_of_photo(record))}
    values["created_at"] = told.past(record, "uploaded_at") or image.created_at
    _save(image, values)


def fill_photo(image: Image, record: Told) -> None:
    """Give a photo that was here already what it lacks; what it has stays as it is."""
    words = {name: fields_of_photo(record)[name] for name in ("title", "description", "alt")}
    _save(image, _missing(image, {**words, **facts_of_photo(record)}))


def _missing(image: Image, values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value and not getattr(image, name)}


def _save(image: Image, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(image, name, value)
    if values:
        image.save(update_fields=list(values))


def bring_in_comments(image: Image, record: Told) -> int:
    """Write the owner's own comments below the photo that are not there yet; return how many.

    What others wrote belongs to them: it stays in the file.
    """
    present = set(image.comments.filter(author=image.owner_id).values_list("text", "created_at"))
    written = 0
    for one in told.items(record, "comments"):
        words, moment = told.text(one, "text", LONGEST_TEXT), told.past(one, "written_at")
        if one.get("is_mine") is not True or not words or moment is None:
            continue
        if (words, moment) in present:
            continue
        comment = Comment.objects.create(image=image, author_id=image.owner_id, text=words)
        edited = told.past(one, "edited_at")
        Comment.objects.filter(pk=comment.pk).update(created_at=moment, edited_at=edited)
        written += 1
    if written:
        Image.with_trash.filter(pk=image.pk).update(comment_count=image.comments.count())
    return written


@transaction.atomic
def bring_in_album(*, owner: User, record: Told) -> bool:
    """Make an album, or fill the one with this title and birthday; return whether it is new.

    Photos come behind those that are in it already. Only the owner's own are put in, and it is
    shared with nobody: names may be other people's here.
    """
    hold_person(owner)
    title = told.text(record, "title", LONGEST_TITLE).strip() or "…"
    born = told.past(record, "created_at")
    same = Album.objects.filter(owner=owner, title=title)
    album = (same.filter(created_at=born) if born else same).first()
    is_new = album is None
    if album is None:
        album = Album.objects.create(
            owner=owner,
            title=title,
            description=told.text(record, "description", LONGEST_TEXT),
            visibility=told.choice(
                record, "visibility", Visibility.values, str(Visibility.PRIVATE)
            ),
        )
        if born:
            Album.objects.filter(pk=album.pk).update(created_at=born)
    ids = _own_photos(owner, [told.text(one, "sha256", 64) for one in told.items(record, "photos")])
    _place(album, list(ids.values()))
    cover = ids.get(told.text(record, "cover", 64))
    if album.cover_id is None and cover is not None:
        Album.objects.filter(pk=album.pk).update(cover=cover)
    return is_new


def _own_photos(owner: User, hashes: list[str]) -> dict[str, int]:
    """Return the ids of the owner's photos with these hashes, in the order of the hashes."""
    found: dict[str, int] = {}
    for some in chunks(hashes):
        rows = Image.with_trash.filter(owner=owner, sha256__in=some)
        found.update(rows.values_list("sha256", "pk"))
    return {sha256: found[sha256] for sha256 in hashes if sha256 in found}


def _place(album: Album, image_ids: list[int]) -> None:
    places = AlbumPhoto.objects.filter(album=album)
    present = set(places.values_list("image_id", flat=True))
    last = places.order_by("-position").values_list("position", flat=True).first() or 0.0
    fresh = [pk for pk in image_ids if pk not in present]
    AlbumPhoto.objects.bulk_create(
        [AlbumPhoto(album=album, image_id=pk, position=last + 1 + n) for n, pk in enumerate(fresh)],
        batch_size=300,
    )


@transaction.atomic
def bring_in_profile(*, person: User, record: Told, choices: list[Any]) -> None:
    """Fill in what the person has not said of themselves here, and how they hear of news."""
    hold_person(person)
    person = User.objects.get(pk=person.pk)
    person.bio = person.bio or told.text(record, "bio", 500)
    person.first_name = person.first_name or told.text(record, "first_name", 150)
    person.last_name = person.last_name or told.text(record, "last_name", 150)
    if not person.images.exists():
        # Nobody has chosen anything here yet.
        person.offers_photos = told.flag(record, "offers_photos", person.offers_photos)
        person.usual_visibility = told.choice(
            record, "usual_visibility", Visibility.values, person.usual_visibility
        )
        person.usual_licence = told.choice(
            record, "usual_licence", Licence.values, person.usual_licence
        )
    person.save()
    for one in told.items({"choices": choices}, "choices"):
        kind = told.choice(one, "kind", NoticeKind.values, "")
        if kind:
            wanted = {
                name: told.flag(one, name, name == "on_page") for name in ("on_page", "by_mail")
            }
            NoticeChoice.objects.get_or_create(person=person, kind=kind, defaults=wanted)

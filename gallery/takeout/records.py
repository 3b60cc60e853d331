"""What a takeout says of a person, in plain JSON that other programs can read as well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Prefetch
from django.urls import reverse

from gallery.models import Album, AlbumPhoto, Comment, Follow, Image, Like, NoticeChoice, User

Record = dict[str, Any]

# Fields of a photo that are told and brought back under their own names.
PHOTO_FIELDS = (
    *("title", "description", "alt", "visibility", "licence", "teaches"),
    *("offers_original", "comments_open", "shows_camera", "shows_taken", "shows_place"),
    *("taken_at", "camera", "exif", "latitude", "longitude"),
)
FILE_FIELDS = (
    *("sha256", "original_name", "file_format", "width", "height", "byte_size"),
    *("colour", "colour_name"),
)
PROFILE_FIELDS = ("bio", "language", "offers_photos", "usual_visibility", "usual_licence")


def profile_record(person: User) -> Record:
    """Return who the person is here."""
    own = {name: getattr(person, name) for name in PROFILE_FIELDS}
    return {
        "username": person.username,
        "email": person.email,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "joined_at": person.date_joined,
        **own,
    }


def photo_records(images: Sequence[Image]) -> dict[int, Record]:
    """Return everything this room knows of these photos, by id, in three queries.

    What others wrote below them is told with their names, and is theirs.
    """
    ids = [image.pk for image in images]
    albums: dict[int, list[Record]] = {pk: [] for pk in ids}
    places = AlbumPhoto.objects.filter(image__in=ids).select_related("album__owner")
    for place in places:
        album = {"title": place.album.title, "owner": place.album.owner.username}
        albums[place.image_id].append(album)
    comments: dict[int, list[Record]] = {pk: [] for pk in ids}
    for comment in Comment.objects.filter(image__in=ids).select_related("author").oldest():
        comments[comment.image_id].append(_comment(comment))
    return {
        image.pk: {
            **{name: getattr(image, name) for name in (*FILE_FIELDS, *PHOTO_FIELDS)},
            "uploaded_at": image.created_at,
            "in_trash_since": image.deleted_at,
            "hidden_since": image.hidden_at,
            "hidden_because": image.hidden_reason,
            "address": image.get_absolute_url(),
            "likes": image.like_count,
            "albums": albums[image.pk],
            "comments": comments[image.pk],
        }
        for image in images
    }


def _comment(comment: Comment) -> Record:
    return {
        "author": comment.author.username,
        "is_mine": comment.author_id == comment.image.owner_id,
        "text": comment.text,
        "written_at": comment.created_at,
        "edited_at": comment.edited_at,
    }


def album_records(person: User) -> list[Record]:
    """Return the person's albums with the order of what is in them, in three queries."""
    places = AlbumPhoto.objects.select_related("image").order_by("position", "pk")
    albums = Album.objects.filter(owner=person).order_by("created_at", "pk")
    found = albums.select_related("cover").prefetch_related(
        Prefetch("places", queryset=places), "members__person"
    )
    return [
        {
            "title": album.title,
            "description": album.description,
            "visibility": album.visibility,
            "created_at": album.created_at,
            "cover": _hash_of(album.cover, person) if album.cover else "",
            "photos": [
                {
                    "sha256": _hash_of(place.image, person),
                    "is_mine": place.image.owner_id == person.pk,
                }
                for place in album.places.all()
            ],
            "members": [
                {"person": member.person.username, "may_add": member.may_add}
                for member in album.members.all()
            ],
        }
        for album in found
    ]


def _hash_of(image: Image, person: User) -> str:
    """Return the hash of a photo of the person's own; that of others' files is nobody's business.

    Whoever knows it could tell whether they have the very same file.
    """
    return image.sha256 if image.owner_id == person.pk else ""


def _address_of(image: Image) -> str:
    """Return the address of somebody's photo, without the key that an unlisted one may have.

    They may have seen it when it was public, or by a share link that has ended since.
    """
    return reverse("gallery:image", args=[image.pk])


def comments_elsewhere(person: User) -> list[Record]:
    """Return what the person wrote below photos of others."""
    theirs = Comment.objects.filter(author=person).exclude(image__owner=person)
    return [
        {
            "photo": _address_of(comment.image),
            "owner": comment.image.owner.username,
            "text": comment.text,
            "written_at": comment.created_at,
            "edited_at": comment.edited_at,
        }
        for comment in theirs.select_related("image__owner").oldest()
    ]


def likes_given(person: User) -> list[Record]:
    """Return which photos the person likes."""
    likes = Like.objects.filter(person=person).select_related("image__owner").order_by("pk")
    return [
        {
            "photo": _address_of(like.image),
            "owner": like.image.owner.username,
            "since": like.created_at,
        }
        for like in likes
    ]


def follows_record(person: User) -> Record:
    """Return whom the person follows, and who follows them."""
    follows = Follow.objects.select_related("followed", "follower").order_by("pk")
    return {
        "follows": [
            {"person": one.followed.username, "since": one.created_at}
            for one in follows.filter(follower=person)
        ],
        "followers": [
            {"person": one.follower.username, "since": one.created_at}
            for one in follows.filter(followed=person)
        ],
    }


def notice_choices(person: User) -> list[Record]:
    """Return how the person wants to hear of each kind of news."""
    rows = NoticeChoice.objects.filter(person=person).order_by("kind")
    return [dict(row) for row in rows.values("kind", "on_page", "by_mail")]

"""An account with something of everything, for tests of what is one's own."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.utils import timezone

from gallery.models import (
    Album,
    AlbumMember,
    AlbumPhoto,
    Comment,
    Follow,
    Image,
    Like,
    Notice,
    NoticeChoice,
    ShareLink,
    User,
)
from gallery.services.takeout import ask_for_takeout, write_takeout
from gallery.services.trash import trash_images
from tagging.models import SavedSearch, Suggestion
from tagging.services.votes import add_tag, cast_vote
from tests.gallery.cast import store
from tests.tagging.cast import make_tag, suggest


def comment(image: Image, author: User, text: str) -> Comment:
    """Return a comment, counted on its photo."""
    written = Comment.objects.create(image=image, author=author, text=text)
    Image.with_trash.filter(pk=image.pk).update(comment_count=image.comments.count())
    return written


def like(image: Image, person: User) -> Like:
    """Return a like, counted on its photo."""
    given = Like.objects.create(image=image, person=person)
    Image.with_trash.filter(pk=image.pk).update(like_count=image.likes.count())
    return given


def fill_account(person: User, other: User) -> list[Image]:
    """Give a person photos, albums, tags and company; return their photos, the last in trash."""
    person.first_name, person.bio = "Alice", "Herons, mostly."
    person.offers_photos, person.usual_licence = False, "by"
    person.save()
    images = [
        store(person, 1, title="A <b>heron</b> / at: dawn", description="First\nlight"),
        store(person, 2, title="", name="Zürich \u202e über.jpg", visibility="private"),
        store(person, 3, title="Boat", visibility="followers", teaches=False),
        store(person, 4, title="Blurred"),
    ]
    Image.objects.filter(pk=images[0].pk).update(
        alt="A grey heron",
        licence="by-sa",
        offers_original=True,
        comments_open=False,
        shows_place=True,
        shows_camera=False,
        taken_at=timezone.now() - timedelta(days=400),
        camera="Fuji X-T3",
        exif={"lens": "XF 100-400", "iso": 800},
        latitude=47.5,
        longitude=9.25,
        created_at=timezone.now() - timedelta(days=300),
    )
    theirs = store(other, 50, title="Swan")
    add_tag(person=person, image=images[0], name="heron")
    add_tag(person=other, image=images[0], name="lake")
    suggest(images[2], "ship")
    cast_vote(person=person, image=images[2], tag=make_tag("ship"), value="no")
    add_tag(person=person, image=theirs, name="swan")
    comment(images[0], person, "My favourite.")
    comment(images[0], other, "Mine too!")
    comment(theirs, person, "How white it is")
    like(images[0], other)
    like(theirs, person)
    Follow.objects.create(follower=person, followed=other)
    Follow.objects.create(follower=other, followed=person)
    album = Album.objects.create(
        owner=person, title="Lake", description="Days out", visibility="unlisted"
    )
    for place, image in enumerate((images[2], theirs, images[0]), start=1):
        AlbumPhoto.objects.create(album=album, image=image, position=place * 10.5)
    Album.objects.filter(pk=album.pk).update(cover=images[0])
    AlbumMember.objects.create(album=album, person=other, may_add=True)
    ShareLink.objects.create(album=album, created_by=person, note="for gran")
    NoticeChoice.objects.create(person=person, kind="like", on_page=False, by_mail=True)
    SavedSearch.objects.create(person=person, name="Birds", address="q=tag%3Aheron")
    Notice.objects.create(person=other, actor=person, text="alice likes Swan", kind="like")
    User.objects.filter(pk=other.pk).update(unread_notices=1)
    trash_images(images=Image.objects.filter(pk=images[3].pk), by=person)
    return images


def take_out(person: User) -> Path:
    """Return the file of everything this person has."""
    takeout = ask_for_takeout(person=person)
    write_takeout(key=str(takeout.pk), ticket=takeout.ticket)
    takeout.refresh_from_db()
    assert takeout.state == "done", takeout.problem
    return takeout.path


def empty_site(settings: Any, folder: Path) -> None:
    """Forget every row, and serve another folder of photos: a fresh install."""
    call_command("flush", interactive=False, verbosity=0)
    settings.MEDIA_ROOT = folder


def number_of_suggestions(image: Image) -> int:
    """Return how many there are, open or not."""
    return Suggestion.objects.filter(image=image).count()

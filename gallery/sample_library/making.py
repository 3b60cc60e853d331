"""Making and removing a sample library: rows in bulk, files that are rendered once and shared."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import models, transaction

from gallery.models import Image, User
from gallery.sample_library.albums import add_albums
from gallery.sample_library.conversation import add_comments, add_follows, add_likes
from gallery.sample_library.drawing import draw_landscape
from gallery.sample_library.photos import Pictures, photos_of_slice
from gallery.sample_library.words import NAMES
from gallery.services.images import delete_image, store_image
from gallery.services.renditions import complete_renditions
from gallery.signals import sample_library_made, sample_photos_made

# Whoever has such an address belongs to the library: nobody can receive mail there.
ADDRESS: Final = "@sample-library.invalid"
SLICE: Final = 5000
PICTURES: Final = 24
_REMOVED_AT_ONCE: Final = 1000

Told = Callable[[int], object]


@dataclass(frozen=True)
class LibraryPlan:
    """How large a library is to be, and what it may do. The same seed makes the same library."""

    photos: int
    people: int = 200
    pictures: int = PICTURES
    seed: int = 1
    teaches: bool = False
    """Whether the network may learn from these drawings; it would learn nonsense."""
    vectors: bool = False
    """Whether they get embeddings, for the search for similar photos."""


def make_sample_library(*, plan: LibraryPlan, told: Told = lambda done: None) -> int:
    """Make the photos and everything people do with them; return how many there are.

    `told` is called with the number of photos so far. What other rooms keep of a photo they add
    when `sample_photos_made` is sent. Each slice is a transaction, so that a library that was
    interrupted is merely smaller.
    """
    random = np.random.default_rng(plan.seed)
    people = make_people(plan.people)
    pictures = draw_pictures(people[0], plan)
    with transaction.atomic():
        add_follows(people, random)
    done = 0
    while done < plan.photos:
        number = min(SLICE, plan.photos - done)
        with transaction.atomic(), moments_as_given(Image):
            photos, subjects = photos_of_slice(
                people, pictures, random, plan, after=done, number=number
            )
            Image.objects.bulk_create(photos)
            link_files(photos, pictures)
            add_likes(photos, people, random)
            add_comments(photos, people, random)
            sample_photos_made.send(
                sender=Image,
                subjects={
                    photo.pk: subject for photo, subject in zip(photos, subjects, strict=True)
                },
                people=people,
                random=random,
                vectors=plan.vectors,
            )
        done += number
        told(done)
    with transaction.atomic():
        add_albums(people, random)
        sample_library_made.send(sender=Image)
    return done


def remove_sample_library(*, told: Told = lambda done: None) -> int:
    """Remove every photo and person of the library, whatever hangs on them; count the photos."""
    people = User.objects.filter(email__endswith=ADDRESS)
    done = 0
    while True:
        some = Image.with_trash.filter(owner__in=people).order_by("pk")
        ids = list(some.values_list("pk", flat=True)[:_REMOVED_AT_ONCE])
        if not ids:
            break
        with transaction.atomic():
            Image.with_trash.filter(pk__in=ids).delete()
        done += len(ids)
        told(done)
    with transaction.atomic():
        people.delete()
    shutil.rmtree(shared_directory(), ignore_errors=True)
    return done


def shared_directory() -> Path:
    """Return where the files lie that the photos of the library share; nothing here is served."""
    return Path(settings.MEDIA_ROOT) / "sample_library"


def make_people(number: int) -> list[User]:
    """Return so many people nobody can log in for; those who are there already stay."""
    known = {user.username: user for user in User.objects.filter(email__endswith=ADDRESS)}
    wanted = [f"{NAMES[place % len(NAMES)]}-{place:03}" for place in range(number)]
    nobody = make_password(None)
    User.objects.bulk_create(
        User(username=name, email=f"{name}{ADDRESS}", password=nobody, usual_visibility="public")
        for name in wanted
        if name not in known
    )
    return list(User.objects.filter(username__in=wanted, email__endswith=ADDRESS).order_by("pk"))


def draw_pictures(owner: User, plan: LibraryPlan) -> Pictures:
    """Return rows to copy and folders to share, one per drawing, as uploads would have made them.

    Each drawing is stored as a photo, its folder is put aside and the row goes again: whatever an
    upload writes and measures, the photos of the library have it too.
    """
    rows, folders = [], []
    for number in range(plan.pictures):
        stored = store_image(
            owner=owner,
            data=draw_landscape(number),
            name=f"landscape-{number:02}.jpg",
            visibility="private",
            teaches=False,
            announce=False,
        ).image
        complete_renditions(image_id=stored.pk)
        stored.refresh_from_db()
        folder = shared_directory() / f"{number:02}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(stored.directory, folder)
        rows.append({field.attname: getattr(stored, field.attname) for field in _copied()})
        folders.append(folder)
        delete_image(image=stored)
    return Pictures(rows, folders)


def _copied() -> list[models.Field[Any, Any]]:
    """Return the columns of a photo that a copy takes over: all that are not its own."""
    return [
        field for field in Image._meta.concrete_fields if not (field.primary_key or field.unique)
    ]


def link_files(photos: list[Image], pictures: Pictures) -> None:
    """Give each photo a folder that leads to its drawing: deleting it takes only the link."""
    for photo in photos:
        photo.directory.parent.mkdir(parents=True, exist_ok=True)
        photo.directory.symlink_to(pictures.folder_of(photo), target_is_directory=True)


@contextmanager
def moments_as_given(model: type[models.Model]) -> Iterator[None]:
    """Let new rows keep the moment they are given as `created_at`, which is usually now.

    A library whose photos all came in this minute would sort and page unlike any other.
    """
    field: Any = model._meta.get_field("created_at")
    field.auto_now_add = False
    try:
        yield
    finally:
        field.auto_now_add = True

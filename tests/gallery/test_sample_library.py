"""A library of synthetic photos: like a real one, shared files, and gone without trace."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.conf import settings as settings_of_project
from django.core.management import CommandError, call_command
from django.db.models import Count
from django.test import Client
from pytest_django import Settings

from gallery.models import Album, Comment, Follow, Image, Like, User
from gallery.sample_library import LibraryPlan, make_sample_library, making, remove_sample_library
from gallery.services.images import delete_image
from gallery.services.renditions import incomplete_images
from tests.conftest import draw_photo, encode
from tests.gallery.cast import store

PLAN = LibraryPlan(photos=60, people=5, pictures=2)


def made(plan: LibraryPlan = PLAN) -> list[Image]:
    """Make a small library and return its photos."""
    assert make_sample_library(plan=plan) == plan.photos
    return list(Image.with_trash.order_by("pk"))


@pytest.fixture
def small_drawings(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures that are soon drawn, for tests that do not look at them."""
    settings.EYES_AVIF = False
    monkeypatch.setattr(making, "draw_landscape", lambda number: encode(draw_photo(number)))


def files_in_media() -> list[Path]:
    """Return every file and link below the media folder, without following links."""
    folder = Path(settings_of_project.MEDIA_ROOT)
    return [path for path in folder.rglob("*") if path.is_symlink() or path.is_file()]


@pytest.mark.django_db
def test_every_photo_is_a_photo_of_its_own_with_files_to_serve(client: Client) -> None:
    photos = made()
    assert len(photos) == 60
    assert len({photo.sha256 for photo in photos}) == len({photo.folder for photo in photos}) == 60
    assert all(photo.original_path.is_file() for photo in photos)
    public = Image.objects.on_show().latest("pk")
    answer = client.get(public.thumbnail_url)
    assert answer.status_code == 200
    assert next(iter(answer.streaming_content))[:4] == b"RIFF"  # type: ignore[attr-defined]
    assert client.get(public.get_absolute_url()).status_code == 200
    # Like any photo that a worker has been at: nothing is left for it to make.
    assert not incomplete_images().exists()
    assert client.get(public.jpeg_url).status_code == 200


@pytest.mark.django_db
def test_it_looks_like_the_work_of_years_by_many_people(small_drawings: None) -> None:
    photos = made(LibraryPlan(photos=400, people=9, pictures=2))
    years = {photo.created_at.year for photo in photos}
    assert len(years) >= 4
    assert photos == sorted(photos, key=lambda photo: photo.created_at)
    assert {photo.visibility for photo in photos} == {"public", "unlisted", "followers", "private"}
    assert len({photo.owner_id for photo in photos}) == 9
    assert Follow.objects.exists()
    assert Album.objects.filter(photos__isnull=False).exists()


@pytest.mark.django_db
def test_photos_count_what_others_did(small_drawings: None) -> None:
    made(LibraryPlan(photos=200, people=7, pictures=1))
    likes = Image.with_trash.annotate(real=Count("likes", distinct=True))
    assert all(photo.like_count == photo.real for photo in likes)
    comments = Image.with_trash.annotate(real=Count("comments", distinct=True))
    assert all(photo.comment_count == photo.real for photo in comments)
    assert Like.objects.exists()
    assert Comment.objects.exists()


@pytest.mark.django_db
def test_the_same_seed_makes_the_same_library() -> None:
    first = [(photo.sha256, photo.title, photo.visibility) for photo in made()]
    remove_sample_library()
    assert [(photo.sha256, photo.title, photo.visibility) for photo in made()] == first


@pytest.mark.django_db
def test_it_never_teaches_unless_asked(small_drawings: None) -> None:
    assert not any(photo.teaches for photo in made())
    remove_sample_library()
    assert all(photo.teaches for photo in made(LibraryPlan(10, people=3, pictures=1, teaches=True)))


@pytest.mark.django_db(transaction=True)
def test_deleting_one_photo_breaks_no_other(small_drawings: None) -> None:
    first, *others = made()
    delete_image(image=first)
    assert not first.directory.is_symlink()
    assert all(photo.original_path.is_file() for photo in others)


@pytest.mark.django_db(transaction=True)
def test_it_goes_without_trace_and_leaves_real_photos(alice: User, small_drawings: None) -> None:
    real = store(alice)
    before = files_in_media()
    made()
    assert remove_sample_library() == 60
    assert list(Image.with_trash.all()) == [real]
    assert list(User.objects.all()) == [alice]
    assert not Like.objects.exists()
    assert files_in_media() == before


@pytest.mark.django_db
def test_people_of_the_library_cannot_log_in(small_drawings: None) -> None:
    made()
    people = User.objects.filter(email__endswith=making.ADDRESS)
    assert len(people) == 5
    assert not any(person.has_usable_password() for person in people)


@pytest.mark.django_db
def test_a_site_for_people_is_asked_twice(settings: Settings) -> None:
    settings.DEBUG = False
    with pytest.raises(CommandError, match="--yes"):
        call_command("make_sample_library", 10)
    with pytest.raises(CommandError, match="--yes"):
        call_command("make_sample_library", "--remove")
    assert not User.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("arguments", [[], ["0"], ["-5"], ["99999999"], ["5", "--people", "1"]])
def test_a_library_of_nothing_is_refused(settings: Settings, arguments: list[str]) -> None:
    settings.DEBUG = True
    with pytest.raises(CommandError):
        call_command("make_sample_library", *arguments)


@pytest.mark.django_db
def test_the_command_says_how_far_it_is(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, small_drawings: None
) -> None:
    settings.DEBUG = True
    monkeypatch.setattr(making, "SLICE", 10)
    out = io.StringIO()
    call_command("make_sample_library", "20", "--people", "3", stdout=out)
    assert "10 photos\n20 photos\n" in out.getvalue()
    assert "Made 20 synthetic photos" in out.getvalue()


@pytest.mark.django_db
def test_a_second_library_adds_to_the_first(small_drawings: None) -> None:
    made()
    make_sample_library(plan=LibraryPlan(photos=20, people=5, pictures=2, seed=2))
    assert Image.with_trash.count() == 80
    assert User.objects.count() == 5

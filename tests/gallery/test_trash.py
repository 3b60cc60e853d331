"""The trash: gone for everybody but its owner, and back again for thirty days."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks
from rest_framework.authtoken.models import Token

from gallery.models import Image, User
from gallery.services.images import store_image
from gallery.services.trash import (
    empty_expired_trash,
    empty_trash_of,
    restore_from_trash,
    trash_images,
)
from tests.conftest import draw_photo, encode
from tests.gallery.cast import client_of, store
from tests.gallery.own_cast import comment, like

pytestmark = pytest.mark.django_db


def trashed(owner: User, seed: int = 1, **choices: object) -> Image:
    image = store(owner, seed, **choices)
    trash_images(images=Image.objects.filter(pk=image.pk), by=owner)
    image.refresh_from_db()
    return image


def test_deleting_a_photo_offers_to_undo_it(alice: User) -> None:
    image = store(alice, title="Heron")
    client = client_of(alice)

    page = client.post(f"/images/{image.pk}/delete/", follow=True).content.decode()

    assert not Image.objects.exists()
    assert "is in the trash for 30 days" in page
    moment = page.split('name="moment" value="')[1].split('"')[0]
    page = client.post("/trash/undo/", {"moment": moment}, follow=True).content.decode()
    assert "1 photo is back." in page
    assert Image.objects.get() == image


def test_nobody_but_the_owner_meets_a_trashed_photo(alice: User, bob: User, mona: User) -> None:
    image = trashed(alice, title="Heron")
    for client in (Client(), client_of(bob), client_of(mona)):
        assert client.get(image.get_absolute_url()).status_code == 404
        assert client.get(image.thumbnail_url).status_code == 404
        assert client.get(f"/api/v1/images/{image.pk}/").status_code == 404
        assert "Heron" not in client.get("/").content.decode()
        assert "Heron" not in client.get("/people/alice/").content.decode()
    owner = client_of(alice)
    assert owner.get(image.thumbnail_url).status_code == 200
    note = owner.get(image.get_absolute_url())
    assert note.status_code == 404
    assert "This photo is in your trash" in note.content.decode()
    assert "Heron" not in owner.get("/people/alice/").content.decode()
    assert "Heron" in owner.get("/trash/").content.decode()
    assert owner.post(f"/images/{image.pk}/edit/", {"title": "x"}).status_code == 409
    assert Image.with_trash.get().title == "Heron"


def test_restoring_brings_everything_back(alice: User, bob: User) -> None:
    image = store(alice, title="Heron")
    comment(image, bob, "Lovely")
    like(image, bob)
    trash_images(images=Image.objects.all(), by=alice)

    page = client_of(alice).post("/trash/", {"deed": "restore", "photo": [image.pk]}, follow=True)

    assert "1 photo is back." in page.content.decode()
    image.refresh_from_db()
    assert (image.deleted_at, image.like_count, image.comment_count) == (None, 1, 1)


def test_the_same_bytes_uploaded_again_come_out_of_the_trash(alice: User) -> None:
    image = trashed(alice)

    stored = store_image(
        owner=alice, data=encode(draw_photo(1)), name="x.jpg", visibility="public", teaches=True
    )

    assert (stored.image.pk, stored.is_new, stored.image.deleted_at) == (image.pk, False, None)
    assert Image.objects.get().pk == image.pk


def test_an_upload_that_meets_the_trash_at_the_last_moment_comes_back_too(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = trashed(alice)
    from gallery.services import images as services

    answers = iter([None])
    known = services.known_image

    def late(**arguments: object) -> Image | None:
        return next(answers, known(**arguments))  # type: ignore[arg-type]

    monkeypatch.setattr(services, "known_image", late)
    stored = store_image(
        owner=alice, data=encode(draw_photo(1)), name="x.jpg", visibility="public", teaches=True
    )

    assert stored.image.pk == image.pk
    assert Image.objects.get().pk == image.pk


def test_an_upload_whose_photo_leaves_the_trash_in_this_moment_is_a_new_one(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = trashed(alice)
    from gallery.services import images as services

    bring_back = services.bring_back

    def too_late(*, image: Image) -> Image | None:
        Image.with_trash.filter(pk=image.pk).delete()
        return bring_back(image=image)

    monkeypatch.setattr(services, "bring_back", too_late)
    stored = store(alice, 1)

    assert stored.pk != image.pk
    assert stored.original_path.is_file()


def test_thirty_days_later_photo_and_files_are_gone(
    alice: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    old, fresh = trashed(alice, 1), trashed(alice, 2)
    kept = store(alice, 3)
    long_ago = timezone.now() - timedelta(days=30, seconds=1)
    Image.with_trash.filter(pk=old.pk).update(deleted_at=long_ago)

    with django_capture_on_commit_callbacks(execute=True):
        assert empty_expired_trash() == 1
    assert empty_expired_trash() == 0

    assert set(Image.with_trash.all()) == {fresh, kept}
    assert not old.directory.exists()
    assert fresh.directory.is_dir()


def test_what_expired_cannot_be_restored_before_the_job_comes(alice: User) -> None:
    image = trashed(alice)
    assert empty_trash_of(person=alice) == 1
    assert restore_from_trash(images=Image.with_trash.all(), by=alice) == 0
    assert "empty" in client_of(alice).get("/trash/").content.decode()
    assert client_of(alice).get(image.get_absolute_url()).status_code == 404


def test_deleting_for_good_asks_first(alice: User, bob: User) -> None:
    image, other = trashed(alice, 1), trashed(bob, 2)
    client = client_of(alice)

    asked = client.post("/trash/", {"deed": "delete", "photo": [image.pk, other.pk]})
    assert "Delete 1 photo for good?" in asked.content.decode()
    assert Image.with_trash.count() == 2
    client.post("/trash/", {"deed": "delete", "photo": [image.pk, other.pk], "sure": "1"})

    assert Image.with_trash.get() == other


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"deed": "restore"},
        {"deed": "delete", "photo": ["x", "-1", "9" * 40], "sure": "1"},
        {"deed": "burn", "photo": ["1"]},
    ],
)
def test_nonsense_changes_nothing(alice: User, form: dict[str, object]) -> None:
    image = trashed(alice)
    assert client_of(alice).post("/trash/", form, follow=True).status_code == 200
    assert client_of(alice).post("/trash/undo/", {"moment": "9" * 400}).status_code == 302
    assert Image.with_trash.get(pk=image.pk).deleted_at is not None


def test_strangers_trash_and_restore_nothing(alice: User, bob: User) -> None:
    image = store(alice)
    assert trash_images(images=Image.objects.all(), by=bob) == 0
    trash_images(images=Image.objects.all(), by=alice)
    moment = Image.with_trash.get().deleted_at
    assert restore_from_trash(images=Image.with_trash.filter(deleted_at=moment), by=bob) == 0
    assert Image.with_trash.get(pk=image.pk).deleted_at == moment


def test_what_a_moderator_deletes_comes_back_to_its_owner_alone(
    alice: User, bob: User, mona: User
) -> None:
    image = store(alice)
    trash_images(images=Image.objects.all(), by=mona)
    restore_from_trash(images=Image.with_trash.all(), by=alice)

    assert client_of(bob).get(image.get_absolute_url()).status_code == 404
    assert (
        "A moderator deleted this photo"
        in client_of(alice).get(image.get_absolute_url()).content.decode()
    )


def test_a_moderator_who_undoes_shows_the_photo_again(alice: User, bob: User, mona: User) -> None:
    image = store(alice)
    trash_images(images=Image.objects.all(), by=mona)
    restore_from_trash(images=Image.with_trash.all(), by=mona)
    assert client_of(bob).get(image.get_absolute_url()).status_code == 200


def test_the_api_deletes_into_the_trash(alice: User) -> None:
    image = store(alice)
    key = Token.objects.create(user=alice).key
    answer = Client(headers={"Authorization": f"Token {key}"}).delete(f"/api/v1/images/{image.pk}/")
    assert answer.status_code == 204
    assert Image.with_trash.get().deleted_at is not None


def test_moderators_list_what_lies_in_trashes_and_only_read_it(alice: User, mona: User) -> None:
    image, shown = trashed(alice, 1, title="Heron"), store(alice, 2, title="Swan")
    client = client_of(mona)
    usual = client.get("/admin/gallery/image/").content.decode()
    trash = client.get("/admin/gallery/image/?trash=in").content.decode()

    assert "Swan" in usual and "Heron" not in usual
    assert "Heron" in trash and "Swan" not in trash
    assert image.thumbnail_url not in trash
    page = client.get(f"/admin/gallery/image/{image.pk}/change/").content.decode()
    assert 'name="_save"' not in page
    assert 'name="_save"' in client.get(f"/admin/gallery/image/{shown.pk}/change/").content.decode()


def test_the_trash_takes_three_queries_however_full_it_is(
    alice: User, django_assert_max_num_queries: object
) -> None:
    client = client_of(alice)
    for seed in range(1, 4):
        trashed(alice, seed)
    with django_assert_max_num_queries(6):  # type: ignore[operator]
        client.get("/trash/")
    assert client.get(f"/trash/?page={10**9}").status_code == 200

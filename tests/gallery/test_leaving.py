"""Leaving for good: the account closes at once, and nothing of the person is left anywhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.conf import settings as settings_of_project
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks
from rest_framework.authtoken.models import Token

from gallery.models import Album, Image, Notice, Upload, User
from gallery.services.albums import share_album_with
from gallery.services.conversation import write_comment
from gallery.services.images import hide_images, restore_images
from gallery.services.leaving import close_account, delete_what_was_left, finish_leavings
from gallery.storage import avatar_directory
from tagging.models import (
    ClosedWorld,
    Content,
    Embedding,
    ImageTag,
    PhotoWord,
    Sighting,
    Suggestion,
    TagEvent,
    TwinGroup,
    Vote,
)
from tagging.services.vectors import catch_up_vectors, vector_files
from tests.gallery.cast import client_of, store
from tests.gallery.own_cast import fill_account, take_out

pytestmark = pytest.mark.django_db
BACKBONE = "efficientnet_lite0"


@pytest.fixture
def known_to_all(
    alice: User,
    bob: User,
    mona: User,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> list[Image]:
    """Alice with something in every corner of the site."""
    User.objects.filter(pk=alice.pk).update(username="alice-anders", last_name="Anders")
    alice.refresh_from_db()
    images = fill_account(alice, bob)
    for number, image in enumerate(images):
        content = Content.objects.create(
            sha256=image.sha256, dhash=image.dhash, group=TwinGroup.objects.create()
        )
        vector = np.full(1792, number + 1, "<f2").tobytes()
        Embedding.objects.create(content=content, backbone=BACKBONE, vector=vector)
    catch_up_vectors(backbone=BACKBONE)
    hide_images(images=Image.objects.filter(pk=images[0].pk), moderator=mona, reason="")
    restore_images(images=Image.objects.filter(pk=images[0].pk), moderator=mona)
    LogEntry.objects.log_actions(
        mona.pk, [alice], CHANGE, "Named alice-anders.", single_object=True
    )
    EmailAddress.objects.create(user=alice, email=alice.email, verified=True, primary=True)
    Token.objects.create(user=alice)
    Sighting.objects.create(person=alice, mark="m", hour=timezone.now())
    ClosedWorld.objects.create(name="alice-anders: /home/alice-anders/birds")
    take_out(alice)
    begun = Upload.objects.create(owner=alice, name="half.jpg", size=9, expires_at=timezone.now())
    begun.path.parent.mkdir(parents=True, exist_ok=True)
    begun.path.write_bytes(b"half")
    alice.avatar_folder = images[0].folder
    alice.save()
    avatar = avatar_directory(images[0].folder)
    avatar.mkdir(parents=True)
    (avatar / "256.webp").write_bytes(b"face")
    return images


def everything_written() -> str:
    """Return every value of every row there is, but for what datasets and versions remember."""
    told = []
    for model in apps.get_models(include_auto_created=True):
        told += [str(row) for row in model._base_manager.values()]
    return "\n".join(told)


def rows_that_name(person: User) -> set[str]:
    """Return the tables in which a row belongs to the person."""
    return {
        model._meta.label_lower
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.concrete_fields
        if field.related_model is User and model._base_manager.filter(**{field.name: person})
    }


def every_file() -> list[Path]:
    media = Path(settings_of_project.MEDIA_ROOT)
    return [path for path in media.rglob("*") if path.is_file()]


def test_nothing_of_the_person_is_left_anywhere(
    known_to_all: list[Image],
    alice: User,
    bob: User,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    carl = User.objects.create_user("carl")
    Image.objects.filter(pk=known_to_all[0].pk).update(comments_open=True)
    for author in (bob, carl):
        write_comment(author=author, image=Image.objects.get(pk=known_to_all[0].pk), text="Oh!")
    told = Notice.objects.get(person=bob, actor=carl)
    assert told.text == "carl also wrote about a photo by alice-anders: Oh!"
    share_album_with(album=Album.objects.get(), username="carl", may_add=False, by=alice)
    assert PhotoWord.objects.filter(image__owner=alice).exists()
    client = client_of(alice)
    hashes = [image.sha256 for image in known_to_all]
    bobs = Image.objects.get(owner=bob)
    before = everything_written()
    assert all(word in before for word in ["alice-anders", "Anders", alice.email, *hashes])

    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(
            "/leave/", {"username": "alice-anders", "password": "alice-secret-9"}, follow=True
        )
        assert "Your account is closed" in answer.content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        delete_what_was_left(person_id=alice.pk)

    after = everything_written()
    for word in ["alice-anders", "Anders", alice.email, "My favourite.", "Herons", *hashes]:
        assert word not in after, word
    for word in ["How white", "for gran", "Days out", "dawn", "tag%3Aheron", "half.jpg"]:
        assert word in before and word not in after, word
    # A word that everybody uses stays, and votes on photos of others do.
    kept = {"tagging.imagetag", "tagging.tag", "tagging.tagevent", "tagging.vote"}
    assert rows_that_name(alice) == kept
    assert all(str(bobs.folder.hex) in str(path) for path in every_file())
    assert Content.objects.count() == TwinGroup.objects.count() == Embedding.objects.count() == 0
    stored = vector_files(BACKBONE).open()
    assert stored is None or not len(stored.nearest(np.ones(1792, np.float16), 5)[0])
    assert not Suggestion.objects.exists()
    assert not Sighting.objects.exists()
    bobs.refresh_from_db()
    bob.refresh_from_db()
    carl.refresh_from_db()
    assert (bobs.like_count, bobs.comment_count, bob.unread_notices) == (0, 0, 0)
    assert carl.unread_notices == 0
    assert not Notice.objects.filter(actor=alice).exists()
    assert all("_auth_user_id" not in session.get_decoded() for session in Session.objects.all())


def test_what_they_said_of_others_photos_stays_as_nobodys(
    known_to_all: list[Image], alice: User, bob: User
) -> None:
    close_account(person=alice)
    delete_what_was_left(person_id=alice.pk)

    vote = Vote.objects.current().get(person=alice)
    assert (vote.value, vote.tag.name) == ("yes", "swan")
    assert vote.person.username == f"left-{alice.pk}"
    assert ImageTag.objects.get(tag__name="swan").added_by_id == alice.pk
    page = client_of(bob).get(Image.objects.get().get_absolute_url()).content.decode()
    assert "alice" not in page
    assert "somebody who left" in page
    assert TagEvent.objects.filter(actor=alice).count() == 1


def test_the_account_is_closed_before_any_job_runs(
    known_to_all: list[Image], alice: User, bob: User
) -> None:
    owner = client_of(alice)
    key = Token.objects.get().key
    close_account(person=alice)

    assert owner.get("/trash/").status_code == 302
    assert not Client().login(username="alice-anders", password="alice-secret-9")
    api = Client(headers={"Authorization": f"Token {key}"})
    assert api.get("/api/v1/images/").status_code == 401
    assert Client().get("/people/alice-anders/").status_code == 404
    assert Client().get(f"/people/left-{alice.pk}/").status_code == 404
    for image in known_to_all:
        assert Client().get(image.get_absolute_url()).status_code == 404
        assert Client().get(image.thumbnail_url).status_code == 404
    assert "heron" not in client_of(bob).get("/").content.decode()


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({}, "This field is required."),
        ({"username": "bob", "password": "alice-secret-9"}, "That is not your user name."),
        ({"username": "alice", "password": "wrong"}, "That is not your password."),
        ({"username": "alice\x00", "password": "alice-secret-9"}, "Null characters"),
    ],
)
def test_name_and_password_are_asked_for(alice: User, form: dict[str, str], said: str) -> None:
    store(alice)
    answer = client_of(alice).post("/leave/", form)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    alice.refresh_from_db()
    assert alice.is_active and Image.objects.exists()


def test_the_last_superuser_stays(mona: User) -> None:
    answer = client_of(mona).post("/leave/", {"username": "mona", "password": "mona-secret-9"})
    assert answer.status_code == 422
    assert "The last superuser cannot leave" in answer.content.decode()
    User.objects.create_superuser("max", "max@example.org", "max-secret-9")
    client_of(mona).post("/leave/", {"username": "mona", "password": "mona-secret-9"})
    mona.refresh_from_db()
    assert (mona.is_active, mona.is_superuser, mona.is_staff) == (False, False, False)


def test_a_job_that_was_killed_is_made_up_for(
    known_to_all: list[Image], alice: User, bob: User
) -> None:
    close_account(person=alice)
    assert finish_leavings() == 1
    assert finish_leavings() == 0
    assert not Image.with_trash.filter(owner=alice).exists()
    assert "has not left" in delete_what_was_left(person_id=bob.pk)
    assert Image.objects.filter(owner=bob).exists()


def test_a_name_like_that_of_somebody_who_left_is_no_obstacle(alice: User) -> None:
    User.objects.create_user(f"left-{alice.pk}")
    close_account(person=alice)
    alice.refresh_from_db()
    assert alice.username.startswith(f"left-{alice.pk}-")


def test_a_moderator_closes_an_account_instead_of_deleting_a_row(alice: User, mona: User) -> None:
    client = client_of(mona)
    page = client.get(f"/admin/gallery/user/{alice.pk}/change/").content.decode()
    assert f"/admin/gallery/user/{alice.pk}/leave/" in page
    assert (
        client.post(f"/admin/gallery/user/{alice.pk}/delete/", {"post": "yes"}).status_code == 403
    )
    asked = client.get(f"/admin/gallery/user/{alice.pk}/leave/").content.decode()
    assert "Nobody can undo this." in asked

    client.post(f"/admin/gallery/user/{alice.pk}/leave/")

    alice.refresh_from_db()
    assert alice.left_at is not None
    assert client.get("/admin/gallery/user/").status_code == 200
    assert client.get(f"/admin/gallery/user/{alice.pk}/leave/").status_code == 404
    client.post(f"/admin/gallery/user/{mona.pk}/leave/")
    mona.refresh_from_db()
    assert mona.left_at is None


def test_strangers_and_plain_staff_close_nobodys_account(
    alice: User, bob: User, mona: User
) -> None:
    bob.is_staff = True
    bob.save()
    for person in (alice, bob):
        client_of(person).post(f"/admin/gallery/user/{mona.pk}/leave/")
    assert not User.objects.exclude(left_at=None).exists()

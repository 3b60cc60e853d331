"""Taking everything out and bringing it in again: made by a job, fetched by its owner, compared."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from pytest_django import Settings

from gallery.models import (
    Album,
    Comment,
    Follow,
    Image,
    User,
)
from gallery.services.takeout_import import bring_in
from gallery.takeout.comparing import differences
from tagging.models import ImageTag, Vote
from tagging.services.votes import cast_vote
from tests.gallery.own_cast import empty_site, fill_account, take_out
from tests.tagging.cast import make_tag

pytestmark = pytest.mark.django_db


def test_everything_is_in_it_under_names_that_people_can_read(alice: User, bob: User) -> None:
    images = fill_account(alice, bob)

    with zipfile.ZipFile(take_out(alice)) as opened:
        names = opened.namelist()
        assert opened.testzip() is None
        manifest = json.loads(opened.read("manifest.json"))
        assert set(manifest["files"]) == set(names) - {"manifest.json"}
        for name, told in manifest["files"].items():
            assert hashlib.sha256(opened.read(name)).hexdigest() == told["sha256"]
        assert "photos/00001 A -b-heron--b- - at- dawn.jpeg" in names
        assert "photos/00002 Zürich  über.jpeg" in names
        first = json.loads(opened.read("photos/00001 A -b-heron--b- - at- dawn.json"))
        albums = json.loads(opened.read("albums.json"))
        votes = json.loads(opened.read("votes.json"))
        comments = json.loads(opened.read("comments.json"))
        profile = json.loads(opened.read("profile.json"))
    assert (first["sha256"], first["latitude"], first["likes"]) == (images[0].sha256, 47.5, 1)
    assert [(one["author"], one["is_mine"]) for one in first["comments"]] == [
        ("alice", True),
        ("bob", False),
    ]
    assert first["tags"] == [
        {"tag": "heron", "state": "confirmed", "my_vote": "yes"},
        {"tag": "lake", "state": "pending", "my_vote": ""},
    ]
    assert [place["is_mine"] for place in albums[0]["photos"]] == [True, False, True]
    assert albums[0]["cover"] == images[0].sha256
    assert [(vote["tag"], vote["vote"]) for vote in votes] == [("swan", "yes")]
    assert comments[0]["text"] == "How white it is"
    assert profile["email"] == "alice@example.org"
    assert "password" not in json.dumps(profile)


@pytest.mark.django_db(transaction=True)
def test_a_rich_account_comes_back_whole_in_an_empty_site(
    alice: User, bob: User, settings: Settings, tmp_path: Path
) -> None:
    fill_account(alice, bob)
    before = tmp_path / "before.zip"
    take_out(alice).rename(before)
    empty_site(settings, tmp_path / "other")
    again = User.objects.create_user("heronlover", "new@example.org", "alice-secret-9")

    report = bring_in(path=before, person=again)

    assert report.problems == []
    assert dict(report.numbers) == {
        "photos": 4,
        "albums": 1,
        "tags": 2,
        "others_tags": 1,
        "comments": 1,
        "others_comments": 1,
        "searches": 1,
    }
    after = take_out(again)
    assert differences(before, after) == []
    assert not Follow.objects.exists()
    assert set(ImageTag.objects.values_list("tag__name", "state")) == {
        ("heron", "confirmed"),
        ("ship", "rejected"),
    }
    assert all(image.directory.is_dir() for image in Image.with_trash.all())
    assert Image.objects.count() == 3


def test_a_difference_is_named(alice: User, bob: User, tmp_path: Path) -> None:
    images = fill_account(alice, bob)
    before = tmp_path / "before.zip"
    take_out(alice).rename(before)
    Image.objects.filter(pk=images[0].pk).update(title="Egret")
    Comment.objects.filter(author=alice).update(text="Other")
    Album.objects.get().places.first().delete()  # type: ignore[union-attr]
    images[2].delete()

    found = "\n".join(differences(before, take_out(alice)))

    assert "title is 'A <b>heron</b> / at: dawn' and 'Egret'" in found
    assert "My favourite." in found
    assert "album Lake" in found
    assert f"The photo {images[2].sha256} is only in the first." in found
    with pytest.raises(CommandError, match="differences"):
        call_command("compare_takeouts", before, take_out(alice))


def test_bringing_it_in_twice_doubles_nothing(alice: User, bob: User, tmp_path: Path) -> None:
    fill_account(alice, bob)
    kept = tmp_path / "kept.zip"
    take_out(alice).rename(kept)

    def counts() -> list[int]:
        return [model._default_manager.count() for model in (Album, Comment, Vote, ImageTag)] + [
            Image.with_trash.count(),
            Image.objects.count(),
        ]

    before = counts()
    report = bring_in(path=kept, person=alice)
    assert counts() == before
    assert report.numbers["photos_known"] == 4
    assert report.numbers["photos"] == report.numbers["albums"] == report.numbers["tags"] == 0


def test_known_photos_are_filled_and_not_overwritten(
    alice: User, bob: User, tmp_path: Path
) -> None:
    images = fill_account(alice, bob)
    kept = tmp_path / "kept.zip"
    take_out(alice).rename(kept)
    Image.objects.filter(pk=images[0].pk).update(
        title="Mine now", description="", visibility="private"
    )
    cast_vote(person=alice, image=images[0], tag=make_tag("heron"), value="no")
    bring_in(path=kept, person=alice)

    image = Image.objects.get(pk=images[0].pk)
    told = (image.title, image.description, image.visibility)
    assert told == ("Mine now", "First\nlight", "private")
    assert Vote.objects.current().get(person=alice, tag__name="heron").value == "no"


def test_blocked_tags_stay_out_and_are_counted(
    alice: User, bob: User, settings: Settings, tmp_path: Path
) -> None:
    fill_account(alice, bob)
    kept = tmp_path / "kept.zip"
    take_out(alice).rename(kept)
    carl = User.objects.create_user("carl")
    tag = make_tag("heron")
    type(tag).objects.filter(pk=tag.pk).update(is_blocked=True)
    assert bring_in(path=kept, person=carl).numbers["tags_refused"] == 1

"""How many queries each page may ask: the same for three rows and for thirty, and as committed.

The budgets lie in tests/query_budgets.json. After a change that is meant, write them anew with

    EYES_WRITE_QUERY_BUDGETS=1 python -m pytest tests/eyes/test_query_budgets.py
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from benchmarks.listed_pages import PAGES, ListedPage, subjects_of
from gallery.models import (
    Album,
    AlbumPhoto,
    Comment,
    Follow,
    Image,
    Like,
    Notice,
    User,
)
from gallery.services.images import store_image
from tagging.models import ImageTag, ModelVersion, Suggestion, Tag, TagState, Vote, VoteValue

BUDGETS = Path(__file__).resolve().parents[1] / "query_budgets.json"
WRITES = os.environ.get("EYES_WRITE_QUERY_BUDGETS") == "1"
FEW, MANY = 3, 30
# Photos of others are on show: page and viewer see the same number of rows, however many there are.
VIEWERS = ("visitor", "member", "moderator")


def listed() -> list[tuple[ListedPage, str]]:
    """Return every page that this site has, with everybody who opens it."""
    anything = {
        "photo": "1",
        "person": "x",
        "tag": "x",
        "word": "x",
        "other_word": "x",
        "album": "1",
    }
    here = [page for page in PAGES if page.address(anything)]
    return [
        (page, viewer)
        for page in here
        for viewer in VIEWERS
        if viewer != "visitor" or not page.is_personal
    ]


@pytest.fixture(scope="module")
def budgets() -> dict[str, dict[str, int]]:
    """The committed budgets, by page and viewer."""
    found: dict[str, dict[str, int]] = json.loads(BUDGETS.read_text()) if BUDGETS.exists() else {}
    return found


def populate(rows: int, owner: User, member: User, photo: bytes) -> dict[str, str]:
    """Fill a site in which everything there can be many of is there so many times."""
    people = User.objects.bulk_create(User(username=f"p{n}", password="!") for n in range(rows))
    first = store_image(
        owner=owner, data=photo, name="a.jpg", visibility="public", teaches=True, announce=False
    ).image
    columns = {f.attname: getattr(first, f.attname) for f in Image._meta.concrete_fields}
    own = {"id": None, "folder": None, "sha256": None, "link_key": None}
    copies = [
        Image(**{**columns, **own, "folder": uuid4(), "sha256": f"{n:064}", "link_key": f"k{n}"})
        for n in range(1, rows)
    ]
    images = [first, *Image.objects.bulk_create(copies)]
    tags = Tag.objects.bulk_create(Tag(name=f"word{n}", slug=f"word{n}") for n in range(2 * rows))
    say_things(images, tags, people)
    Comment.objects.bulk_create(
        Comment(image=first, author=person, text=f"Nice {person}") for person in people
    )
    Like.objects.bulk_create(Like(image=first, person=person) for person in people)
    Follow.objects.bulk_create(Follow(follower=member, followed=person) for person in people)
    Follow.objects.create(follower=member, followed=owner)
    Notice.objects.bulk_create(Notice(person=member, text="News", actor=p) for p in people)
    albums = [Album.objects.create(owner=owner, title=f"A{n}", visibility="public", cover=image)
              for n, image in enumerate(images)]  # fmt: skip
    AlbumPhoto.objects.bulk_create(
        AlbumPhoto(album=albums[0], image=image, position=n) for n, image in enumerate(images)
    )
    return subjects_of(first, owner, tags[0], tags[1], albums[0])


def say_things(images: list[Image], tags: list[Tag], people: list[User]) -> None:
    """Let people and the network say something of every photo, and much of the first one."""
    half = len(tags) // 2
    pairs = [(images[0], tag) for tag in tags[2:half]]
    pairs += [(image, tag) for image in images for tag in tags[:2]]
    ImageTag.objects.bulk_create(
        ImageTag(image=image, tag=tag, state=TagState.CONFIRMED, added_by=people[0])
        for image, tag in pairs
    )
    Vote.objects.bulk_create(
        Vote(image=image, tag=tag, person=person, value=VoteValue.YES)
        for image, tag in pairs
        for person in people[:2]
    )
    version = ModelVersion.objects.bootstrap()
    offered = [(images[0], tag) for tag in tags[half:]]
    offered += [(image, tags[-1]) for image in images[1:]]
    Suggestion.objects.bulk_create(
        Suggestion(image=image, tag=tag, version=version, score=0.9, source="bootstrap")
        for image, tag in offered
    )


def count_queries(client: Client, address: str) -> int:
    """Return how many queries a page asks once this process knows what it keeps in memory."""
    assert client.get(address).status_code == 200
    with CaptureQueriesContext(connection) as captured:
        client.get(address)
    return len(captured)


@pytest.mark.parametrize("rows", [FEW, MANY])
def test_pages_stay_within_their_budgets(
    rows: int,
    alice: User,
    bob: User,
    mona: User,
    photo_bytes: Callable[[int], bytes],
    budgets: dict[str, dict[str, int]],
) -> None:
    subjects = populate(rows, alice, bob, photo_bytes(1))
    clients = {"visitor": Client(), "member": Client(), "moderator": Client()}
    clients["member"].force_login(bob)
    clients["moderator"].force_login(mona)
    counted: dict[str, dict[str, int]] = {}
    for page, viewer in listed():
        number = count_queries(clients[viewer], page.address(subjects))
        counted.setdefault(page.name, {})[viewer] = number
    if WRITES and rows == FEW:
        BUDGETS.write_text(json.dumps(counted, indent=2) + "\n")
        budgets.update(counted)
    # Equal for three and for thirty: both are held against the same file.
    assert counted == budgets, "EYES_WRITE_QUERY_BUDGETS=1 writes the file anew"

"""How many queries each page may ask: the same for three rows and for thirty, and as committed.

The budgets lie in tests/query_budgets.json. After a change that is meant, write them anew with

    EYES_WRITE_QUERY_BUDGETS=1 python -m pytest tests/eyes/test_query_budgets.py
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from benchmarks.listed_pages import PAGES, ListedPage, subjects_of
from gallery.models import (
    Album,
    AlbumMember,
    AlbumPhoto,
    Comment,
    Follow,
    Image,
    Like,
    Notice,
    User,
)
from gallery.services.sharing import make_share_link
from tagging.models import (
    Content,
    ImageTag,
    ModelVersion,
    SavedSearch,
    Suggestion,
    Tag,
    TagState,
    TwinGroup,
    Vote,
    VoteValue,
)
from tests.gallery.cast import client_of, store

BUDGETS = Path(__file__).resolve().parents[1] / "query_budgets.json"
WRITES = os.environ.get("EYES_WRITE_QUERY_BUDGETS") == "1"
FEW, MANY = 3, 30
# Photos of others are on show: page and viewer see the same number of rows, however many there are.
VIEWERS = ("visitor", "member", "moderator")
QUESTION = "?q=({word}+OR+{other_word}+OR+nice)+-by:{follower}+is:landscape&sort=likes"


# Beside the pages of the benchmark.
FURTHER = (
    ListedPage("search, a question", "tagging:search", (), QUESTION),
    ListedPage("albums of a person", "gallery:albums_of", ("person",)),
    ListedPage("comments", "gallery:comments", ("photo",)),
    ListedPage("likes", "gallery:likes", ("photo",)),
    ListedPage("followers", "gallery:followers", ("person",)),
    ListedPage("following", "gallery:following", ("follower",)),
    ListedPage("shared album", "gallery:shared", ("album_link",)),
    ListedPage("shared photo", "gallery:shared", ("photo_link",)),
    ListedPage("feed of the newest", "gallery:newest_feed"),
    ListedPage("feed of a person", "gallery:person_feed", ("person",)),
    ListedPage("feed of a tag", "tagging:tag_feed", ("tag",)),
    ListedPage("one's own photos", "gallery:profile", ("follower",)),
    ListedPage("albums of others", "gallery:albums", (), "?shared=1", is_personal=True),
    ListedPage("liked", "gallery:liked", is_personal=True),
    ListedPage("links", "gallery:links", is_personal=True),
    ListedPage("settings", "gallery:settings", is_personal=True),
    ListedPage("kinds of notices", "gallery:notice_choices", is_personal=True),
    ListedPage("takeout", "gallery:takeout", is_personal=True),
    ListedPage("leaving", "gallery:leave", is_personal=True),
    ListedPage("duplicates", "tagging:duplicates", is_personal=True),
    ListedPage("albums of a photo", "gallery:image_albums", ("own_photo",), is_personal=True),
)


def listed() -> list[tuple[ListedPage, str]]:
    """Return every page in the lists, with everybody who opens it."""
    return [
        (page, viewer)
        for page in (*PAGES, *FURTHER)
        for viewer in VIEWERS
        if (viewer != "visitor" or not page.is_personal)
        and (viewer == "member" or "own_photo" not in page.needs)
    ]


@pytest.fixture(scope="module")
def budgets() -> dict[str, dict[str, int]]:
    """The committed budgets, by page and viewer."""
    found: dict[str, dict[str, int]] = json.loads(BUDGETS.read_text()) if BUDGETS.exists() else {}
    return found


def populate(rows: int, owner: User, member: User) -> dict[str, str]:
    """Fill a site in which everything there can be many of is there so many times."""
    people = User.objects.bulk_create(User(username=f"p{n}", password="!") for n in range(rows))
    first = store(owner)
    images = [first, *copies_of(first, "a", rows - 1)]
    tags = Tag.objects.bulk_create(Tag(name=f"word{n}", slug=f"word{n}") for n in range(2 * rows))
    say_things(images, tags, people)
    Comment.objects.bulk_create(
        Comment(image=first, author=person, text=f"Nice {person}") for person in people
    )
    Like.objects.bulk_create(Like(image=first, person=person) for person in people)
    Image.objects.filter(pk=first.pk).update(comment_count=rows, like_count=rows)
    Follow.objects.bulk_create(Follow(follower=member, followed=person) for person in people)
    Follow.objects.create(follower=member, followed=owner)
    Notice.objects.bulk_create(Notice(person=member, text="News", actor=p) for p in people)
    albums = [Album.objects.create(owner=owner, title=f"A{n}", visibility="public", cover=image)
              for n, image in enumerate(images)]  # fmt: skip
    AlbumPhoto.objects.bulk_create(
        AlbumPhoto(album=album, image=image, position=n)
        for n, image in enumerate(images)
        for album in {albums[0], albums[n]}
    )
    links = [
        make_share_link(by=owner, album=albums[0]).token,
        make_share_link(by=owner, image=first).token,
    ]
    own = give_to(member, first, rows, albums)
    return {
        **subjects_of(first, owner, tags[0], tags[1], albums[0]),
        "album_link": links[0],
        "photo_link": links[1],
        "follower": member.username,
        "own_photo": str(own.pk),
    }


def copies_of(image: Image, series: str, number: int, **other: object) -> list[Image]:
    """Return new rows like this photo's, with names of their own."""
    columns = {f.attname: getattr(image, f.attname) for f in Image._meta.concrete_fields}
    return Image.objects.bulk_create(
        Image(
            **{**columns, "id": None, **other, "folder": uuid4()}
            | {"sha256": f"{series}{n:063}", "link_key": f"{series}{n}"}
        )
        for n in range(number)
    )


def give_to(member: User, image: Image, rows: int, albums: list[Album]) -> Image:
    """Give somebody photos, twins, a trash, albums, links, likes and searches; return a photo."""
    mine = copies_of(image, "b", rows, owner_id=member.pk)
    twins = copies_of(image, "c", rows, owner_id=member.pk)
    copies_of(image, "d", rows, owner_id=member.pk, deleted_at=timezone.now())
    for one, other in zip(mine, twins, strict=True):
        group = TwinGroup.objects.create()
        for photo in (one, other):
            Content.objects.create(sha256=photo.sha256, group=group)
    for number, photo in enumerate(mine):
        album = Album.objects.create(owner=member, title=f"B{number}")
        AlbumPhoto.objects.create(album=album, image=photo, position=1)
        make_share_link(by=member, image=photo)
        SavedSearch.objects.create(person=member, name=f"S{number}", address="q=word0")
        AlbumMember.objects.create(album=albums[number], person=member, may_add=True)
        Like.objects.create(image=Image.objects.filter(owner=image.owner)[number], person=member)
    return mine[0]


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
    assert client.get(address).status_code == 200, address
    with CaptureQueriesContext(connection) as captured:
        client.get(address)
    return len(captured)


@pytest.mark.parametrize("rows", [FEW, MANY])
def test_pages_stay_within_their_budgets(
    rows: int,
    alice: User,
    bob: User,
    mona: User,
    budgets: dict[str, dict[str, int]],
) -> None:
    subjects = populate(rows, alice, bob)
    people = {"visitor": None, "member": bob, "moderator": mona}
    clients = {viewer: client_of(person) for viewer, person in people.items()}
    counted: dict[str, dict[str, int]] = {}
    for page, viewer in listed():
        number = count_queries(clients[viewer], page.address(subjects))
        counted.setdefault(page.name, {})[viewer] = number
    if WRITES and rows == FEW:
        BUDGETS.write_text(json.dumps(counted, indent=2) + "\n")
        budgets.update(counted)
    # Equal for three and for thirty: both are held against the same file.
    assert counted == budgets, "EYES_WRITE_QUERY_BUDGETS=1 writes the file anew"

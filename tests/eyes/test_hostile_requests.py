"""Every address of the site, asked nonsense by strangers and members: no page breaks, nothing that
is not theirs changes, nobody is led to another site, and no other site's form is taken."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.exceptions import NoReverseMatch
from django.utils import timezone

from gallery.models import (
    Album,
    Comment,
    Image,
    ShareLink,
    Takeout,
    TakeoutImport,
    Upload,
    User,
)
from gallery.services.trash import trash_images
from tagging.models import ImageTag, SavedSearch, TagEvent, Vote
from tests.gallery.cast import client_of, store
from tests.gallery.own_cast import fill_account

pytestmark = pytest.mark.django_db

NONSENSE = (
    "\x00",
    "-1",
    "9" * 400,
    "١٢",
    "ü\u202e'\"<script>",
    "((((((" * 300,
    "9" * 18 + "_" + "9" * 18,
)
NAMES = (
    *("page", "mark", "before", "after", "key", "q", "tag", "name", "by", "sort", "image", "look"),
    *("taken", "camera", "owner", "colour", "licence", "orientation", "select", "starts", "limit"),
    *("offset", "shared", "next", "format"),
)
FIELDS = (
    *("image", "photo", "photos", "deed", "value", "word", "scope", "all", "next", "moment", "to"),
    *("beside", "here", "album", "do", "person", "username", "may_add", "lifetime", "last_day"),
    *("password", "note", "text", "liked", "follow", "open", "title", "description", "visibility"),
    *("address", "name", "kept", "other", "decision", "tag", "kind", "fully", "language", "bio"),
    *("appearance", "order", "back", "sure"),
)


def addresses() -> Iterator[tuple[str, str]]:
    """Yield the name and the arguments' kinds of every address below our own rooms."""
    yield from _below(get_resolver().url_patterns, "")


def _below(patterns: list[URLPattern | URLResolver], space: str) -> Iterator[tuple[str, str]]:
    for one in patterns:
        if isinstance(one, URLResolver):
            inner = f"{space}{one.namespace}:" if one.namespace else space
            if not inner.startswith(("admin", "account", "socialaccount")):
                yield from _below(one.url_patterns, inner)
        elif one.name and not one.name.startswith(("account_", "socialaccount")):
            yield f"{space}{one.name}", str(one.pattern)


def paths(things: dict[str, object]) -> list[str]:
    """Return the addresses of all pages about these things."""
    found = set()
    for name, pattern in addresses():
        kinds = {
            key: value
            for key, value in things.items()
            if f":{key}>" in pattern or f"<{key}>" in pattern
        }
        if "comments/<int:pk>" in pattern and "images" not in pattern:
            kinds["pk"] = things["comment"]
        if "albums/<int:pk>" in pattern:
            kinds["pk"] = things["album"]
        if "<uuid:pk>" in pattern:
            kinds["pk"] = things["upload"]
        if "links/<int:pk>" in pattern:
            kinds["pk"] = things["link"]
        if "saved/<int:pk>" in pattern:
            kinds["pk"] = things["search"]
        if "tag-events/<int:pk>" in pattern:
            kinds["pk"] = things["event"]
        try:
            found.add(reverse(name, kwargs=kinds))
        except NoReverseMatch:
            continue
    return sorted(found)


@pytest.fixture
def things(alice: User, bob: User) -> dict[str, object]:
    """Alice's account, of which a page or a deed may be about anything."""
    images = fill_account(alice, bob)
    private = Image.objects.get(owner=alice, visibility="private")
    comment = Comment.objects.filter(author=alice).earliest("pk")
    link, album = ShareLink.objects.get(), Album.objects.get()
    Album.objects.update(visibility="private")
    album.members.all().delete()
    upload = Upload.objects.create(
        owner=alice, size=9, expires_at=timezone.now() + timezone.timedelta(hours=1)
    )
    takeout = Takeout.objects.create(person=alice, state="done")
    TakeoutImport.objects.create(person=alice, state="failed")
    event = TagEvent.objects.filter(actor=alice).latest("pk")
    return {
        "pk": private.pk,
        "image": images[1].pk,
        "comment": comment.pk,
        "album": album.pk,
        "link": link.pk,
        "token": link.token,
        "upload": upload.pk,
        "key": takeout.pk,
        "search": SavedSearch.objects.get().pk,
        "event": event.pk,
        "username": "alice",
        "slug": "heron",
        "folder": UUID(int=1),
        "side": 80,
        "width": 320,
        "suffix": "webp",
        "section": "photos",
    }


def test_there_are_as_many_addresses_as_we_think(things: dict[str, object]) -> None:
    found = paths(things)

    assert len(found) > 90
    assert f"/albums/{things['album']}/share/" in found


def test_nonsense_in_an_address_breaks_no_page(
    things: dict[str, object], bob: User, mona: User
) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(mona)
    broken = []
    for path in paths(things):
        for number, word in enumerate(NONSENSE):
            if "/api/schema" in path and number:
                continue
            cache.clear()
            answer = client.get(path, dict.fromkeys(NAMES, word))
            if answer.status_code >= 500:
                broken.append((path, word[:20], answer.status_code))
    assert not broken, "\n".join(sorted({path for path, *_rest in broken}))


def test_nonsense_in_a_form_breaks_no_page(things: dict[str, object], alice: User) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(alice)
    broken = []
    for path in paths(things):
        if path in ("/leave/", "/accounts/logout/", "/language/setlang/"):
            continue
        for word in NONSENSE:
            cache.clear()
            answer = client.post(path, dict.fromkeys(FIELDS, word))
            if answer.status_code >= 500:
                broken.append((path, word[:20], answer.status_code))
    assert not broken, "\n".join(sorted({path for path, *_rest in broken}))


@pytest.mark.parametrize("who", ["stranger", "bob"])
def test_nobody_does_anything_to_what_is_not_theirs(
    things: dict[str, object], alice: User, bob: User, who: str
) -> None:
    client = client_of(bob) if who == "bob" else Client()
    forms, state = forms_about(things, bob), state_of(alice)
    tus = {"HTTP_TUS_RESUMABLE": "1.0.0", "HTTP_UPLOAD_OFFSET": "0"}
    kind = "application/offset+octet-stream"
    for path in paths(things):
        cache.clear()
        if path == "/leave/":
            continue
        client.post(path, forms)
        if path.startswith(("/api/", "/upload/")):
            for method in ("post", "put", "patch", "delete"):
                getattr(client, method)(path, data=forms, content_type="application/json")
            client.patch(path, data="x", content_type=kind, **tus)
            client.delete(path, **tus)
    assert state_of(alice) == state


def forms_about(things: dict[str, object], bob: User) -> dict[str, object]:
    """Return every field of every form, about what is Alice's."""
    photo = things["pk"]
    theirs = store(bob, 70)
    return {
        "image": photo, "photo": [photo], "photos": str(photo), "deed": "visibility=public",
        "value": "yes", "word": "x", "scope": f"album:{things['album']}", "all": "1",
        "to": "earlier", "beside": photo, "album": things["album"], "do": "remove",
        "person": bob.pk, "username": "bob", "may_add": "on", "lifetime": "never",
        "text": "Mine now", "open": "no", "title": "Mine now", "visibility": "public",
        "address": "q=x", "name": "Mine now", "kept": photo, "other": theirs.pk,
        "decision": "merge", "tag": "heron", "kind": "rejected", "fully": "yes", "order": "newest",
        "sure": "1", "moment": "1", "password": "bob-secret-9", "sha256": ["0" * 64],
    }  # fmt: skip


def state_of(alice: User) -> dict[str, object]:
    """Return everything that only Alice may change."""
    photos = Image.with_trash.filter(owner=alice).order_by("pk")
    columns = (
        "pk", "title", "description", "visibility", "deleted_at", "licence", "comments_open",
        "teaches", "offers_original", "like_count",
    )  # fmt: skip
    private = photos.filter(visibility="private")
    return {
        "photos": list(photos.values(*columns)),
        "albums": list(Album.objects.filter(owner=alice).values()),
        "places": list(Album.photos.through.objects.filter(album__owner=alice).values()),
        "members": Album.objects.get(owner=alice).members.count(),
        "links": list(ShareLink.objects.filter(created_by=alice).values("pk", "revoked_at")),
        "comments": list(Comment.objects.filter(author=alice).values("pk", "text")),
        "below": Comment.objects.filter(image__in=private).count(),
        "uploads": list(Upload.objects.filter(owner=alice).values()),
        "takeouts": list(Takeout.objects.filter(person=alice).values()),
        "imports": list(TakeoutImport.objects.filter(person=alice).values()),
        "searches": list(SavedSearch.objects.filter(person=alice).values()),
        "votes": list(Vote.objects.filter(person=alice).values("pk", "value", "replaced_at")),
        "tags": list(ImageTag.objects.filter(image__in=private).values("pk", "state")),
        "person": User.objects.filter(pk=alice.pk).values("bio", "avatar_folder", "email").get(),
        "follows": list(alice.follows.values_list("followed", flat=True)),
    }


def test_no_form_of_another_site_is_taken(things: dict[str, object], alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    state = state_of(alice)
    for path in paths(things):
        if path.startswith("/api/v1/token"):
            continue
        cache.clear()
        for method in ("POST", "PATCH", "DELETE"):
            headers = {"HTTP_X_HTTP_METHOD_OVERRIDE": method, "HTTP_TUS_RESUMABLE": "1.0.0"}
            answer = client.post(path, {"title": "Taken over", "sure": "1"}, **headers)
            assert answer.status_code in (403, 404, 405, 415), (path, answer.status_code)
    assert state_of(alice) == state


@pytest.mark.parametrize(
    "target",
    [
        *("https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"),
        *("-1", "gallery:leave", "http:evil.example"),
    ],
)
def test_nobody_is_led_to_another_site(alice: User, target: str) -> None:
    client, image = client_of(alice), store(alice, 1)
    trash_images(images=Image.objects.filter(pk=image.pk), by=alice)
    forms: dict[str, dict[str, object]] = {
        "/trash/undo/": {"moment": "1"},
        "/photos/bulk/": {"deed": "licence=by", "photo": image.pk},
        "/appearance/": {"appearance": "dark"},
        "/language/setlang/": {"language": "de"},
        "/accounts/login/": {"login": "alice", "password": "alice-secret-9"},
    }
    for path, form in forms.items():
        answer = client.post(path, {**form, "next": target}, HTTP_REFERER=target)
        assert "evil" not in answer.get("Location", ""), path
        assert "javascript" not in answer.get("Location", ""), path

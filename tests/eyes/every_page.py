"""Every page of the site, found by its addresses, with something on each to look at."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from gallery.mailing import stop_token
from gallery.models import Image, Notice, NoticeKind, Takeout, TransferState, User
from gallery.notices import tell
from gallery.services.albums import add_to_album, make_album, share_album_with
from gallery.services.conversation import like_image, write_comment
from gallery.services.following import follow_person
from gallery.services.people import set_avatar
from gallery.services.sharing import make_share_link
from gallery.services.trash import trash_images
from gallery.services.uploads import open_upload
from gallery.uploading.wishes import Wishes
from tagging.models import Content, SavedSearch, TwinGroup
from tagging.services.votes import add_tag
from tests.conftest import draw_photo, encode
from tests.gallery.cast import store
from tests.tagging.cast import make_tag, suggest
from tests.tagging.review_cast import ask
from tests.training.test_model_card import RELIABILITY, go_live
from tests.training.test_model_pages import METRICS, add_version

# The admin is Django's own, and the API has no pages.
NOT_OURS = ("admin/", "api/")
# What stands for an argument in an address, by the name of the address or for all that have it. An
# address with an argument that is not here fails the test: say here what it can be seen with.
ARGUMENTS: dict[str, dict[str, object]] = {
    "": {
        "username": "alice",
        "slug": "heron",
        "number": 14,
        "suffix": "webp",
        "side": 160,
        "section": "photos",
    },
    "account_reset_password_from_key": {"uidb36": "1", "key": "set-password"},
    "account_confirm_email": {"key": "expired"},
}
# `pk` is a photo's, and in addresses that begin like this it is the one of this sample.
OTHER_NUMBERS = {
    "gallery:album_leave": "album_of_bob",
    "gallery:album": "album",
    "gallery:comment": "comment",
    "gallery:edit_comment": "comment",
    "gallery:delete_comment": "comment",
    "gallery:upload_": "upload",
}
OF_PHOTOS = ("gallery:comments", "gallery:close_comments")


def furnish(alice: User, bob: User) -> dict[str, object]:
    """Fill the site with photos, tags, questions, notices and a version; return what `pk` means."""
    photos = [
        store(
            alice,
            number,
            size=(480, 320),
            title="A heron at the water" if number else "",
            description="Early in the morning." if number else "",
            visibility="private" if number == 2 else "public",
        )
        for number in range(4)
    ]
    add_tag(person=bob, image=photos[1], name="heron")
    suggest(photos[1], "bird", 0.93)
    suggest(photos[1], "lake", 0.66)
    suggest(photos[0], "heron", 0.91)
    for photo in photos[:2]:
        ask(alice, photo, "heron")
    make_tag("boat")
    go_live(
        add_version(14, metrics={**METRICS, "reliability": RELIABILITY, "calibration_error": 0.023})
    )
    tell(texts={alice.pk: "Version 14 is live. Your 12 answers taught it."}, url="/models/14/")
    return {
        "pk": photos[1].pk,
        "width": photos[1].rendition_widths[0],
        **converse(alice, bob, photos[1]),
        **keep_and_share(alice, bob, photos),
    }


def converse(alice: User, bob: User, photo: Image) -> dict[str, object]:
    """Let people talk, like and follow; return samples of what came of it."""
    set_avatar(person=alice, data=encode(draw_photo(9, (400, 400))))
    for follower, followed in ((alice, bob), (bob, alice)):
        follow_person(follower=follower, followed=followed)
    like_image(person=bob, image=photo)
    like_image(person=alice, image=photo)
    write_comment(author=bob, image=photo, text="What a still morning!")
    comment = write_comment(author=alice, image=photo, text="It was, and cold.")
    to_mail = Notice.objects.filter(person=alice, kind=NoticeKind.COMMENT)[0]
    return {
        "comment": comment.pk,
        "folder": alice.avatar_folder,
        "gallery:stop_mails": stop_token(to_mail),
    }


def keep_and_share(alice: User, bob: User, photos: list[Image]) -> dict[str, object]:
    """Fill albums, a trash and a list of searches, share some of it, and return samples."""
    album = make_album(owner=alice, title="Lakes", description="In spring.", visibility="public")
    add_to_album(album=album, images=photos[:2], by=alice)
    share_album_with(album=album, username="bob", may_add=True, by=alice)
    link = make_share_link(by=alice, album=album, note="For the family")
    make_share_link(by=alice, image=photos[2], password="heron")
    theirs = make_album(owner=bob, title="Reeds")
    share_album_with(album=theirs, username="alice", may_add=False, by=bob)
    wishes = Wishes(visibility="public", licence="cc0", teaches=True)
    upload = open_upload(owner=alice, size=1000, name="lake.jpg", wishes=wishes)
    takeout = Takeout.objects.create(
        person=alice, state=TransferState.DONE, expires_at=timezone.now() + timedelta(days=1)
    )
    takeout.path.parent.mkdir(parents=True, exist_ok=True)
    takeout.path.write_bytes(b"PK")
    SavedSearch.objects.create(person=alice, name="Herons", address="q=tag%3Aheron")
    group = TwinGroup.objects.create()
    for photo in photos[:2]:
        Content.objects.update_or_create(sha256=photo.sha256, defaults={"group": group})
    trash_images(images=Image.objects.filter(pk=photos[3].pk), by=alice)
    return {
        "album": album.pk,
        "album_of_bob": theirs.pk,
        "token": link.token,
        "upload": upload.pk,
        "key": takeout.pk,
    }


def addresses(samples: dict[str, object]) -> dict[str, str]:
    """Return the address of everything that has a name, by that name."""
    found = {}
    for name, arguments in _named(get_resolver().url_patterns, "", ""):
        known = {**samples, **ARGUMENTS[""], **ARGUMENTS.get(name, {})}
        if name in samples:
            known["token"] = samples[name]
        known["pk"] = samples[_whose_number(name)]
        unknown = arguments - set(known)
        assert not unknown, f"Say in ARGUMENTS what {sorted(unknown)} can be in {name}."
        found[name] = reverse(name, kwargs={key: known[key] for key in arguments})
    return found


def _whose_number(name: str) -> str:
    fitting = [] if name in OF_PHOTOS else [each for each in OTHER_NUMBERS if name.startswith(each)]
    return OTHER_NUMBERS[fitting[0]] if fitting else "pk"


def pages_for(person: User | None, samples: dict[str, object]) -> dict[str, str]:
    """Return the addresses that answer this person with a whole page, by name."""
    client = Client()
    if person is not None:
        client.force_login(person)
    pages, not_there = {}, []
    for name, address in addresses(samples).items():
        answer = client.get(address)
        assert answer.status_code < 500, (name, answer.status_code)
        if answer.status_code == 404 and person is not None and person.username == "alice":
            not_there.append(f"{name}: {address}")
        if answer.status_code == 200 and _is_page(answer):
            pages[name] = address
    # All of it is about Alice's things.
    assert not_there == [], "Say above what these can be seen with."
    return pages


def _is_page(answer: HttpResponse) -> bool:
    return not answer.streaming and answer.content.lstrip()[:15].lower() == b"<!doctype html>"


def _named(
    patterns: list[URLPattern | URLResolver], prefix: str, space: str
) -> Iterator[tuple[str, set[str]]]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if route.startswith(NOT_OURS):
            continue
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from _named(pattern.url_patterns, route, inner)
        elif pattern.name:
            regex = pattern.pattern.regex
            yield f"{space}{pattern.name}", set(regex.groupindex)

"""Every page of the site, found by its addresses, with something on each to look at."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from gallery.models import User
from gallery.notices import tell
from gallery.services.images import store_image
from tagging.services.votes import add_tag
from tests.conftest import draw_photo, encode
from tests.tagging.cast import make_tag, suggest
from tests.tagging.review_cast import ask
from tests.training.test_model_card import RELIABILITY, go_live
from tests.training.test_model_pages import METRICS, add_version

# The admin is Django's own, and the API has no pages.
NOT_OURS = ("admin/", "api/")
# What stands for an argument in an address, by the name of the address or for all that have it. An
# address with an argument that is not here fails the test: say here what it can be seen with.
ARGUMENTS: dict[str, dict[str, object]] = {
    "": {"username": "alice", "slug": "heron", "number": 14},
    "account_reset_password_from_key": {"uidb36": "1", "key": "set-password"},
    "account_confirm_email": {"key": "expired"},
}


def furnish(alice: User, bob: User) -> dict[str, object]:
    """Fill the site with photos, tags, questions, notices and a version; return what `pk` means."""
    photos = [
        store_image(
            owner=alice,
            data=encode(draw_photo(number, (480, 320))),
            name=f"{number}.jpg",
            title="A heron at the water" if number else "",
            description="Early in the morning." if number else "",
            visibility="private" if number == 2 else "public",
            teaches=True,
            announce=False,
        ).image
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
    return {"pk": photos[1].pk, "width": photos[1].rendition_widths[0]}


def addresses(samples: dict[str, object]) -> dict[str, str]:
    """Return the address of everything that has a name, by that name."""
    found = {}
    for name, arguments in _named(get_resolver().url_patterns, "", ""):
        known = {**samples, **ARGUMENTS[""], **ARGUMENTS.get(name, {})}
        unknown = arguments - set(known)
        assert not unknown, f"Say in ARGUMENTS what {sorted(unknown)} can be in {name}."
        found[name] = reverse(name, kwargs={key: known[key] for key in arguments})
    return found


def pages_for(person: User | None, samples: dict[str, object]) -> dict[str, str]:
    """Return the addresses that answer this person with a whole page, by name."""
    client = Client()
    if person is not None:
        client.force_login(person)
    pages = {}
    for name, address in addresses(samples).items():
        answer = client.get(address)
        assert answer.status_code < 500, (name, answer.status_code)
        missing = answer.status_code == 404 and person is not None and person.is_staff
        assert not missing, (
            f"Say in ARGUMENTS what {name} can be seen with: {address} is not there."
        )
        if answer.status_code == 200 and _is_page(answer):
            pages[name] = address
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

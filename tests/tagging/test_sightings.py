"""Where signed-in people are seen: networks and devices, told apart and never named."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings
from rest_framework.authtoken.models import Token

from gallery.models import Image, User
from tagging import tasks
from tagging.models import Sighting
from tagging.services.votes import add_tag
from tagging.sightings import COOKIE, network_of
from tests.tagging.cast import make_image, make_tag


@pytest.fixture(autouse=True)
def among_strangers(settings: Settings) -> None:
    settings.EYES_POLICY = "public"


@pytest.fixture
def photo(alice: User) -> Image:
    return make_image(alice)


def signed_in(person: User) -> Client:
    client = Client(REMOTE_ADDR="203.0.113.7")
    client.force_login(person)
    return client


def vote(client: Client, photo: Image, value: str = "yes") -> None:
    data = {"tag": make_tag("cat").pk, "value": value}
    assert client.post(reverse("tagging:vote", args=[photo.pk]), data).status_code == 302


def test_a_vote_notes_the_network_and_from_then_on_the_device(photo: Image, bob: User) -> None:
    client = signed_in(bob)
    vote(client, photo)
    assert Sighting.objects.count() == 1
    vote(client, photo, "no")
    vote(client, photo)
    assert Sighting.objects.count() == 2
    for sighting in Sighting.objects.all():
        assert sighting.person == bob
        assert re.fullmatch("[0-9a-f]{32}", sighting.mark)
        assert (sighting.hour.minute, sighting.hour.second, sighting.hour.microsecond) == (0, 0, 0)


def test_the_device_is_kept_from_scripts_and_survives_logging_out(
    photo: Image, alice: User, bob: User
) -> None:
    client = signed_in(bob)
    vote(client, photo)
    cookie = client.cookies[COOKIE]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert int(cookie["max-age"]) > 300 * 24 * 3600
    device = cookie.value
    vote(client, photo, "no")
    client.post(reverse("account_logout"))
    client.force_login(alice)
    client.cookies[COOKIE] = device
    client.defaults["REMOTE_ADDR"] = "198.51.100.9"
    vote(client, photo)
    marks = set.intersection(
        *(
            set(Sighting.objects.filter(person=p).values_list("mark", flat=True))
            for p in (alice, bob)
        )
    )
    assert len(marks) == 1


def test_adding_and_undoing_are_noted_too(photo: Image, bob: User) -> None:
    client = signed_in(bob)
    client.post(reverse("tagging:add", args=[photo.pk]), {"name": "cat"})
    assert Sighting.objects.filter(person=bob).count() == 1
    Sighting.objects.all().delete()
    event = photo.tag_events.get()
    client.post(reverse("tagging:undo", args=[event.pk]))
    assert Sighting.objects.filter(person=bob).exists()


def test_the_api_notes_the_person_behind_the_token_and_gives_no_device(
    photo: Image, bob: User
) -> None:
    make_tag("cat")
    token = Token.objects.create(user=bob)
    client = Client(REMOTE_ADDR="203.0.113.7", headers={"authorization": f"Token {token.key}"})
    answer = client.post(f"/api/v1/images/{photo.pk}/vote/", {"tag": "cat", "value": "yes"})
    assert answer.status_code == 200
    assert Sighting.objects.get().person == bob
    assert COOKIE not in answer.cookies


def test_two_people_on_one_network_leave_the_same_mark(
    photo: Image, alice: User, bob: User
) -> None:
    for person in (alice, bob):
        vote(signed_in(person), photo)
    assert len(set(Sighting.objects.values_list("mark", flat=True))) == 1


def test_a_made_up_device_is_no_device(photo: Image, bob: User) -> None:
    client = signed_in(bob)
    client.cookies[COOKIE] = "x" * 3000
    vote(client, photo)
    assert Sighting.objects.count() == 1
    assert client.cookies[COOKIE].value != "x" * 3000


def test_among_friends_nobody_is_watched(settings: Settings, photo: Image, bob: User) -> None:
    settings.EYES_POLICY = "community"
    client = signed_in(bob)
    vote(client, photo)
    assert not Sighting.objects.exists()
    assert COOKIE not in client.cookies


def test_visitors_and_readers_leave_nothing(photo: Image, bob: User) -> None:
    Client().post(reverse("tagging:vote", args=[photo.pk]), {"tag": 1, "value": "yes"})
    client = signed_in(bob)
    client.get(photo.get_absolute_url())
    assert not Sighting.objects.exists()
    assert COOKIE not in client.cookies


def test_looking_at_a_photo_costs_no_query_more(
    settings: Settings, photo: Image, bob: User
) -> None:
    add_tag(person=bob, image=photo, name="cat")

    def queries() -> int:
        client = signed_in(bob)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(photo.get_absolute_url()).status_code == 200
        return len(captured)

    queries()  # The very first look writes down version 0.
    watched = queries()
    settings.EYES_POLICY = "community"
    assert queries() == watched


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::9", "2001:db8:1:3::/64"),
        ("127.0.0.1", None),
        ("::1", None),
        ("", None),
        ("unix:/run/eyes.sock", None),
    ],
)
def test_a_network_is_an_ipv4_address_or_half_of_an_ipv6_one(
    address: str, network: str | None
) -> None:
    assert network_of(RequestFactory().post("/", REMOTE_ADDR=address)) == network


@pytest.mark.parametrize(
    ("proxies", "network"), [(0, "10.0.0.1"), (1, "203.0.113.7")], ids=["direct", "behind a proxy"]
)
def test_only_a_proxy_that_is_known_is_believed(
    settings: Settings, proxies: int, network: str
) -> None:
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": proxies}
    request = RequestFactory().post(
        "/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="198.51.100.1, 203.0.113.7"
    )
    assert network_of(request) == network


def test_what_is_old_is_forgotten_and_under_community_all(settings: Settings, bob: User) -> None:
    now = timezone.now()
    for days in (0, 89, 91, -2):
        Sighting.objects.create(person=bob, mark="a" * 32, hour=now - timedelta(days=days))
    assert tasks.forget_old_sightings() == "2 sightings forgotten."
    assert Sighting.objects.count() == 2
    settings.EYES_POLICY = "community"
    tasks.forget_old_sightings()
    assert not Sighting.objects.exists()


def test_an_account_that_goes_leaves_no_trace(bob: User, photo: Image) -> None:
    vote(signed_in(bob), photo)
    bob.delete()
    assert not Sighting.objects.exists()

"""One person can do much, and no machine can do it without end."""

from __future__ import annotations

import pytest

from gallery.models import Notice, User
from gallery.services.albums import make_album
from tests.gallery.cast import client_of, store

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("address", "form", "most"),
    [
        ("/images/{image}/like/", {"liked": "no"}, 120),
        ("/people/alice/follow/", {"follow": "no"}, 60),
        ("/images/{own}/share/", {}, 60),
        ("/albums/{album}/share/", {}, 60),
        ("/albums/{album}/members/", {"username": ""}, 60),
        ("/albums/new/", {}, 60),
        ("/takeout/ask/", {}, 30),
        ("/takeout/bring-in/", {}, 30),
        ("/settings/", {"bio": "x" * 501}, 30),
    ],
)
def test_a_loop_is_asked_to_wait(
    alice: User, bob: User, address: str, form: dict[str, str], most: int
) -> None:
    numbers = {
        "image": store(alice, 1).pk,
        "own": store(bob, 2).pk,
        "album": make_album(owner=bob, title="Birds").pk,
    }
    path, client = address.format(**numbers), client_of(bob)

    states = [client.post(path, form).status_code for _ in range(most + 1)]

    assert 429 not in states[:most]
    assert states[most] == 429
    assert client.post(path, form)["Retry-After"]


def test_turning_around_again_and_again_tells_nobody_twice(alice: User, bob: User) -> None:
    client, image = client_of(bob), store(alice, 1)
    for _ in range(5):
        client.post("/people/alice/follow/", {"follow": "yes"})
        client.post("/people/alice/follow/", {"follow": "no"})
        client.post(f"/images/{image.pk}/like/", {"liked": "yes"})
        client.post(f"/images/{image.pk}/like/", {"liked": "no"})

    assert Notice.objects.filter(person=alice).count() <= 2

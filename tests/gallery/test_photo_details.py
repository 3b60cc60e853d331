"""What others read of how a photo was taken, and the way from one photo to the next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django.asserts import assertContains

from gallery.models import Image, Licence, User
from gallery.services.images import store_image, update_image
from gallery.services.trash import restore_from_trash, trash_images
from tests.conftest import draw_photo, encode
from tests.gallery.cast import client_of, store
from tests.gallery.test_metadata import taken_jpeg


@pytest.fixture
def image(alice: User) -> Image:
    return store_image(
        owner=alice,
        data=taken_jpeg(DateTimeOriginal="2024:06:01 18:30:05", ISOSpeedRatings=400),
        name="p.jpg",
        visibility="public",
        teaches=True,
        announce=False,
    ).image


def page_of(image: Image, person: User | None) -> str:
    return client_of(person).get(image.get_absolute_url()).content.decode()


def test_strangers_read_camera_and_time_and_not_the_place(image: Image, bob: User) -> None:
    for person in (None, bob):
        page = page_of(image, person)
        assert "Canon EOS R5" in page
        assert "1 June 2024" in page
        assert "52.52" not in page
        assert "openstreetmap" not in page


def test_moderators_read_no_more_than_other_strangers(image: Image, mona: User) -> None:
    assert "52.52" not in page_of(image, mona)


def test_the_owner_reads_everything_and_what_others_do_not(image: Image, alice: User) -> None:
    page = page_of(image, alice)

    assert "52.5200, 13.4050" in page
    assert page.count("only you see this") == 1


def test_the_owner_decides_what_is_shown(image: Image, bob: User) -> None:
    update_image(image=image, shows_camera=False, shows_taken=False, shows_place=True)

    page = page_of(image, bob)

    assert "Canon" not in page
    assert "<dd>400</dd>" not in page
    assert "1 June 2024" not in page
    assert "mlat=52.52&amp;mlon=13.405" in page


def test_the_licence_links_to_its_deed(image: Image) -> None:
    assert "creativecommons" not in page_of(image, None)
    update_image(image=image, licence=Licence.BY_SA)

    assert 'href="https://creativecommons.org/licenses/by-sa/4.0/"' in page_of(image, None)


def test_an_owner_changes_all_of_it_in_one_form(image: Image, alice: User) -> None:
    answer = client_of(alice).post(
        f"/images/{image.pk}/edit/",
        {
            "title": "A",
            "alt": "A heron",
            "visibility": "followers",
            "licence": "by",
            "offers_original": "on",
            "shows_place": "on",
        },
    )

    assert answer.status_code == 302
    image.refresh_from_db()
    assert (image.alt, image.visibility, image.licence) == ("A heron", "followers", "by")
    assert (image.offers_original, image.comments_open, image.shows_place) == (True, False, True)
    assert (image.shows_camera, image.shows_taken, image.teaches) == (False, False, False)


@pytest.mark.parametrize(
    ("field", "value"), [("licence", "mine"), ("alt", "x" * 501), ("visibility", "moon")]
)
def test_a_wrong_choice_is_told_beside_its_field(
    image: Image, alice: User, field: str, value: str
) -> None:
    answer = client_of(alice).post(
        f"/images/{image.pk}/edit/", {"title": "A", "visibility": "public", field: value}
    )

    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {field}


def test_what_one_writes_about_a_photo_that_another_tab_deleted_is_given_back(
    image: Image, alice: User, bob: User
) -> None:
    address, words = f"/images/{image.pk}/edit/", {"title": "Two hours", "visibility": "public"}
    trash_images(images=Image.objects.filter(pk=image.pk), by=alice)

    answer = client_of(alice).post(address, words)

    assertContains(answer, "This photo is in your trash by now.", status_code=409)
    assertContains(answer, 'value="Two hours"', status_code=409)
    assert Image.with_trash.get().title == ""
    assertContains(client_of(alice).get(address), "in your trash", status_code=404)
    assert client_of(bob).post(address, words).status_code == 404
    restore_from_trash(images=Image.with_trash.all(), by=alice)
    assert client_of(alice).post(address, words).status_code == 302
    assert Image.objects.get().title == "Two hours"


def test_a_form_without_a_licence_keeps_the_old_one(image: Image, alice: User) -> None:
    update_image(image=image, licence="cc0")

    client_of(alice).post(f"/images/{image.pk}/edit/", {"visibility": "public"})

    image.refresh_from_db()
    assert image.licence == "cc0"


def test_only_what_an_owner_may_change_can_be_changed(image: Image) -> None:
    with pytest.raises(TypeError, match="sha256"):
        update_image(image=image, sha256="0" * 64)


def test_the_api_tells_what_the_page_tells(image: Image, alice: User) -> None:
    stranger = Client().get(f"/api/v1/images/{image.pk}/").json()
    owner = client_of(alice).get(f"/api/v1/images/{image.pk}/").json()

    assert (stranger["camera"], stranger["place"]) == ("Canon EOS R5", None)
    assert owner["place"] == {"latitude": 52.52, "longitude": 13.405}
    assert stranger["taken_at"].startswith("2024-06-01T18:30:05")
    assert (stranger["licence"], stranger["colour"]) == ("all-rights", image.colour)
    assert {
        "width": 96,
        "format": "webp",
        "url": f"http://testserver{image.rendition_url(96)}",
    } in (stranger["renditions"])
    update_image(image=image, shows_camera=False, shows_taken=False)
    hidden = Client().get(f"/api/v1/images/{image.pk}/").json()
    assert (hidden["camera"], hidden["exif"], hidden["taken_at"]) == ("", {}, None)


@pytest.fixture
def row(alice: User) -> list[Image]:
    """Five photos of Alice's; the third is private, and two were uploaded at the same moment."""
    images = [
        store(alice, seed, visibility="private" if seed == 3 else "public") for seed in range(1, 6)
    ]
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for image, hours in zip(images, (0, 1, 2, 3, 3), strict=True):
        Image.objects.filter(pk=image.pk).update(created_at=start + timedelta(hours=hours))
    return images


def neighbours_of(image: Image, person: User | None) -> tuple[str, str]:
    page = page_of(image, person)
    nav = page[page.index('id="neighbours"') :]
    nav = nav[: nav.index("</nav>")]
    sides = {"previous": "prev", "next": "next"}
    tags = {side: nav.split(f'id="{side}-photo" ')[1].split(">")[0].strip() for side in sides}
    # A link that leads nowhere has no `rel` either: HTML forbids it.
    links = {side: tags[side].removeprefix(f'rel="{rel}" ') for side, rel in sides.items()}
    return links["previous"], links["next"]


def test_links_lead_to_the_owners_neighbouring_photos(row: list[Image], alice: User) -> None:
    def to(image: Image) -> str:
        return f'href="/images/{image.pk}/"'

    first, second, private, fourth, fifth = row
    assert neighbours_of(second, None) == (to(fourth), to(first))
    assert neighbours_of(second, alice) == (to(private), to(first))
    assert neighbours_of(fourth, None) == (to(fifth), to(second))
    assert neighbours_of(fifth, None) == ("hidden", to(fourth))
    assert neighbours_of(first, None) == (to(second), "hidden")


def test_photos_of_others_are_no_neighbours(row: list[Image], bob: User) -> None:
    alone = store_image(
        owner=bob, data=encode(draw_photo(9)), name="p.jpg", visibility="public", teaches=True
    ).image

    assert neighbours_of(alone, None) == ("hidden", "hidden")


def test_neighbours_cost_two_queries_that_use_the_index(row: list[Image]) -> None:
    images = Image.objects.filter(owner=row[1].owner_id)
    with CaptureQueriesContext(connection) as queries:
        images.just_newer_than(row[1])
        images.just_older_than(row[1])

    assert len(queries) == 2
    if connection.vendor == "sqlite":
        for query in queries.captured_queries:
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
                plan = " ".join(str(line) for line in cursor.fetchall())
            assert "image_of_owner" in plan
            assert "TEMP B-TREE" not in plan

"""The pages of photos: who sees what, what owners change, and how long lists go on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from gallery.models import Image, User
from gallery.services.images import hide_images, store_image
from tests.conftest import draw_photo, encode
from tests.gallery.cast import client_of, store

STREAM_QUERIES = 1


@pytest.fixture
def cast(alice: User, bob: User, mona: User) -> dict[str, User | None]:
    return {"anonymous": None, "stranger": bob, "owner": alice, "moderator": mona}


SEES_PRIVATE = [("anonymous", 404), ("stranger", 404), ("owner", 200), ("moderator", 200)]


@pytest.mark.parametrize(("role", "status"), SEES_PRIVATE)
@pytest.mark.parametrize("state", ["private", "hidden"])
def test_private_and_hidden_photos_exist_only_for_owner_and_moderators(
    cast: dict[str, User | None], mona: User, role: str, status: int, state: str
) -> None:
    owner = cast["owner"]
    assert owner is not None
    image = store(
        owner, title="My secret garden", visibility="private" if state == "private" else "public"
    )
    if state == "hidden":
        hide_images(images=Image.objects.all(), moderator=mona, reason="A face")
    client = client_of(cast[role])

    assert client.get(image.get_absolute_url()).status_code == status
    file = client.get(image.thumbnail_url)
    assert file.status_code == status
    if status == 200:
        assert file["Cache-Control"] == "private, no-cache"
    assert ("My secret garden" in client.get(owner.get_absolute_url()).content.decode()) == (
        status == 200
    )
    # Nobody, not even the owner, meets it among what everybody sees.
    assert "My secret garden" not in client.get("/").content.decode()


@pytest.mark.parametrize("role", ["anonymous", "stranger", "owner", "moderator"])
def test_everybody_sees_a_public_photo_and_its_files(
    cast: dict[str, User | None], role: str
) -> None:
    owner = cast["owner"]
    assert owner is not None
    image = store(owner, title="A <b>bold</b> hill", description="By the river")
    client = client_of(cast[role])

    page = client.get(image.get_absolute_url()).content.decode()

    assert "A &lt;b&gt;bold&lt;/b&gt; hill" in page
    assert "By the river" in page
    assert f'src="{image.largest_url}"' in page
    assert 'width="96" height="64"' in page
    assert f'srcset="{image.srcset}"' in client.get("/").content.decode()
    assert "A &lt;b&gt;bold" in client.get("/").content.decode()


def test_a_file_is_webp_that_browsers_keep_for_minutes_and_then_ask_again(
    alice: User, client: Client
) -> None:
    image = store(alice)

    response = client.get(image.rendition_url(96))

    assert response["Content-Type"] == "image/webp"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "public, max-age=300"
    assert b"".join(response.streaming_content)[8:12] == b"WEBP"
    again = client.get(image.rendition_url(96), headers={"If-None-Match": response["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_an_old_mark_does_not_open_a_photo_that_became_private(alice: User, client: Client) -> None:
    image = store(alice)
    etag = client.get(image.rendition_url(96))["ETag"]
    Image.objects.update(visibility="private")

    response = client.get(image.rendition_url(96), headers={"If-None-Match": etag})

    assert response.status_code == 404


def test_a_large_photo_offers_every_size_to_the_browser(alice: User, client: Client) -> None:
    data = encode(draw_photo(1, (1400, 700)))
    image = store_image(
        owner=alice, data=data, name="p.jpg", visibility="public", teaches=True, announce=False
    ).image

    page = client.get(image.get_absolute_url()).content.decode()

    sizes = ", ".join(
        f"/media/{image.pk}/{width}.webp {width}w" for width in (320, 640, 1280, 1400)
    )
    assert f'srcset="{sizes}"' in page
    assert 'width="1400" height="700"' in page
    assert image.thumbnail_url == f"/media/{image.pk}/640.webp"


def test_the_icon_is_found_where_browsers_look_for_it(client: Client) -> None:
    assert client.get("/favicon.ico")["Location"] == "/static/logo.svg"


def test_only_the_sizes_that_exist_have_an_address(alice: User, client: Client) -> None:
    image = store(alice)

    assert client.get(image.rendition_url(320)).status_code == 404
    assert client.get(f"/media/{image.pk}/original.webp").status_code == 404
    assert client.get(f"/media/{image.pk + 1}/96.webp").status_code == 404
    # The address of the folder on disk leads nowhere, whoever asks.
    for path in (image.original_path, image.rendition_path(96)):
        inside = path.relative_to(settings.MEDIA_ROOT)
        assert client.get(f"/media/{inside}").status_code == 404


def test_a_file_that_is_gone_from_disk_is_not_found(alice: User, client: Client) -> None:
    image = store(alice)
    image.rendition_path(96).unlink()

    assert client.get(image.rendition_url(96)).status_code == 404


def test_public_files_cost_one_query(alice: User, bob: User) -> None:
    image = store(alice)
    client = client_of(bob)

    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert client.get(image.rendition_url(96)).status_code == 200

    assert len(queries) == 1


def test_the_stream_goes_from_new_to_old_without_gaps_or_repeats(
    alice: User, client: Client
) -> None:
    moment = timezone.now()
    images = [store(alice, seed) for seed in range(35)]
    # Pairs share a moment, so that only the id can tell which comes first.
    for number, image in enumerate(images):
        Image.objects.filter(pk=image.pk).update(created_at=moment + timedelta(seconds=number // 2))
    first = client.get("/").context["page"]
    newcomer = store(alice, 99)
    Image.objects.filter(pk=newcomer.pk).update(created_at=moment + timedelta(hours=1))

    second = client.get(f"/{first.older_url}").context["page"]

    seen = [image.pk for image in [*first.images, *second.images]]
    assert seen == [image.pk for image in reversed(images)]
    assert second.older_url == ""


def test_the_link_to_older_photos_works_without_and_with_a_script(
    alice: User, client: Client
) -> None:
    for seed in range(31):
        store(alice, seed)

    page = client.get("/")

    older = page.context["page"].older_url
    assert (
        f'<a class="button button--quiet" href="{older}">Older photos</a>' in page.content.decode()
    )
    assert f'hx-get="{older}"' in page.content.decode()
    assert "Older photos" not in client.get(f"/{older}").content.decode()


@pytest.mark.parametrize("mark", ["", "x", "1-", "-1", "9" * 30 + "-1", "１-１", "1-" + "9" * 40])
def test_a_broken_mark_is_no_error(alice: User, client: Client, mark: str) -> None:
    store(alice)

    assert client.get("/", {"before": mark}).status_code == 200


def test_a_longer_stream_costs_no_more_queries(alice: User, bob: User, client: Client) -> None:
    for seed in range(4):
        store([alice, bob][seed % 2], seed)
    client.get("/")

    with CaptureQueriesContext(connection) as few:
        client.get("/")
    for seed in range(4, 24):
        store([alice, bob][seed % 2], seed)
    with CaptureQueriesContext(connection) as many:
        client.get("/")

    assert len(few) == len(many) == STREAM_QUERIES


def test_a_profile_shows_strangers_only_what_is_public(alice: User, bob: User) -> None:
    store(alice, 1, title="For all")
    store(alice, 2, title="For me", visibility="private")
    store(bob, 3, title="Not hers")

    for viewer, titles in ((None, {"For all"}), (bob, {"For all"}), (alice, {"For all", "For me"})):
        response = client_of(viewer).get("/people/alice/")
        assert {image.title for image in response.context["page"].images} == titles
        assert response.context["figures"].photos == len(titles)


def test_the_profile_of_nobody_is_not_found(alice: User, client: Client) -> None:
    assert client.get("/people/nobody/").status_code == 404
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert client.get("/people/alice/").status_code == 404


def test_an_owner_edits_a_photo(alice: User) -> None:
    image = store(alice)
    client = client_of(alice)

    assert client.get(f"/images/{image.pk}/edit/").status_code == 200
    answer = client.post(
        f"/images/{image.pk}/edit/",
        {"title": "New", "description": "Words", "visibility": "private"},
    )

    assert answer["Location"] == image.get_absolute_url()
    image.refresh_from_db()
    assert (image.title, image.description) == ("New", "Words")
    assert (image.visibility, image.teaches) == ("private", False)


def test_an_edit_with_a_title_too_long_says_so_and_changes_nothing(alice: User) -> None:
    image = store(alice, title="Short")

    answer = client_of(alice).post(
        f"/images/{image.pk}/edit/", {"title": "x" * 201, "visibility": "nobody"}
    )

    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"title", "visibility"}
    image.refresh_from_db()
    assert image.title == "Short"


def test_an_owner_deletes_a_photo_after_one_question(alice: User) -> None:
    image = store(alice)
    client = client_of(alice)

    assert "Delete this photo?" in client.get(f"/images/{image.pk}/delete/").content.decode()
    assert Image.objects.exists()
    assert client.post(f"/images/{image.pk}/delete/")["Location"] == "/people/alice/"
    assert not Image.objects.exists()
    assert client.get(image.get_absolute_url()).status_code == 404


@pytest.mark.parametrize("action", ["edit", "delete"])
def test_strangers_neither_edit_nor_delete(alice: User, bob: User, action: str) -> None:
    image = store(alice, title="Hers")
    address = f"/images/{image.pk}/{action}/"

    for method in ("get", "post"):
        assert getattr(client_of(bob), method)(address).status_code == 404
        assert "/accounts/login/" in getattr(client_of(None), method)(address)["Location"]
    assert Image.objects.get().title == "Hers"
    page = client_of(bob).get(image.get_absolute_url()).content.decode()
    assert address not in page
    assert address in client_of(alice).get(image.get_absolute_url()).content.decode()


def test_an_owner_reads_why_a_photo_was_hidden(alice: User, mona: User) -> None:
    image = store(alice)
    hide_images(images=Image.objects.all(), moderator=mona, reason="A licence plate")

    page = client_of(alice).get(image.get_absolute_url()).content.decode()

    assert "A moderator hid this photo: A licence plate" in page


def test_an_address_that_leads_nowhere_gets_a_page_of_the_site(client: Client, db: None) -> None:
    response = client.get("/nowhere/")

    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()


def test_a_form_without_its_token_gets_a_page_of_the_site(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)

    response = client.post("/upload/")

    assert response.status_code == 403
    assert "The form has expired" in response.content.decode()


def test_a_broken_page_gets_a_page_of_the_site(
    client: Client, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr("gallery.views.photos.page_of_photos", fail)
    client.raise_request_exception = False

    response = client.get("/")

    assert response.status_code == 500
    assert "Something broke on our side" in response.content.decode()


@pytest.mark.parametrize(
    "address", ["/", "/upload/", "/people/alice/", "/accounts/login/", "/accounts/signup/"]
)
def test_no_page_holds_an_inline_script_or_style(alice: User, address: str) -> None:
    store(alice)
    client = client_of(None if "accounts" in address else alice)

    page = client.get(address).content.decode()

    assert "<style" not in page
    assert " style=" not in page
    assert "<script>" not in page
    assert " onclick=" not in page
    assert "default-src 'none'" in client.get(address)["Content-Security-Policy"]


@pytest.mark.django_db
def test_a_name_that_no_database_can_hold_is_nobody(client: Client) -> None:
    assert client.get("/people/%00/").status_code == 404

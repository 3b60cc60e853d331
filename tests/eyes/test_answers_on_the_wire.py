"""How answers travel: compressed where they are text, kept where one goes back to them."""

from __future__ import annotations

import gzip

from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.test import Client, RequestFactory
from pytest_django.asserts import assertContains

from eyes.compression import CompressText
from gallery.models import User
from gallery.services.images import store_image
from tests.conftest import draw_photo, encode

GZIP = {"accept-encoding": "gzip, deflate"}


def test_pages_travel_compressed(client: Client, db: None) -> None:
    page = client.get("/", headers=GZIP)
    assert page["Content-Encoding"] == "gzip"
    assert b"Share photos" in gzip.decompress(page.content)
    assert "Content-Encoding" not in client.get("/")


def test_the_same_page_does_not_always_have_the_same_length(client: Client, db: None) -> None:
    lengths = {len(client.get("/", headers=GZIP).content) for _ in range(12)}
    assert len(lengths) > 1  # The length shall tell nobody what a secret in the page begins with.


def test_photos_keep_their_bytes_and_their_length(client: Client, alice: User) -> None:
    data = encode(draw_photo(1))
    image = store_image(
        owner=alice, data=data, name="a.jpg", visibility="public", teaches=True
    ).image
    photo = client.get(image.thumbnail_url, headers=GZIP)
    assert photo.status_code == 200
    assert "Content-Encoding" not in photo


def test_streams_and_archives_are_left_alone() -> None:
    request = RequestFactory().get("/", headers=GZIP)
    for answer in (
        FileResponse([b"x" * 5000], content_type="text/plain"),
        StreamingHttpResponse([b"x" * 5000], content_type="text/html"),
        HttpResponse(b"x" * 5000, content_type="application/zip"),
    ):
        compress = CompressText(lambda _, answer=answer: answer)  # type: ignore[misc]
        assert "Content-Encoding" not in compress(request)


def test_browsers_may_keep_pages_to_go_back_to(client: Client, mona: User) -> None:
    client.force_login(mona)
    for address in ("/", "/search/", "/tags/", "/models/", "/upload/", f"/people/{mona}/"):
        assert "no-store" not in client.get(address).get("Cache-Control", "")


def test_a_telephone_can_put_the_site_beside_its_apps(client: Client, db: None) -> None:
    answer = client.get("/manifest.webmanifest")
    assert answer["Content-Type"] == "application/manifest+json"
    content = answer.json()
    assert content["start_url"] == "/"
    assert {icon.get("purpose") for icon in content["icons"]} == {None, "maskable"}
    for icon in content["icons"]:
        assert icon["src"].startswith("/static/")
    assertContains(client.get("/"), '<link rel="manifest" href="/manifest.webmanifest">', html=True)

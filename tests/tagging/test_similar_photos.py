"""Photos that look alike: on the page, over the API, and only those that one may see."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from gallery.models import Follow, Image, User, Visibility
from gallery.services.images import delete_image
from tagging.models import Content, Embedding, TwinGroup
from tagging.services.vectors import catch_up_vectors, tend_vectors, vector_files
from tagging.similar import SimilarPhoto, similar_photos
from tests.tagging.api_client import program_of
from tests.tagging.cast import make_image
from tests.tagging.network_cast import DIMENSION, bundled, upload

BACKBONE = "efficientnet_lite0"
pytestmark = pytest.mark.django_db


def seen_photo(owner: User, angle: float, **fields: object) -> Image:
    """Return a photo whose embedding lies at this angle in degrees in a plane; the cosine of two
    photos is that of the angle between them."""
    sha256 = hashlib.sha256(f"{Image.objects.count()}".encode()).hexdigest()
    image = make_image(owner, **{"sha256": sha256, **fields})
    vector = np.zeros(DIMENSION, np.float16)
    vector[:2] = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    content, is_new = Content.objects.get_or_create(
        sha256=image.sha256, defaults={"dhash": "0" * 64, "group": TwinGroup.objects.create()}
    )
    if is_new:
        Embedding.objects.create(content=content, backbone=BACKBONE, vector=vector.tobytes())
    return image


def images_of(found: list[SimilarPhoto]) -> list[Image]:
    return [one.image for one in found]


def test_the_most_alike_come_first_and_the_unlike_not_at_all(alice: User, bob: User) -> None:
    asked, far, near, unlike = (seen_photo(alice, angle) for angle in (0, 40, 10, 85))
    catch_up_vectors(backbone=BACKBONE)
    found = similar_photos(image=asked, viewer=bob)
    assert images_of(found) == [near, far]
    assert found[0].cosine == pytest.approx(np.cos(np.radians(10)), abs=1e-3)
    assert unlike not in images_of(found)


@pytest.mark.parametrize(
    "visibility", [Visibility.PRIVATE, Visibility.UNLISTED, Visibility.FOLLOWERS]
)
def test_nobody_is_shown_what_they_may_not_see(
    alice: User, bob: User, mona: User, visibility: Visibility
) -> None:
    asked = seen_photo(alice, 0)
    private = seen_photo(alice, 1, visibility=visibility)
    catch_up_vectors(backbone=BACKBONE)
    assert similar_photos(image=asked, viewer=bob) == []
    assert images_of(similar_photos(image=asked, viewer=alice)) == [private]
    assert images_of(similar_photos(image=asked, viewer=mona)) == [private]


def test_each_kind_of_visibility_is_respected(alice: User, bob: User) -> None:
    asked = seen_photo(alice, 0)
    shown = seen_photo(alice, 1)
    followed = seen_photo(alice, 2, visibility=Visibility.FOLLOWERS)
    unlisted = seen_photo(alice, 3, visibility=Visibility.UNLISTED)
    hidden = seen_photo(alice, 5, hidden_at="2026-01-01T00:00Z")
    seen_photo(alice, 4, deleted_at="2026-01-01T00:00Z")
    catch_up_vectors(backbone=BACKBONE)
    assert images_of(similar_photos(image=asked, viewer=bob)) == [shown]
    Follow.objects.create(follower=bob, followed=alice)
    assert images_of(similar_photos(image=asked, viewer=bob)) == [shown, followed]
    found = images_of(similar_photos(image=asked, viewer=alice))
    assert found == [shown, followed, unlisted, hidden]


def test_the_same_bytes_count_once(alice: User, bob: User) -> None:
    asked = seen_photo(alice, 0)
    first = seen_photo(alice, 5)
    seen_photo(bob, 5, sha256=first.sha256)
    seen_photo(bob, 0, sha256=asked.sha256)
    catch_up_vectors(backbone=BACKBONE)
    assert images_of(similar_photos(image=asked, viewer=bob)) == [first]


def test_a_photo_nobody_looked_at_yet_is_like_nothing(alice: User) -> None:
    seen_photo(alice, 0)
    catch_up_vectors(backbone=BACKBONE)
    assert similar_photos(image=make_image(alice), viewer=alice) == []


def test_without_files_there_is_nothing_and_no_error(alice: User, client: Client) -> None:
    asked, _ = seen_photo(alice, 0), seen_photo(alice, 1)
    assert similar_photos(image=asked, viewer=alice) == []
    page = client.get(asked.get_absolute_url())
    assert page.status_code == 200
    assert "Similar photos" not in page.text


def test_the_photo_page_shows_them_as_links(alice: User, client: Client) -> None:
    asked, other = seen_photo(alice, 0), seen_photo(alice, 9, title="The other heron")
    private = seen_photo(alice, 3, visibility=Visibility.PRIVATE)
    catch_up_vectors(backbone=BACKBONE)
    page = client.get(asked.get_absolute_url()).text
    assert "Similar photos" in page
    assert f'href="{other.get_absolute_url()}"' in page
    assert private.get_absolute_url() not in page


def test_more_photos_cost_no_more_queries(alice: User, client: Client) -> None:
    asked, _ = seen_photo(alice, 0), seen_photo(alice, 1)
    catch_up_vectors(backbone=BACKBONE)
    client.get(asked.get_absolute_url())  # makes the row of version 0
    with CaptureQueriesContext(connection) as few:
        client.get(asked.get_absolute_url())
    for angle in range(2, 30):
        seen_photo(alice, angle)
    catch_up_vectors(backbone=BACKBONE)
    with CaptureQueriesContext(connection) as many:
        assert "Similar photos" in client.get(asked.get_absolute_url()).text
    assert len(many) == len(few)


def test_the_api_answers_with_photos_and_how_alike_they_are(alice: User, bob: User) -> None:
    asked, other = seen_photo(alice, 0), seen_photo(alice, 20)
    private = seen_photo(alice, 2, visibility=Visibility.PRIVATE)
    catch_up_vectors(backbone=BACKBONE)
    (one,) = program_of(bob).get(f"/api/v1/images/{asked.pk}/similar/").json()
    assert one["image"]["id"] == other.pk
    assert one["cosine"] == pytest.approx(np.cos(np.radians(20)), abs=1e-3)
    assert program_of(bob).get(f"/api/v1/images/{private.pk}/similar/").status_code == 404


def test_catching_up_appends_only_what_is_new(alice: User) -> None:
    seen_photo(alice, 0)
    assert catch_up_vectors(backbone=BACKBONE) == 1
    assert catch_up_vectors(backbone=BACKBONE) == 0
    seen_photo(alice, 1)
    assert catch_up_vectors(backbone=BACKBONE) == 1


def test_files_of_another_database_are_written_anew(alice: User) -> None:
    asked, other = seen_photo(alice, 0), seen_photo(alice, 10)
    catch_up_vectors(backbone=BACKBONE)
    gone = Embedding.objects.get(content__sha256=other.sha256)
    gone.content.delete()  # behind the back of every service
    assert tend_vectors() == {BACKBONE: 1}
    assert tend_vectors() == {BACKBONE: 0}
    stored = vector_files(BACKBONE).open()
    assert stored is not None and len(stored.contents) == 1
    assert similar_photos(image=asked, viewer=alice) == []


def test_a_backbone_without_embeddings_keeps_no_files(alice: User) -> None:
    seen_photo(alice, 0)
    catch_up_vectors(backbone=BACKBONE)
    Embedding.objects.all().delete()
    assert tend_vectors() == {}
    assert not (Path(settings.EYES_VECTORS) / BACKBONE).exists()


def test_a_disk_that_refuses_stops_nothing(
    alice: User, tmp_path: Path, settings: object, caplog: pytest.LogCaptureFixture
) -> None:
    seen_photo(alice, 0)
    (tmp_path / "occupied").write_text("a file where the folder should be")
    settings.EYES_VECTORS = tmp_path / "occupied"  # type: ignore[attr-defined]
    assert catch_up_vectors(backbone=BACKBONE) == 0
    assert "could not be written" in caplog.text


@pytest.mark.network
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("network_store")
def test_uploads_are_found_once_a_worker_saw_them_and_forgotten_when_deleted(alice: User) -> None:
    from tagging.services.suggestions import suggest_tags

    left, right = (upload(alice, bundled(f"motorcycle_{side}.png")) for side in ("left", "right"))
    coins = upload(alice, bundled("coins.png"))
    suggest_tags(image_ids=[left.pk, right.pk, coins.pk])
    assert images_of(similar_photos(image=left, viewer=alice)) == [right]
    content_id = Content.objects.get(sha256=right.sha256).pk
    delete_image(image=right)
    assert similar_photos(image=left, viewer=alice) == []
    stored = vector_files(BACKBONE).open()
    assert stored is not None and content_id not in stored.contents

"""AVIF and JPEG: made after the upload, safely twice, and gone with their photo."""

from __future__ import annotations

import io
import os
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from django_q.models import OrmQ
from PIL import Image as PillowImage
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from gallery.models import Image, User
from gallery.services import renditions as services
from gallery.services.images import store_image
from gallery.services.renditions import (
    NICENESS,
    complete_renditions,
    incomplete_images,
    run_niced,
)
from gallery.tasks import complete_photos, make_renditions
from tests.conftest import draw_photo, encode
from tests.gallery.cast import store
from tests.gallery.test_metadata import taken_jpeg


@pytest.fixture
def image(alice: User) -> Image:
    return store(alice, size=(1500, 1000))


def names(image: Image) -> list[str]:
    return sorted(path.name for path in image.directory.iterdir())


def jobs() -> list[str]:
    return [str(job.func()) for job in OrmQ.objects.order_by("pk")]


def test_avif_of_every_width_and_one_jpeg_are_made(image: Image) -> None:
    assert complete_renditions(image_id=image.pk)

    image.refresh_from_db()
    assert image.more_renditions == {"avif": [320, 640, 1280, 1500], "jpeg": [1280]}
    for name in ("640.avif", "1280.jpg"):
        with PillowImage.open(image.directory / name) as picture:
            assert picture.width == int(name.split(".")[0])
            assert not picture.getexif()
    assert not list((image.directory.parent.parent.parent / "incoming").iterdir())


def test_a_second_run_makes_nothing(image: Image, monkeypatch: pytest.MonkeyPatch) -> None:
    complete_renditions(image_id=image.pk)
    monkeypatch.setattr(services, "render_more", lambda *_: pytest.fail("rendered again"))

    assert not complete_renditions(image_id=image.pk)


def test_a_file_that_is_gone_is_made_again(image: Image) -> None:
    complete_renditions(image_id=image.pk)
    (image.directory / "640.avif").unlink()

    assert complete_renditions(image_id=image.pk)
    assert "640.avif" in names(image)


def test_no_rendition_carries_a_position(alice: User) -> None:
    stored = store_image(
        owner=alice, data=taken_jpeg(), name="p.jpg", visibility="public", teaches=True
    ).image

    complete_renditions(image_id=stored.pk)

    for suffix in ("avif", "jpg"):
        with PillowImage.open(stored.rendition_path(96, suffix)) as picture:
            assert not picture.getexif()
            assert not picture.info.keys() & {"exif", "xmp", "icc_profile"}


def test_a_small_photo_has_a_jpeg_of_its_own_width(alice: User) -> None:
    small = store_image(
        owner=alice, data=encode(draw_photo(2)), name="p.jpg", visibility="public", teaches=True
    ).image

    complete_renditions(image_id=small.pk)

    small.refresh_from_db()
    assert small.more_renditions == {"avif": [96], "jpeg": [96]}


def test_avif_can_be_switched_off(image: Image, settings: Settings) -> None:
    settings.EYES_AVIF = False

    complete_renditions(image_id=image.pk)

    image.refresh_from_db()
    assert image.more_renditions == {"jpeg": [1280]}
    assert not incomplete_images().exists()


def test_a_photo_deleted_meanwhile_leaves_nothing(
    image: Image, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    render = services.render_more

    def render_slowly(*arguments: object) -> dict[str, bytes]:
        files = render(*arguments)  # type: ignore[arg-type]
        Image.objects.all().delete()
        return files

    monkeypatch.setattr(services, "render_more", render_slowly)
    # The deletion speaks to the database, which the other thread would do in its own transaction.
    monkeypatch.setattr(services, "run_niced", lambda work: work())

    assert not complete_renditions(image_id=image.pk)
    assert not list((Path(settings.MEDIA_ROOT) / "incoming").iterdir())


@pytest.mark.django_db
def test_the_job_of_a_photo_that_is_gone_ends_quietly() -> None:
    assert make_renditions(10**9, stepped_aside=True) == f"Photo {10**9} has no new renditions."


def test_the_job_of_a_broken_original_says_so(image: Image) -> None:
    image.original_path.write_bytes(b"broken")

    said = make_renditions(image.pk, stepped_aside=True)

    assert said == f"Photo {image.pk}: This is a text file, not a photo."


def test_a_new_photo_is_tagged_before_its_renditions_are_made(
    alice: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        stored = store_image(
            owner=alice, data=encode(draw_photo(5)), name="p.jpg", visibility="public", teaches=True
        ).image
    assert set(jobs()) == {"gallery.tasks.make_renditions", "tagging.tasks.tag_image"}

    OrmQ.objects.order_by("pk").first().delete()  # type: ignore[union-attr]
    make_renditions(stored.pk)

    assert jobs() == ["tagging.tasks.tag_image", "gallery.tasks.make_renditions"]


def test_the_work_is_done_at_a_low_priority_that_ends_with_it() -> None:
    def priority() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    before = priority()

    assert run_niced(priority) == max(NICENESS, before)
    assert priority() == before


def test_the_command_completes_photos_of_former_times(alice: User) -> None:
    old = store_image(
        owner=alice,
        data=taken_jpeg(DateTimeOriginal="2019:05:01 10:00:00"),
        name="p.jpg",
        visibility="public",
        teaches=True,
        announce=False,
    ).image
    Image.objects.update(
        colour="", colour_name="", camera="", exif={}, taken_at=None, latitude=None, longitude=None
    )
    Image.objects.update(title="Mine")

    said = io.StringIO()
    call_command("renditions", stdout=said)

    old.refresh_from_db()
    assert said.getvalue().startswith("1 photos completed, 0 left")
    assert (old.camera, old.latitude, old.title) == ("Canon EOS R5", 52.52, "Mine")
    assert old.taken_at == datetime(2019, 5, 1, 10, tzinfo=UTC)
    assert old.colour
    assert set(old.more_renditions) == {"avif", "jpeg"}
    assert not incomplete_images().exists()


def test_the_command_goes_on_after_a_photo_that_is_broken(alice: User) -> None:
    first, _ = store(alice, 1), store(alice, 2)
    first.original_path.unlink()

    said, complaints = io.StringIO(), io.StringIO()
    call_command("renditions", stdout=said, stderr=complaints)

    assert f"Photo {first.pk}: " in complaints.getvalue()
    assert "1 photos completed, 1 left" in said.getvalue()
    assert [found.pk for found in incomplete_images()] == [first.pk]


def test_the_nightly_job_goes_from_photo_to_photo_and_passes_over_broken_ones(alice: User) -> None:
    first, second = store(alice, 1), store(alice, 2)
    first.original_path.write_bytes(b"broken")

    assert complete_photos() == f"Photo {first.pk}: This is a text file, not a photo."
    assert complete_photos(first.pk) == f"Photo {second.pk}: complete"
    assert complete_photos(second.pk) == "Every photo has what it can have."
    assert jobs() == ["gallery.tasks.complete_photos"] * 2


def test_further_formats_are_served_like_webp(image: Image, client: Client, bob: User) -> None:
    complete_renditions(image_id=image.pk)
    image.refresh_from_db()

    avif = client.get(image.rendition_url(640, "avif"))
    jpeg = client.get(image.jpeg_url)

    assert (avif["Content-Type"], jpeg["Content-Type"]) == ("image/avif", "image/jpeg")
    assert avif["Cache-Control"] == "public, max-age=300"
    assert avif["ETag"] != jpeg["ETag"]
    again = client.get(image.jpeg_url, headers={"If-None-Match": jpeg["ETag"]})
    assert again.status_code == 304
    Image.objects.update(visibility="private")
    client.force_login(bob)
    assert client.get(image.rendition_url(640, "avif")).status_code == 404


@pytest.mark.parametrize("name", ["640.jpg", "9.avif", "640.exe", "640.avif%00", "original.jpeg"])
def test_only_files_that_exist_have_an_address(image: Image, client: Client, name: str) -> None:
    complete_renditions(image_id=image.pk)

    assert client.get(f"/media/{image.pk}/{name}").status_code == 404


def test_a_page_offers_the_formats_there_are(image: Image, client: Client) -> None:
    before = client.get(image.get_absolute_url()).content.decode()
    complete_renditions(image_id=image.pk)
    image.refresh_from_db()
    after = client.get(image.get_absolute_url()).content.decode()

    assert "image/avif" not in before
    assert f'<source type="image/avif" srcset="{image.avif_srcset}"' in after
    assert f'<source type="image/webp" srcset="{image.srcset}"' in after
    assert f'src="{image.jpeg_url}"' in after
    assert f'fill="{image.colour}"' in after

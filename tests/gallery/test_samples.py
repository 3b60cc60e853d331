"""Sample photos: there on the very first start, gone without trace when told to go."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from gallery import samples
from gallery.models import Image, Milestone, User
from gallery.samples import SAMPLES, SAMPLES_USERNAME, add_samples, remove_samples
from gallery.services.images import store_image
from gallery.signals import image_published
from tagging.models import Content, Embedding, Suggestion, TwinGroup
from tagging.services.suggestions import suggest_tags

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def few_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two photos instead of twelve, where the number does not matter."""
    monkeypatch.setattr(samples, "SAMPLES", SAMPLES[:2])


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.django_db
def test_an_empty_gallery_gets_a_dozen_sample_photos_that_nobody_can_log_in_for() -> None:
    assert add_samples() == len(SAMPLES) == 12
    images = Image.objects.newest()
    assert [image.title for image in images] == [sample.title for sample in SAMPLES]
    assert all(image.is_sample and not image.teaches for image in images)
    assert all(image.rendition_path(image.rendition_widths[0]).exists() for image in images)
    owner = User.objects.get(username=SAMPLES_USERNAME)
    assert not owner.has_usable_password()
    assert not owner.is_staff


@pytest.mark.django_db
def test_their_tags_arrive_by_the_normal_job(
    few_samples: None, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    announced: list[int] = []

    def hear(image_id: int, **_: object) -> None:
        announced.append(image_id)

    image_published.connect(hear)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            add_samples()
    finally:
        image_published.disconnect(hear)
    assert sorted(announced) == sorted(Image.objects.values_list("pk", flat=True))


def test_a_gallery_with_photos_gets_none(alice: User, photo_bytes: Callable[[int], bytes]) -> None:
    store_image(owner=alice, data=photo_bytes(1), name="a.jpg", visibility="public", teaches=True)
    assert add_samples() == 0
    assert Image.objects.count() == 1


@pytest.mark.django_db
def test_a_first_start_that_was_interrupted_goes_on(
    few_samples: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(samples, "SAMPLES", SAMPLES[1:2])
        add_samples()
    Milestone.objects.all().delete()
    assert add_samples() == 1
    assert Image.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_removing_them_leaves_no_file_no_row_and_no_user(
    few_samples: None, settings: Settings
) -> None:
    add_samples()
    media = Path(settings.MEDIA_ROOT)
    assert files_below(media)
    assert remove_samples() == 2
    assert files_below(media) == []
    assert not Image.objects.exists()
    assert not User.objects.filter(username=SAMPLES_USERNAME).exists()


@pytest.mark.network
@pytest.mark.django_db(transaction=True)
def test_removing_them_forgets_what_the_network_saw_in_them(
    few_samples: None, network_store: Path, alice: User, photo_bytes: Callable[[int], bytes]
) -> None:
    add_samples()
    kept = store_image(
        owner=alice, data=photo_bytes(1), name="a.jpg", visibility="public", teaches=True
    )
    suggest_tags(image_ids=list(Image.objects.values_list("pk", flat=True)))
    cat = Image.objects.get(title="Chelsea")
    assert Suggestion.objects.shown().filter(image=cat, tag__name="cat").exists()
    remove_samples()
    assert not Suggestion.objects.exclude(image=kept.image).exists()
    assert Content.objects.get().sha256 == kept.image.sha256
    assert Embedding.objects.count() == TwinGroup.objects.count() == 1


@pytest.mark.django_db
def test_once_removed_they_do_not_come_back_by_themselves_but_on_demand(
    few_samples: None,
) -> None:
    add_samples()
    remove_samples()
    assert add_samples() == 0
    call_command("samples", "add", stdout=io.StringIO())
    assert Image.objects.filter(is_sample=True).count() == 2
    answer = io.StringIO()
    call_command("samples", "remove", stdout=answer)
    assert "Removed 2 sample photos" in answer.getvalue()


def test_removing_them_spares_the_photos_of_people(
    few_samples: None, alice: User, photo_bytes: Callable[[int], bytes]
) -> None:
    add_samples()
    kept = store_image(
        owner=alice, data=photo_bytes(1), name="a.jpg", visibility="public", teaches=True
    )
    remove_samples()
    assert list(Image.objects.all()) == [kept.image]
    assert kept.image.original_path.exists()


@pytest.mark.django_db
def test_a_person_who_has_the_name_keeps_it(few_samples: None) -> None:
    User.objects.create_user(SAMPLES_USERNAME, password="a-person-9")
    with pytest.raises(CommandError, match="belongs to a person"):
        call_command("samples", "add")
    assert not Image.objects.exists()


@pytest.mark.django_db
def test_without_the_package_the_command_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(samples, "find_spec", lambda name: None)
    with pytest.raises(CommandError, match="scikit-image"):
        call_command("samples", "add")
    assert not User.objects.exists()


def test_finding_them_imports_neither_scikit_image_nor_scipy() -> None:
    program = (
        "import os, sys, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'eyes.settings';"
        "django.setup(); from gallery.samples import SAMPLES, samples_directory;"
        "assert all((samples_directory() / s.file_name).is_file() for s in SAMPLES);"
        "print(sorted({'skimage', 'scipy', 'tensorflow'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_moderators_remove_them_with_one_button_in_the_admin(
    few_samples: None, mona: User, client: Client
) -> None:
    add_samples()
    client.force_login(mona)
    photos = reverse("admin:gallery_image_changelist")
    button = reverse("admin:gallery_image_remove_samples")
    assert button in client.get(photos).content.decode()
    answer = client.post(button, follow=True)
    assert "Removed 2 sample photos" in answer.content.decode()
    assert not Image.objects.exists()
    assert button not in client.get(photos).content.decode()


def test_the_button_needs_a_post_and_a_moderator(
    few_samples: None, mona: User, alice: User, client: Client
) -> None:
    add_samples()
    button = reverse("admin:gallery_image_remove_samples")
    client.force_login(alice)
    assert client.post(button).status_code in {302, 403}
    client.force_login(mona)
    assert client.get(button).status_code == 405
    assert Image.objects.filter(is_sample=True).count() == 2

"""A second backbone: filled beside the first, live, and left again; nothing is lost by it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from django.test import Client
from django_q.models import OrmQ
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings
from pytest_django.asserts import assertContains

from gallery.models import Image, User
from tagging.backbones.prepare import prepared_folder
from tagging.classifier import current_classifier
from tagging.models import Content, Embedding, EmbeddingSpace, ModelVersion, TwinGroup
from tagging.previews import Preview
from tagging.registry import live_backbone, serving_version
from tagging.services import spaces
from tagging.services.embeddings import embed_images
from tagging.services.previews import preview_version
from tagging.services.spaces import fill_slice, wish_space
from tagging.services.suggestions import retag_library
from tagging.services.versions import (
    PromotionRefused,
    promote_by_hand,
    promote_version,
    promoted_sentence,
    roll_back,
)
from tagging.tasks import fill_space, resume_filling, tag_image
from tests.conftest import draw_photo, encode
from tests.tagging.network_cast import altered, bundled, constant_head, publish, upload
from tests.training.classroom import add_photo, environment, manage
from training.live import ask_live
from training.services import begin_run

VGG, LITE = "vgg16", "efficientnet_lite0"

pytestmark = [pytest.mark.network, pytest.mark.django_db]


@pytest.fixture
def coffee(alice: User, two_backbones: Path) -> Image:
    """A photo that version 0 has tagged, in the first day's space."""
    image = upload(alice, bundled("coffee.png"))
    tag_image(image.pk)
    return image


def on_vgg16(store: Path, number: int = 1, **probabilities: float) -> ModelVersion:
    """Return a version whose head reads VGG16, not yet live."""
    return publish(store, number, constant_head(1024, **probabilities), backbone=VGG)


def shown_on(image: Image) -> dict[str, str]:
    """Return who says each shown tag."""
    return dict(image.suggestions.shown().values_list("tag__name", "source"))


def spaces_of(image: Image) -> set[str]:
    of_photo = Embedding.objects.filter(content__sha256=image.sha256)
    return set(of_photo.values_list("backbone", flat=True))


def test_first_day_words_stay_beside_a_backbone_that_has_none(
    coffee: Image, alice: User, two_backbones: Path
) -> None:
    before = shown_on(coffee)
    assert before["coffee"] == "bootstrap"
    version = on_vgg16(two_backbones, heron=0.95)
    embed_images(image_ids=[coffee.pk], backbone=VGG)
    preview = preview_version(version=version)
    assert isinstance(preview, Preview) and (preview.gained, preview.lost) == (1, 0)
    promote_version(version=version, enqueue_retag=False)
    retag_library()
    assert shown_on(coffee) == {**before, "heron": "trained"}

    new = upload(alice, bundled("chelsea.png"))
    tag_image(new.pk)
    assert shown_on(new)["cat"] == "bootstrap" and shown_on(new)["heron"] == "trained"
    assert spaces_of(new) == {VGG, LITE}
    (tags,) = current_classifier().tag(*current_classifier().embed(bundled("coffee.png")))
    assert {"coffee", "heron"} <= {tag.tag for tag in tags if tag.shown}


def test_the_gate_hears_the_first_day_words_of_a_live_version_without_own(
    coffee: Image, two_backbones: Path
) -> None:
    promote_version(version=on_vgg16(two_backbones, heron=0.95), enqueue_retag=False)
    live = serving_version()
    assert live.spaces == (VGG, LITE)
    tag_image(coffee.pk)
    own, first_day = (
        np.stack([Embedding.objects.get(backbone=key).as_array()]) for key in live.spaces
    )
    answers = ask_live(live, own, ("coffee", "heron"), first_day=first_day).answers
    assert answers.knows == {"coffee", "heron"} and answers.shown.all()
    with pytest.raises(ValueError, match="vgg16 and efficientnet_lite0 are read"):
        current_classifier().tag(own)


def test_a_first_day_network_that_cannot_be_opened_costs_only_its_words(
    coffee: Image, two_backbones: Path, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EYES_BACKBONE = "inception_v3"
    promote_version(version=on_vgg16(two_backbones, heron=0.95), enqueue_retag=False)
    tag_image(coffee.pk)
    assert shown_on(coffee) == {"heron": "trained"}
    assert "The first day's words are not said" in caplog.text


def test_the_next_lesson_is_on_the_backbone_that_is_live(two_backbones: Path) -> None:
    assert live_backbone() == LITE
    promote_version(version=on_vgg16(two_backbones, heron=0.95), enqueue_retag=False)
    assert live_backbone() == VGG
    run = begin_run(backbone="", options={})
    assert run.backbone == VGG
    roll_back()
    assert live_backbone() == LITE


def test_copies_are_found_whichever_backbone_saw_the_first(
    coffee: Image, bob: User, two_backbones: Path
) -> None:
    promote_version(version=on_vgg16(two_backbones, heron=0.95), enqueue_retag=False)
    cropped = altered(
        bundled("coffee.png"), lambda one: one.crop((9, 9, one.width - 9, one.height - 9))
    )
    copy = upload(bob, cropped)
    # As a run would that embeds for its lesson before the worker has seen the upload.
    embed_images(image_ids=[copy.pk], backbone=VGG)
    assert spaces_of(coffee) == {LITE} and spaces_of(copy) == {VGG, LITE}
    assert TwinGroup.objects.count() == 1
    stranger = upload(bob, bundled("rocket.jpg"))
    tag_image(stranger.pk)
    assert TwinGroup.objects.count() == 2


def test_without_the_first_day_network_copies_are_found_by_what_both_have(
    alice: User, bob: User, two_backbones: Path, settings: Settings
) -> None:
    settings.EYES_BACKBONE = VGG
    first = upload(alice, bundled("coffee.png"))
    embed_images(image_ids=[first.pk], backbone=LITE)
    half = altered(bundled("coffee.png"), lambda one: one.resize((one.width // 2, one.height // 2)))
    copy = upload(bob, half)
    embed_images(image_ids=[copy.pk], backbone=VGG)
    assert spaces_of(first) == {LITE} and spaces_of(copy) == {VGG}
    assert TwinGroup.objects.count() == 1, "their hashes are enough"


def test_a_newcomer_never_joins_two_sides_of_the_split(
    coffee: Image, bob: User, two_backbones: Path
) -> None:
    near = altered(bundled("coffee.png"), lambda one: one.resize((one.width // 2, one.height // 2)))
    TwinGroup.objects.update(side=TwinGroup.Side.TEST)
    other = upload(bob, near)
    group = TwinGroup.objects.create(side=TwinGroup.Side.TRAIN)
    Content.objects.create(sha256=other.sha256, dhash=other.dhash, group=group)
    promote_version(version=on_vgg16(two_backbones, heron=0.95), enqueue_retag=False)
    between = upload(bob, altered(bundled("coffee.png"), lambda one: one.copy()))
    tag_image(between.pk)
    placed = Content.objects.get(sha256=between.sha256)
    assert placed.straddles and placed.group.side == TwinGroup.Side.UNUSED


def draw_many(owner: User, number: int) -> list[Image]:
    return [upload(owner, encode(draw_photo(seed))) for seed in range(number)]


def test_a_space_is_filled_in_slices_and_takes_in_what_is_uploaded_meanwhile(
    alice: User, two_backbones: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = draw_many(alice, 5)
    photos[1].original_path.write_bytes(b"no photo any more")
    photos[3].original_path.unlink()
    space = wish_space(backbone=VGG, enqueue=False)
    monkeypatch.setattr(spaces, "STEP", 2)
    assert fill_slice(space=space, seconds=0) is False, "no time, no work"
    ticks = iter(range(100))
    monkeypatch.setattr(spaces.time, "monotonic", lambda: next(ticks))
    assert fill_slice(space=space, seconds=3) is False
    space.refresh_from_db()
    assert space.after == photos[1].pk and space.unreadable == 1
    monkeypatch.undo()

    late = draw_many(alice, 7)[-2:]
    held = space.after
    assert fill_slice(space=EmbeddingSpace.objects.get(), seconds=None) is True
    space.refresh_from_db()
    assert space.after > held and space.finished_at is not None and space.unreadable == 2
    assert all(VGG in spaces_of(photo) for photo in [*late, photos[0], photos[2], photos[4]])
    assert fill_slice(space=space, seconds=None) is True, "run twice it changes nothing"
    assert Embedding.objects.of_backbone(VGG).count() == 5


def test_a_photo_committed_late_under_a_lower_number_is_not_forgotten(
    alice: User, two_backbones: Path
) -> None:
    photos = draw_many(alice, 3)
    space = wish_space(backbone=VGG, enqueue=False)
    space.after = photos[-1].pk
    assert fill_slice(space=space) is True
    assert Embedding.objects.of_backbone(VGG).count() == 3


def test_a_space_that_is_forgotten_while_it_is_filled_ends_quietly(
    alice: User, two_backbones: Path
) -> None:
    draw_many(alice, 2)
    space = wish_space(backbone=VGG, enqueue=False)
    assert fill_slice(space=space, progress=lambda _: EmbeddingSpace.objects.all().delete()) is True


def test_too_much_to_embed_keeps_a_version_from_going_live_until_that_is_done(
    alice: User,
    mona: User,
    client: Client,
    two_backbones: Path,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    photos = draw_many(alice, 3)
    embed_images(image_ids=[photo.pk for photo in photos], backbone=LITE)
    version = on_vgg16(two_backbones, heron=0.95)
    monkeypatch.setattr("tagging.services.versions.FEW", 2)
    client.force_login(mona)
    with django_capture_on_commit_callbacks(execute=True):
        page = client.post(f"/admin/tagging/modelversion/{version.pk}/promote/", follow=True)
    assertContains(page, "Version 1 cannot go live yet: 3 of 3 photos have no vector of vgg16.")
    space = EmbeddingSpace.objects.get()
    assert space.asked_by == mona
    assert [job.func() for job in OrmQ.objects.all()] == ["tagging.tasks.fill_space"]
    assert live_backbone() == LITE
    assert fill_slice(space=space) is True
    assert promote_by_hand(version=version).version == version


def test_uploads_that_wait_for_their_first_vector_keep_no_version_from_going_live(
    alice: User, two_backbones: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw_many(alice, 3)
    monkeypatch.setattr("tagging.services.versions.FEW", 0)
    same = publish(two_backbones, 1, constant_head(heron=0.95))
    assert promote_by_hand(version=same).version == same
    other = on_vgg16(two_backbones, 2, stork=0.95)
    assert promote_by_hand(version=other).version == other
    assert not EmbeddingSpace.objects.exists()


def test_a_few_missing_photos_are_embedded_by_re_tagging(alice: User, two_backbones: Path) -> None:
    photos = draw_many(alice, 3)
    version = on_vgg16(two_backbones, heron=0.95)
    promotion = promote_by_hand(version=version)
    assert "3 photos have no vector of vgg16 yet" in promoted_sentence(promotion)
    retag_library()
    assert all(shown_on(photo).get("heron") == "trained" for photo in photos)
    assert promoted_sentence(promotion) == "Version 1 is live; the library is tagged anew."


def test_going_back_is_immediate_and_what_is_missing_follows(
    coffee: Image,
    alice: User,
    two_backbones: Path,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    embed_images(image_ids=[coffee.pk], backbone=VGG)
    promote_version(version=on_vgg16(two_backbones, heron=0.95), enqueue_retag=False)
    version = publish(two_backbones, 2, constant_head(stork=0.95))
    promote_version(version=version, enqueue_retag=False)
    photos = draw_many(alice, 4)
    retag_library()
    monkeypatch.setattr("tagging.services.suggestions.FEW", 2)
    with django_capture_on_commit_callbacks(execute=True):
        assert roll_back().version.number == 1
        retag_library()
    assert "heron" in shown_on(coffee) and "stork" not in shown_on(coffee)
    assert all("stork" in shown_on(photo) for photo in photos), "better old words than none"
    space = EmbeddingSpace.objects.get()
    assert (space.backbone, space.finished_at) == (VGG, None)
    OrmQ.objects.all().delete()
    assert fill_slice(space=space) is True
    assert [job.func() for job in OrmQ.objects.all()] == ["tagging.tasks.retag_library"]
    retag_library()
    assert all(set(shown_on(photo)) >= {"heron"} for photo in photos)
    assert not any("stork" in shown_on(photo) for photo in photos)


def test_photos_nobody_can_read_are_not_asked_for_again_and_again(
    alice: User, two_backbones: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        add_photo(alice, f"gone {number}")
    promote_version(version=on_vgg16(two_backbones, heron=0.95), enqueue_retag=False)
    monkeypatch.setattr("tagging.services.suggestions.FEW", 2)
    retag_library()
    assert fill_slice(space=EmbeddingSpace.objects.get(backbone=VGG)) is True
    retag_library()
    space = EmbeddingSpace.objects.get(backbone=VGG)
    assert space.finished_at is not None and space.unreadable == 4
    assert promote_by_hand(version=ModelVersion.objects.get(number=1))


def test_a_version_whose_weights_are_gone_is_refused_and_nothing_is_asked_for(
    alice: User, two_backbones: Path
) -> None:
    version = on_vgg16(two_backbones, heron=0.95)
    for path in prepared_folder(VGG, two_backbones).iterdir():
        path.unlink()
    with pytest.raises(PromotionRefused, match="fetch_backbone vgg16"):
        promote_by_hand(version=version)
    assert not EmbeddingSpace.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_killed_process_loses_nothing_and_the_scheduled_job_goes_on(
    alice: User, two_backbones: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    draw_many(alice, 3)
    working = manage("embed", "--backbone", VGG, "--now")
    while not EmbeddingSpace.objects.exists():
        assert working.poll() is None, working.communicate()
    working.kill()
    working.wait()
    assert "Going on with embeddings of vgg16" in resume_filling()
    (job,) = OrmQ.objects.all()
    assert fill_space(*job.task["args"]).startswith("3 of 3 photos have a vector of vgg16: full.")
    told = json.loads(said_by("embed", "--status", "--json"))
    assert {each["backbone"]: each["percent"] for each in told}[VGG] == 100
    assert "3 of 3 photos have a vector of vgg16" in said_by("embed", "--backbone", VGG, "--now")
    assert "another job's" in fill_space(*job.task["args"]), "handed out twice it runs once"


def said_by(*arguments: str) -> str:
    process = manage(*arguments)
    out, errors = process.communicate()
    assert process.returncode == 0, errors
    return out

"""Spaces beside the live one: asked for, handed from job to job, looked at, and forgotten."""

from __future__ import annotations

import errno
import io
import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings
from pytest_django.asserts import assertContains, assertNotContains

from gallery.models import User
from tagging.backbones.cards import get_card
from tagging.backbones.weights import (
    BackboneUnavailable,
    WeightsRecord,
    fetched_weights_path,
    write_record,
)
from tagging.models import Content, Embedding, EmbeddingSpace, ModelVersion, Promotion
from tagging.services import spaces
from tagging.services.embeddings import embedding_matrices, photos_without_vector
from tagging.services.spaces import (
    DISK_IS_FULL,
    SpaceRefused,
    explain,
    fill_slice,
    forget_space,
    resume_filling,
    wish_space,
)
from tagging.spaces import all_spaces, in_minutes, space_of
from tagging.tasks import fill_space
from tests.training.classroom import add_photo, vector_for

pytestmark = pytest.mark.django_db

OTHER = "vgg16"


@pytest.fixture
def weights_here(settings: Settings) -> None:
    """Weights of the other backbone, as far as anybody looks who does not open them."""
    card, store = get_card(OTHER), Path(settings.EYES_MODELS_STORE)
    path = fetched_weights_path(card, store)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"opened by nobody")
    write_record(card, store, WeightsRecord("0" * 64, "for a test"))


def photos_of(owner: User, number: int) -> None:
    for each in range(number):
        add_photo(owner, f"photo {each}", vector_for("photo", each))


def see(number: int, backbone: str = OTHER) -> None:
    """Give the first of all contents a vector of this backbone."""
    data = np.ones(get_card(backbone).dimension, dtype="<f2").tobytes()
    for content in Content.objects.order_by("pk")[:number]:
        Embedding.objects.create(content=content, backbone=backbone, vector=data)


def live(number: int, backbone: str) -> ModelVersion:
    version = ModelVersion.objects.create(number=number, backbone=backbone, state="promoted")
    Promotion.objects.create(version=version)
    return version


def embed(*arguments: str) -> str:
    out = io.StringIO()
    call_command("embed", *arguments, stdout=out)
    return out.getvalue()


def waiting_jobs() -> list[tuple[str, tuple[object, ...]]]:
    return [(job.func(), job.task["args"]) for job in OrmQ.objects.order_by("pk")]


def test_a_wish_is_a_row_and_a_job_of_the_training_cluster(
    alice: User,
    weights_here: None,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    photos_of(alice, 3)
    with django_capture_on_commit_callbacks(execute=True):
        assert "3 photos have no vector of vgg16 yet" in embed("--backbone", OTHER)
    space = EmbeddingSpace.objects.get()
    assert waiting_jobs() == [("tagging.tasks.fill_space", (space.pk, space.ticket))]
    assert OrmQ.objects.get().key == "training"
    with django_capture_on_commit_callbacks(execute=True):
        embed("--backbone", OTHER)
    assert EmbeddingSpace.objects.count() == 1, "asked for twice it is one wish"


def test_only_the_newest_ticket_goes_on(
    alice: User,
    weights_here: None,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    photos_of(alice, 1)
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            space = wish_space(backbone=OTHER)
    (_, first), (_, second) = waiting_jobs()
    assert first != second
    assert "another job's" in fill_space(*first)  # type: ignore[arg-type]
    space.refresh_from_db()
    assert (space.pk, space.ticket) == second


def test_what_was_full_takes_in_what_has_come_since(alice: User, weights_here: None) -> None:
    photos_of(alice, 2)
    space = wish_space(backbone=OTHER, enqueue=False)
    EmbeddingSpace.objects.update(finished_at=timezone.now(), after=99, unreadable=1)
    again = wish_space(backbone=OTHER, asked_by=alice, enqueue=False)
    assert again.pk == space.pk and again.asked_by == alice
    assert (again.finished_at, again.after, again.unreadable) == (None, 0, 0)


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("resnet_of_nobody", "There is no backbone 'resnet_of_nobody'. Known: "),
        (OTHER, "run manage.py fetch_backbone vgg16"),
        ("efficientnet_lite0+1a2b3c4d", "fine-tuned weights of .* are not here"),
    ],
)
@pytest.mark.parametrize("more", [(), ("--now",)])
def test_what_cannot_be_filled_is_refused_with_the_way_out(
    key: str, reason: str, more: tuple[str, ...]
) -> None:
    with pytest.raises(CommandError, match=reason):
        embed("--backbone", key, *more)
    assert not EmbeddingSpace.objects.exists()


@pytest.mark.parametrize(
    "arguments", [(), ("--now",), ("--json",), ("--status", "--forget", OTHER), ("--slice", "x")]
)
def test_a_wrong_command_line_does_nothing(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        embed(*arguments)
    assert not EmbeddingSpace.objects.exists()


def test_several_wishes_are_filled_one_after_the_other_and_a_problem_blocks_none(
    alice: User, network_key_order: tuple[EmbeddingSpace, EmbeddingSpace]
) -> None:
    first, second = network_key_order
    assert spaces.hand_out_filling() == first
    EmbeddingSpace.objects.filter(pk=first.pk).update(problem="Its weights went away.")
    assert spaces.hand_out_filling() == second
    EmbeddingSpace.objects.filter(pk=second.pk).update(finished_at=timezone.now())
    assert spaces.hand_out_filling() is None
    assert resume_filling() == first, "the scheduled job tries again"


@pytest.fixture
def network_key_order(db: None) -> tuple[EmbeddingSpace, EmbeddingSpace]:
    """Two wishes; the older one comes second in the alphabet."""
    older = EmbeddingSpace.objects.create(backbone="vgg16")
    return older, EmbeddingSpace.objects.create(backbone="inception_v3")


def test_the_scheduled_job_leaves_one_alone_that_gives_signs_of_life(db: None) -> None:
    space = EmbeddingSpace.objects.create(backbone=OTHER, seen_at=timezone.now())
    assert resume_filling() is None and not OrmQ.objects.exists()
    for other in (-1, 1):  # the last sign is old, or from before the clock was set back
        OrmQ.objects.all().delete()
        EmbeddingSpace.objects.update(seen_at=timezone.now() + timedelta(hours=other))
        assert resume_filling() == space
    assert [name for name, _ in waiting_jobs()] == ["tagging.tasks.fill_space"]


def test_weights_that_went_away_are_a_problem_and_not_a_failure(
    alice: User, settings: Settings
) -> None:
    photos_of(alice, 1)
    space = EmbeddingSpace.objects.create(backbone=OTHER)
    assert fill_slice(space=space) is False
    space.refresh_from_db()
    assert "fetch_backbone vgg16" in space.problem
    assert "fetch_backbone vgg16" in embed("--status")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), DISK_IS_FULL),
        (OperationalError("database or disk is full"), DISK_IS_FULL),
        (OperationalError("could not extend file: No space left on device"), DISK_IS_FULL),
        (BackboneUnavailable("No weights."), "No weights."),
        (OperationalError("database is locked"), None),
        (RuntimeError("something else"), None),
    ],
)
def test_a_full_disk_is_told_from_what_passes_by_itself(error: Exception, told: str | None) -> None:
    assert explain(error) == told


def test_the_status_says_for_scripts_and_people_how_full_each_space_is(
    alice: User, weights_here: None
) -> None:
    photos_of(alice, 4)
    see(1)
    wish_space(backbone=OTHER, enqueue=False)
    EmbeddingSpace.objects.update(photos_per_second=0.5, unreadable=1)
    told = {each["backbone"]: each for each in json.loads(embed("--status", "--json"))}
    assert told["efficientnet_lite0"]["percent"] == 100
    assert told["efficientnet_lite0"]["live"] is True
    assert told[OTHER] == {
        "backbone": OTHER, "vectors": 1, "photos": 4, "missing": 3, "percent": 25,
        "megabytes": 0.0, "live": False, "kept": None, "being_filled": True,
        "photos_per_second": 0.5, "seconds_left": 6, "unreadable": 1, "problem": "",
    }  # fmt: skip
    header, live_row, other_row = embed("--status").splitlines()
    assert header.split()[0] == "backbone"
    assert live_row.split()[:4] == ["efficientnet_lite0", "4", "of", "4"] and "full" in live_row
    assert other_row.endswith("0.5 photos per second, 6 s left")


def test_an_empty_site_is_full(db: None) -> None:
    assert [space.percent for space in all_spaces()] == [100]
    assert space_of(OTHER).unavailable is not None


@pytest.mark.parametrize(
    ("seconds", "told"), [(40, "40 s"), (720, "12 min"), (11_100, "3 h 5 min")]
)
def test_time_is_told_as_people_tell_it(seconds: float, told: str) -> None:
    assert in_minutes(seconds) == told


def test_what_nobody_reads_is_forgotten_in_chunks_with_its_wish(
    alice: User, weights_here: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos_of(alice, 5)
    see(5)
    wish_space(backbone=OTHER, enqueue=False)
    monkeypatch.setattr(spaces, "QUERY_SIZE", 2)
    done: list[int] = []
    assert forget_space(backbone=OTHER, progress=done.append) == 5
    assert done == [2, 2, 1]
    assert set(Embedding.objects.values_list("backbone", flat=True)) == {"efficientnet_lite0"}
    assert not EmbeddingSpace.objects.exists()
    with pytest.raises(CommandError, match="no vector of vgg16 here"):
        embed("--forget", OTHER)


def test_forgetting_says_how_much_it_frees(alice: User) -> None:
    photos_of(alice, 3)
    see(3)
    assert "3 vectors of vgg16, about 0.0 MB, are forgotten." in embed("--forget", OTHER)


def test_what_serves_or_may_serve_again_is_kept(alice: User, settings: Settings) -> None:
    photos_of(alice, 2)
    see(2)
    see(1, "inception_v3")
    with pytest.raises(CommandError, match="version 0, which is live, reads them"):
        embed("--forget", "efficientnet_lite0")
    live(1, OTHER)
    with pytest.raises(SpaceRefused, match="the first day's network"):
        forget_space(backbone="efficientnet_lite0")
    with pytest.raises(SpaceRefused, match="version 1, which is live"):
        forget_space(backbone=OTHER)
    live(2, "inception_v3")
    with pytest.raises(SpaceRefused, match="version 1 reads them, and a roll-back may return"):
        forget_space(backbone=OTHER)
    Promotion.objects.create(version=ModelVersion.objects.bootstrap(), is_rollback=True)
    assert forget_space(backbone=OTHER) == 2, "what was rolled back is not returned to"


def test_a_space_that_comes_to_be_read_half_way_is_forgotten_no_further(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos_of(alice, 4)
    see(4)
    monkeypatch.setattr(spaces, "QUERY_SIZE", 2)
    with pytest.raises(SpaceRefused, match="which is live"):
        forget_space(backbone=OTHER, progress=lambda rows: live(1, OTHER))
    assert Embedding.objects.of_backbone(OTHER).count() == 2


def test_photos_are_asked_for_by_what_all_spaces_have(alice: User) -> None:
    photos_of(alice, 4)
    see(3)
    ids = list(photos_without_vector("nobody's").order_by("pk").values_list("pk", flat=True))
    assert len(ids) == 4
    found, (one, other) = embedding_matrices(ids, ("efficientnet_lite0", OTHER))
    assert found == ids[:3]
    assert one.shape == (3, 1792) and other.shape == (3, 1024)
    assert embedding_matrices(ids, ("efficientnet_lite0", "inception_v3"))[0] == []
    (alone,) = embedding_matrices(ids, ("efficientnet_lite0",))[1]
    assert alone.shape == (4, 1792)


def test_the_page_shows_every_space_and_its_buttons_ask_for_jobs(
    alice: User,
    mona: User,
    client: Client,
    weights_here: None,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    photos_of(alice, 4)
    client.force_login(mona)
    page = client.get("/admin/spaces/")
    assertContains(page, "Fill the space of VGG16")
    assertContains(page, "the live version")
    assertNotContains(page, "Forget the vectors of EfficientNet-Lite0")
    with django_capture_on_commit_callbacks(execute=True):
        page = client.post("/admin/spaces/", {"backbone": OTHER, "act": "fill"}, follow=True)
    assertContains(page, "are computed in the background")
    assertContains(page, "waits for the training cluster")
    assert EmbeddingSpace.objects.get().asked_by == mona
    see(4)
    page = client.post("/admin/spaces/", {"backbone": OTHER, "act": "forget"}, follow=True)
    assertContains(page, "are being forgotten")
    assert [name for name, _ in waiting_jobs()] == [
        "tagging.tasks.fill_space", "tagging.tasks.forget_space"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("backbone", "act", "told"),
    [
        ("efficientnet_lite0", "forget", "are kept: version 0, which is live, reads them"),
        ("inception_v3", "fill", "run manage.py fetch_backbone inception_v3"),
        ("<b>", "fill", "There is no backbone"),
        ("", "", "There is no backbone"),
    ],
)
def test_the_page_says_why_it_refuses(
    mona: User, client: Client, backbone: str, act: str, told: str
) -> None:
    client.force_login(mona)
    page = client.post("/admin/spaces/", {"backbone": backbone, "act": act}, follow=True)
    assertContains(page, told)
    assertNotContains(page, "<b>'")
    assert not OrmQ.objects.exists()


def test_the_page_is_for_moderators(alice: User, client: Client) -> None:
    client.force_login(alice)
    assert client.get("/admin/spaces/").status_code == 302
    assert client.post("/admin/spaces/", {"backbone": OTHER, "act": "fill"}).status_code == 302
    assert not EmbeddingSpace.objects.exists()

"""The live version goes when people accept it less than the one before: once, and never astray."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core import mail
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from gallery.models import Notice, User
from tagging.models import ModelVersion, Promotion, ReviewKind, ReviewTask, VersionState
from tagging.policy import COMMUNITY
from tagging.registry import live_version
from tagging.services.versions import promote_version
from tests.tagging.cast import make_image, make_people, make_tag, pass_golds
from tests.tagging.network_cast import change_one_byte, constant_head, publish
from training import watch
from training.tasks import watch_live_version
from training.watch import find_fall

pytestmark = [pytest.mark.network, pytest.mark.django_db]


def answer_blindly(version: ModelVersion, person: User, yes: int, no: int) -> None:
    """Write this many answers about what a version shows, as the review page would."""
    heron, now = make_tag("heron"), timezone.now()
    ReviewTask.objects.bulk_create(
        ReviewTask(
            person=person,
            image=make_image(person),
            tag=heron,
            kind=ReviewKind.BLIND,
            version=version,
            stratum="shown",
            value="yes" if number < yes else "no",
            answered_at=now,
        )
        for number in range(yes + no)
    )


@pytest.fixture
def versions(network_store: Path) -> list[ModelVersion]:
    """Three promoted versions, the last one live."""
    published = [publish(network_store, number, constant_head(heron=0.95)) for number in (1, 2, 3)]
    for version in published:
        promote_version(version=version, enqueue_retag=False)
    return published


@pytest.fixture
def fallen(versions: list[ModelVersion], bob: User, mona: User) -> Iterator[ModelVersion]:
    """The live version after people have found out that it is ten points worse."""
    answer_blindly(versions[1], bob, yes=180, no=20)
    answer_blindly(versions[2], bob, yes=160, no=40)
    return versions[2]


def test_a_fall_of_ten_points_goes_back_and_moderators_hear_of_it_once(
    fallen: ModelVersion,
    alice: User,
    mona: User,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        said = watch_live_version()
    assert said.startswith("Version 2 is live again. Acceptance fell by 10.0 points: people agree")
    assert "80.0 % of what version 3 shows (200 blind answers)" in said
    assert live_version().number == 2
    promotion = Promotion.objects.first()
    assert promotion is not None and promotion.is_rollback and promotion.by is None
    assert promotion.reason.startswith("Acceptance fell by 10.0 points")
    notice = Notice.objects.get()
    assert (notice.person, notice.url, notice.text) == (mona, "/models/3/#blind", said)
    (letter,) = mail.outbox
    assert letter.subject == "Version 3 was rolled back"
    assert (letter.bcc, letter.to) == (["mona@example.org"], [])
    with django_capture_on_commit_callbacks(execute=True):
        assert watch_live_version() == "No fall of version 2 against version 1 is measured."
    assert (Notice.objects.count(), len(mail.outbox)) == (1, 1)


def test_a_mail_server_that_refuses_stops_nothing(
    fallen: ModelVersion,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ConnectionRefusedError("no mail today")

    monkeypatch.setattr(watch.EmailMessage, "send", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        watch_live_version()
    assert live_version().number == 2
    assert Notice.objects.count() == 1


@pytest.mark.parametrize(
    ("live", "before", "falls"),
    [
        ((170, 30), (180, 20), True),
        ((171, 29), (180, 20), False),
        ((100, 99), (180, 20), False),
        ((100, 100), (150, 49), False),
        ((190, 10), (180, 20), False),
    ],
    ids=["exactly 5 points", "4.5 points", "199 answers", "199 answers before", "better"],
)
def test_a_fall_is_five_points_with_two_hundred_answers_on_either_side(
    versions: list[ModelVersion],
    bob: User,
    live: tuple[int, int],
    before: tuple[int, int],
    falls: bool,
) -> None:
    answer_blindly(versions[2], bob, *live)
    answer_blindly(versions[1], bob, *before)
    assert bool(find_fall(versions[2], versions[1], COMMUNITY)) is falls
    watch_live_version()
    assert live_version().number == (2 if falls else 3)


def test_what_a_moderator_promotes_again_stays(fallen: ModelVersion, mona: User, bob: User) -> None:
    watch_live_version()
    promote_version(version=fallen, by=mona, reason="The photos were odd.", enqueue_retag=False)
    assert "promoted although its fall was known" in watch_live_version()
    answer_blindly(fallen, bob, yes=10, no=20)
    watch_live_version()
    assert live_version() == fallen


def test_a_promotion_at_the_same_moment_is_not_undone(
    fallen: ModelVersion, network_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = publish(network_store, 4, constant_head(heron=0.95))
    real = watch.hold_promotions

    def promoted_just_before() -> None:
        promote_version(version=newer, enqueue_retag=False)
        real()

    monkeypatch.setattr(watch, "hold_promotions", promoted_just_before)
    assert "just gone live" in watch_live_version()
    assert live_version() == newer
    assert not Notice.objects.exists()


def test_a_damaged_version_is_not_gone_back_to_and_moderators_are_asked_once(
    fallen: ModelVersion, network_store: Path, mona: User
) -> None:
    change_one_byte(network_store / "2" / "head.npz")
    said = watch_live_version()
    assert "But it stays live: Version 2 cannot go live: head.npz was changed" in said
    assert live_version() == fallen
    assert ModelVersion.objects.get(number=2).state == VersionState.DAMAGED
    assert watch_live_version() == "No fall of version 3 against version 1 is measured."
    assert Notice.objects.count() == 1


def test_a_pruned_version_is_nothing_to_compare_with(
    fallen: ModelVersion, versions: list[ModelVersion]
) -> None:
    ModelVersion.objects.filter(number=2).update(pruned_at=timezone.now())
    assert watch_live_version() == "No fall of version 3 against version 1 is measured."
    assert live_version() == fallen


def test_with_nothing_before_it_nothing_happens(network_store: Path, bob: User) -> None:
    assert watch_live_version() == "Version 0 is live; there is nothing to go back to."
    first = publish(network_store, 1, constant_head(heron=0.95))
    promote_version(version=first, enqueue_retag=False)
    answer_blindly(first, bob, yes=10, no=400)
    assert watch_live_version() == "No fall of version 1 against version 0 is measured."


def test_the_pairs_of_the_live_version_are_counted_on_the_way(
    versions: list[ModelVersion], alice: User
) -> None:
    make_tag("heron")
    make_image(alice)
    watch_live_version()
    versions[2].refresh_from_db()
    assert versions[2].blind_pairs == {"shown": 0, "offered": 0, "silent": 1}


def test_among_strangers_it_takes_five_people_of_weight_to_send_a_version_back(
    versions: list[ModelVersion], settings: Settings
) -> None:
    settings.EYES_POLICY = "public"
    live, people = versions[2], make_people(5)
    for person in people:
        answer_blindly(versions[1], person, yes=36, no=4)
        answer_blindly(live, person, yes=32, no=8)
    assert watch_live_version().startswith("No fall of version 3"), "nobody was tested yet"
    for person in people[:4]:
        pass_golds(person)
        answer_blindly(live, person, yes=32, no=8)
    assert watch_live_version().startswith("No fall of version 3"), "four are too few"
    pass_golds(people[4])
    assert watch_live_version().startswith("Version 2 is live again.")

"""Whether the photos that come are like those before: measured weekly, said once."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from django.utils import timezone

from gallery.models import Image, Notice, User
from tagging.head import Head
from tagging.models import Content, Embedding, ModelVersion
from tagging.policy import COMMUNITY
from tagging.services.versions import promote_version
from tests.tagging.network_cast import change_one_byte, constant_head, publish
from tests.training.classroom import BACKBONE, DIMENSION, add_photo, vector_for
from training.drift import TooFewPhotos, last_full_week, level_of, photos_of_week, read_drift
from training.learning.stability import LEAST_SCORES, stability_index
from training.models import DriftReading
from training.tasks import read_drift as read_drift_job


def sloped_head() -> Head:
    """Return a head whose first tag rises with the first number of a vector; the second is flat."""
    kernel = np.zeros((DIMENSION, 2))
    kernel[0, 0] = 1.0
    return Head(
        labels=("bright", "flat"),
        mean=np.zeros(DIMENSION),
        scale=np.ones(DIMENSION),
        kernel=kernel,
        bias=np.zeros(2),
        show=np.full(2, 0.9),
        suggest=np.full(2, 0.6),
    )


def upload_week(owner: User, when: date, number: int, shift: float = 0.0) -> None:
    """Store this many photos of a week, their first number around `shift`."""
    random = np.random.default_rng(when.toordinal())
    moment = timezone.now().replace(year=when.year, month=when.month, day=when.day)
    anything = vector_for("any", 0)
    for place in range(number):
        vector = anything.copy()
        vector[0] = random.normal() + shift
        image = add_photo(owner, f"{when} {place}", vector)
        Image.objects.filter(pk=image.pk).update(created_at=moment + timedelta(days=place % 7))


@pytest.fixture
def version(network_store: Path, alice: User) -> ModelVersion:
    """A live version, published three weeks ago among 300 photos of the weeks before."""
    upload_week(alice, last_full_week() - timedelta(weeks=5), 300)
    published = publish(network_store, 1, sloped_head())
    promote_version(version=published, enqueue_retag=False)
    published.created_at = timezone.now() - timedelta(weeks=3)
    published.save()
    return published


needs_network = pytest.mark.network
needs_database = pytest.mark.django_db


@needs_network
@needs_database
def test_a_week_like_the_ones_before_is_steady(version: ModelVersion, alice: User) -> None:
    upload_week(alice, last_full_week(), 150)
    assert read_drift_job().endswith("on 150 photos, steady.")
    reading = DriftReading.objects.get()
    assert (reading.week, reading.photos) == (last_full_week(), 150)
    assert reading.stability_index < COMMUNITY.drift_warning
    assert reading.per_tag.keys() == {"bright", "flat"}
    assert not Notice.objects.exists()


@needs_network
@needs_database
def test_a_shift_is_an_alert_and_moderators_hear_of_it_once(
    version: ModelVersion, alice: User, mona: User
) -> None:
    upload_week(alice, last_full_week(), 150, shift=2.0)
    for _ in range(2):
        assert read_drift_job().endswith("alert.")
    reading = DriftReading.objects.get()
    assert reading.per_tag["bright"] > reading.stability_index > COMMUNITY.drift_alert
    assert reading.per_tag["flat"] == pytest.approx(0, abs=1e-2)
    notice = Notice.objects.get()
    assert notice.person == mona
    assert notice.url == f"/models/1/#drift-{last_full_week()}"


@needs_network
@needs_database
@pytest.mark.parametrize("photos", [0, LEAST_SCORES - 1])
def test_of_a_week_with_few_photos_nothing_is_said(
    version: ModelVersion, alice: User, photos: int
) -> None:
    upload_week(alice, last_full_week(), photos)
    assert f"{photos} photos came in it, 100 are needed." in read_drift_job()
    assert not DriftReading.objects.exists()


@needs_network
@needs_database
def test_without_photos_before_it_nothing_is_said(version: ModelVersion, alice: User) -> None:
    week = last_full_week()
    Image.objects.update(created_at=timezone.now() - timedelta(weeks=1))
    upload_week(alice, week, 120)
    with pytest.raises(TooFewPhotos, match="0 photos came before it"):
        read_drift(version=version, week=week)


@needs_network
@needs_database
def test_photos_without_a_vector_are_left_out(version: ModelVersion, alice: User) -> None:
    upload_week(alice, last_full_week(), 120)
    hashes = photos_of_week(last_full_week()).values("sha256")
    ids = Content.objects.filter(sha256__in=hashes).values_list("pk", flat=True)[:30]
    Embedding.objects.filter(content__in=list(ids), backbone=BACKBONE).delete()
    assert "90 photos came in it" in read_drift_job()


@needs_network
@needs_database
def test_a_damaged_version_and_version_0_have_no_reading(network_store: Path) -> None:
    assert read_drift_job().startswith("Version 0 is live")
    with pytest.raises(ValueError, match="was not taught here"):
        read_drift(version=ModelVersion.objects.bootstrap(), week=last_full_week())
    promote_version(version=publish(network_store, 1, constant_head(heron=0.9)))
    change_one_byte(network_store / "1" / "head.npz")
    assert "head.npz was changed" in read_drift_job()
    assert not DriftReading.objects.exists()


def test_the_last_week_is_over_and_begins_on_a_monday() -> None:
    week = last_full_week()
    assert week.weekday() == 0
    assert timedelta(days=7) <= timezone.localdate() - week < timedelta(days=14)


@pytest.mark.parametrize(
    ("index", "level"), [(0.0999, "steady"), (0.1, "warning"), (0.1999, "warning"), (0.2, "alert")]
)
def test_the_steps_are_those_of_the_policy(index: float, level: str) -> None:
    assert level_of(index, COMMUNITY) == level


def test_the_same_scores_have_index_0_and_a_known_shift_has_the_known_index() -> None:
    reference = np.linspace(0, 1, 1000)
    assert stability_index(reference, reference) == 0
    lower_fifth = np.concatenate([np.full(400, 0.1), np.linspace(0, 1, 600)])
    shares = np.array([0.52, 0.12, 0.12, 0.12, 0.12])
    expected = ((shares - 0.2) * np.log(shares / 0.2)).sum()
    assert stability_index(reference, lower_fifth) == pytest.approx(expected, abs=5e-3)


def test_empty_bins_and_equal_scores_give_a_finite_index() -> None:
    reference = np.linspace(0, 0.5, 200)
    assert 1 < stability_index(reference, np.full(200, 0.9)) < 20
    assert stability_index(np.full(200, 0.5), np.full(150, 0.5)) == pytest.approx(0, abs=1e-2)
    for empty in ((reference, reference[:0]), (reference[:0], reference)):
        with pytest.raises(ValueError, match="either side"):
            stability_index(*empty)


def test_without_drift_a_hundred_photos_seldom_warn_and_hardly_ever_alert() -> None:
    random = np.random.default_rng(5)
    indexes = [
        stability_index(random.beta(0.3, 3, 5000), random.beta(0.3, 3, LEAST_SCORES))
        for _ in range(300)
    ]
    assert np.mean(np.array(indexes) >= COMMUNITY.drift_warning) < 0.08
    assert np.mean(np.array(indexes) >= COMMUNITY.drift_alert) < 0.01

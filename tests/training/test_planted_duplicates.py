"""Copies of a photo, as people make them, end up in its group and never on another side."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.crossing import plant
from benchmarks.planted import TEXTURES, bundled_originals
from gallery.models import User
from tagging.policy import COMMUNITY
from training.models import DatasetVersion
from training.verification import verify_dataset

pytestmark = [pytest.mark.network, pytest.mark.django_db]


def test_no_planted_near_duplicate_crosses_the_split(alice: User, network_store: Path) -> None:
    originals = [each for each in bundled_originals() if each.name.split()[0] in TEXTURES]
    assert len(originals) == 48
    counted = plant(alice, originals)
    assert counted.photos == 4 * 48
    assert dict(counted.planted) == dict(counted.found) == dict(counted.taught)
    assert set(counted.planted.values()) == {48}
    assert sum(counted.crossed.values()) == 0
    assert counted.joined == 0
    told = verify_dataset(DatasetVersion.objects.latest("pk"), COMMUNITY, "efficientnet_lite0")
    assert told.is_identical, told.differences

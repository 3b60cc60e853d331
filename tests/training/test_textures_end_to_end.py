"""The whole circle with the real network: textures it has no word for are taught and recognised.

The left half of each bundled texture is what people tag; the right half is what strangers upload
later. Crops overlap little: twins count as one distinct photo.
"""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from django.core.management import call_command
from PIL import Image as PillowImage

from gallery.models import Image, User
from gallery.services.images import store_image
from tagging.models import Suggestion, TwinGroup
from tagging.registry import live_version
from tagging.services.suggestions import suggest_tags
from tests.tagging.network_cast import bundled_path
from tests.training.classroom import manage

pytestmark = [pytest.mark.network, pytest.mark.django_db(transaction=True)]

TEXTURES = ("brick", "grass", "gravel")
SIDE = 96
EACH = 24


def crops(texture: str, half: str) -> list[bytes]:
    """Return 24 crops of one half of a texture as PNG files, hardly overlapping."""
    with PillowImage.open(bundled_path(f"{texture}.png")) as opened:
        pixels = np.asarray(opened.convert("L"))
    assert pixels.shape == (512, 512)
    left = 0 if half == "left" else 256
    files = []
    for top in np.linspace(0, 512 - SIDE, 8).astype(int):
        for across in np.linspace(left, left + 256 - SIDE, 3).astype(int):
            crop = PillowImage.fromarray(pixels[top : top + SIDE, across : across + SIDE])
            buffer = io.BytesIO()
            crop.save(buffer, "PNG")
            files.append(buffer.getvalue())
    assert len(files) == EACH
    return files


def upload_right_half(owner: User) -> dict[str, list[Image]]:
    return {
        texture: [
            store_image(
                owner=owner,
                data=data,
                name=f"{number}.png",
                visibility="public",
                teaches=True,
                announce=False,
            ).image
            for number, data in enumerate(crops(texture, "right"))
        ]
        for texture in TEXTURES
    }


def suggested(images: dict[str, list[Image]], *, only_shown: bool = False) -> dict[str, list[int]]:
    """Return per texture on how many crops of each texture its name is suggested."""
    rows = Suggestion.objects.shown() if only_shown else Suggestion.objects.all()
    return {
        said: [rows.filter(tag__name=said, image__in=images[real]).count() for real in TEXTURES]
        for said in TEXTURES
    }


def test_textures_are_unknown_before_and_recognised_after(
    bob: User, network_store: Path, tmp_path: Path
) -> None:
    unseen = upload_right_half(bob)
    ids = [image.pk for images in unseen.values() for image in images]
    suggest_tags(image_ids=ids)
    assert suggested(unseen) == {texture: [0, 0, 0] for texture in TEXTURES}

    for texture in TEXTURES:
        folder = tmp_path / "lessons" / texture
        folder.mkdir(parents=True)
        for number, data in enumerate(crops(texture, "left")):
            (folder / f"{number}.png").write_bytes(data)
    call_command(
        "import_folder", str(tmp_path / "lessons"), "--owner", "ann",
        "--tags-from-folders", "--curated", stdout=io.StringIO(), stderr=io.StringIO(),
    )  # fmt: skip
    told = tmp_path / "report.json"
    process = manage("retrain", "--json", str(told))
    out, errors = process.communicate(timeout=300)
    assert process.returncode == 0, out + errors
    report = json.loads(told.read_text())
    assert report["promoted"] is True, report["reason"]
    assert report["dataset"]["tags"] == 3
    assert live_version().number == report["version"] == 1
    assert TwinGroup.objects.filter(side="test").count() >= 9

    shown = suggested(unseen, only_shown=True)
    for place, texture in enumerate(TEXTURES):
        right = shown[texture].pop(place)
        assert right >= 0.9 * EACH, (texture, shown)
        assert sum(shown[texture]) <= 0.1 * 2 * EACH, (texture, shown)

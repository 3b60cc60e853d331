"""How photos are varied while they teach, and the sheet that shows it beforehand."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.tagging.network_cast import bundled_path
from training.learning.fine_tuning.photos import PhotoCache, write_photos
from training.learning.fine_tuning.task import Augmentation, TuningSettings
from training.learning.fine_tuning.variations import contact_sheet, variation_seed, vary

NOTHING = Augmentation(flip=False, crop=1.0, brightness=0.0, contrast=0.0, rotation=0.0)


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    with Image.open(bundled_path("chelsea.png")) as opened:
        return opened.convert("RGB").resize((341, 256))


def several(photo: Image.Image, augmentation: Augmentation, count: int = 24) -> list[np.ndarray]:
    return [vary(photo, 96, augmentation, variation_seed(0, 1, row)) for row in range(count)]


def test_the_same_seed_gives_the_same_pixels_and_another_epoch_others(photo: Image.Image) -> None:
    one, again, other = (
        vary(photo, 96, Augmentation(), variation_seed(7, epoch, 3)) for epoch in (1, 1, 2)
    )
    assert one.shape == (96, 96, 3) and one.dtype == np.uint8
    assert (one == again).all()
    assert (one != other).any()


def test_with_everything_off_the_whole_photo_comes_as_it_is(photo: Image.Image) -> None:
    expected = np.asarray(photo.resize((96, 96), Image.Resampling.BICUBIC))
    for pixels in several(photo, NOTHING, 4):
        assert (pixels == expected).all()


def test_a_flip_is_a_mirror_image_of_about_half_the_photos(photo: Image.Image) -> None:
    plain = several(photo, NOTHING, 1)[0]
    found = [
        (pixels == plain[:, ::-1]).all() for pixels in several(photo, replace(NOTHING, flip=True))
    ]
    unchanged = [(pixels == plain).all() for pixels in several(photo, replace(NOTHING, flip=True))]
    assert 6 <= sum(found) <= 18
    assert sum(found) + sum(unchanged) == 24


def test_switching_the_flip_off_leaves_the_other_changes_as_they_were(photo: Image.Image) -> None:
    with_flip = several(photo, Augmentation())
    without = several(photo, replace(Augmentation(), flip=False))
    for one, other in zip(with_flip, without, strict=True):
        assert (one == other).all() or np.abs(one.astype(int) - other[:, ::-1]).mean() < 3


def test_brightness_moves_the_mean_and_contrast_the_spread(photo: Image.Image) -> None:
    plain = several(photo, NOTHING, 1)[0].astype(float)
    brighter = np.array([one.mean() for one in several(photo, replace(NOTHING, brightness=0.3))])
    ratio = brighter / plain.mean()
    assert 0.65 < ratio.min() < 0.85 and 1.15 < ratio.max() < 1.35
    harder = several(photo, replace(NOTHING, contrast=0.3))
    spread = np.array([one.std() for one in harder]) / plain.std()
    assert 0.65 < spread.min() < 0.85 and 1.15 < spread.max() < 1.35
    assert max(abs(one.mean() - plain.mean()) for one in harder) < 4


def test_a_turn_goes_either_way_and_never_makes_up_a_corner() -> None:
    white = Image.new("RGB", (341, 256), "white")
    for pixels in several(white, replace(NOTHING, rotation=45.0)):
        assert pixels.min() == 255
    # A dark bar across the middle leans to one side or the other.
    bar = Image.new("RGB", (256, 256), "white")
    bar.paste("black", (0, 120, 256, 136))
    leans = []
    for pixels in several(bar, replace(NOTHING, rotation=20.0)):
        dark = pixels.mean(axis=2) < 128
        heights = [np.flatnonzero(dark[:, column]).mean() for column in (24, 72)]
        leans.append((heights[1] - heights[0]) / 48)
    assert min(leans) < -0.1 and max(leans) > 0.1
    assert max(np.abs(leans)) < np.tan(np.radians(21))


def test_a_crop_keeps_at_least_its_share_of_the_area() -> None:
    # The red channel says how far right, the green one how far down a pixel was.
    across, down = np.meshgrid(np.linspace(0, 255, 341), np.linspace(0, 255, 256))
    ramp = Image.fromarray(np.stack([across, down, down], axis=2).round().astype(np.uint8))
    areas = []
    for pixels in several(ramp, replace(NOTHING, crop=0.5)):
        wide = (int(pixels[..., 0].max()) - int(pixels[..., 0].min())) / 255
        high = (int(pixels[..., 1].max()) - int(pixels[..., 1].min())) / 255
        areas.append(wide * high)
    assert min(areas) > 0.42 and max(areas) < 1.01
    assert max(areas) - min(areas) > 0.2


def test_the_contact_sheet_shows_each_photo_as_it_is_and_varied(
    tmp_path: Path, photo: Image.Image
) -> None:
    write_photos(tmp_path / "photos.bin", [photo] * 30)
    with PhotoCache(tmp_path / "photos.bin") as cache:
        plain = contact_sheet(cache, TuningSettings(augmentation=NOTHING), 96)
        varied = contact_sheet(cache, TuningSettings(), 96)
        with pytest.raises(ValueError, match="no photos"):
            write_photos(tmp_path / "empty.bin", [])
            with PhotoCache(tmp_path / "empty.bin") as empty:
                contact_sheet(empty, TuningSettings(), 96)
    sheets = [np.asarray(Image.open(io.BytesIO(data)).convert("RGB")) for data in (plain, varied)]
    assert sheets[0].shape == sheets[1].shape == (906, 1056, 3)
    rows = [sheet[6:150].astype(int) for sheet in sheets]
    first, second = rows[0][:, 156:300], rows[0][:, 306:450]
    assert np.abs(first - second).mean() < 4
    assert np.abs(rows[1][:, 156:300] - rows[1][:, 306:450]).mean() > 10
    assert np.abs(rows[0][:, 6:150] - rows[1][:, 6:150]).mean() < 4

"""The file of photos from which a fine-tuning reads, one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from weakref import ref

import numpy as np
import pytest
from PIL import Image

from tagging.backbones.cards import get_card
from tests.tagging.network_cast import bundled_path
from training.learning.fine_tuning.photos import (
    BrokenPhotos,
    PhotoCache,
    side_for,
    write_photos,
)


def coffee(width: int, height: int) -> Image.Image:
    with Image.open(bundled_path("coffee.png")) as opened:
        return opened.convert("RGB").resize((width, height))


def test_photos_come_back_in_order_with_256_pixels_on_the_shorter_side(tmp_path: Path) -> None:
    photos = [coffee(640, 480), coffee(300, 900)]
    assert write_photos(tmp_path / "photos.bin", photos) == 2
    with PhotoCache(tmp_path / "photos.bin") as cache:
        assert len(cache) == 2
        assert cache.pixels(0).shape == (256, 341, 3)
        assert cache.pixels(1).shape == (768, 256, 3)


def test_what_comes_back_looks_like_what_went_in(tmp_path: Path) -> None:
    photo = coffee(341, 256)
    write_photos(tmp_path / "photos.bin", [photo])
    with PhotoCache(tmp_path / "photos.bin") as cache:
        apart = np.abs(cache.pixels(0).astype(int) - np.asarray(photo).astype(int))
    assert apart.mean() < 2


def test_a_small_photo_is_not_made_larger_and_of_a_panorama_the_middle_is_kept(
    tmp_path: Path,
) -> None:
    write_photos(tmp_path / "photos.bin", [coffee(100, 80), coffee(4000, 200)])
    with PhotoCache(tmp_path / "photos.bin") as cache:
        assert cache.pixels(0).shape == (80, 100, 3)
        assert cache.pixels(1).shape == (200, 600, 3)


def test_a_larger_input_needs_a_larger_side() -> None:
    assert side_for(get_card("efficientnet_lite0")) == 256
    assert side_for(get_card("inception_v3")) == 342


def test_no_more_than_the_photo_at_hand_and_the_next_one_are_held(tmp_path: Path) -> None:
    seen: list[ref[Image.Image]] = []
    most = 0

    def stream() -> Iterator[Image.Image]:
        nonlocal most
        for _ in range(12):
            photo = coffee(320, 300)
            seen.append(ref(photo))
            most = max(most, sum(one() is not None for one in seen))
            yield photo
            del photo

    assert write_photos(tmp_path / "photos.bin", stream()) == 12
    assert most <= 2


def test_another_mode_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'L', expected 'RGB'"):
        write_photos(tmp_path / "photos.bin", [coffee(300, 300), coffee(300, 300).convert("L")])
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_missing_cut_short_or_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "photos.bin"
    with pytest.raises(BrokenPhotos, match="cannot be opened"):
        PhotoCache(path)
    path.write_bytes(b"something else altogether, and long enough")
    with pytest.raises(BrokenPhotos, match="holds no photos"):
        PhotoCache(path)
    write_photos(path, [coffee(300, 300)] * 3)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(BrokenPhotos, match="cut short"):
        PhotoCache(path)


def test_a_damaged_photo_is_named_and_the_others_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "photos.bin"
    write_photos(path, [coffee(300, 300), coffee(310, 300)])
    data = bytearray(path.read_bytes())
    data[2000] ^= 0xFF
    path.write_bytes(data)
    with PhotoCache(path) as cache:
        with pytest.raises(BrokenPhotos, match=r"Photo 0 in photos\.bin is damaged"):
            cache.pixels(0)
        assert cache.pixels(1).shape == (256, 265, 3)

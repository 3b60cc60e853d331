"""`manage.py first_day_tags`: the real network judged on real photos with a known class."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from gallery.samples import samples_directory

# What a bundled photo shows, by the synset that ImageNet would file it under.
NAMED_BY_CLASS = {
    "n02123159_chelsea.png": "chelsea.png",
    "n07920052_coffee.png": "coffee.png",
    "n03785016_motorcycle.png": "motorcycle_left.png",
    "n03773504_rocket.jpg": "rocket.jpg",
}


def first_day_tags(*arguments: str) -> str:
    """Return what the command prints."""
    output = io.StringIO()
    call_command("first_day_tags", *arguments, stdout=output, skip_checks=True)
    return output.getvalue()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with four photos that the network knows, under the names of their classes."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, source in NAMED_BY_CLASS.items():
        shutil.copy(samples_directory() / source, folder / name)
    return folder


@pytest.mark.network
@pytest.mark.usefixtures("network_store")
def test_the_first_tags_of_photos_that_the_network_knows_are_right(photos: Path) -> None:
    verdict = json.loads(first_day_tags(str(photos), "--json"))
    assert verdict == {
        "photos": 4,
        "right": 4,
        "percent": 100.0,
        "distinct": 4,
        "misses": [],
        "skipped": [],
    }


@pytest.mark.network
@pytest.mark.usefixtures("network_store")
def test_misses_and_unusable_files_are_listed_and_stop_nothing(photos: Path) -> None:
    shutil.copy(samples_directory() / "coffee.png", photos / "n02099601_no_retriever.png")
    shutil.copy(samples_directory() / "coffee.png", photos / "holiday.png")
    (photos / "n02099601_broken.jpg").write_text("no photo at all", encoding="utf-8")
    (photos / "notes.txt").write_text("not looked at", encoding="utf-8")

    verdict = json.loads(first_day_tags(str(photos), "--json"))
    assert (verdict["photos"], verdict["right"], verdict["percent"]) == (5, 4, 80.0)
    (miss,) = verdict["misses"]
    assert (miss["file"], miss["expected"], miss["got"]) == (
        "n02099601_no_retriever.png",
        "golden retriever",
        "coffee",
    )
    assert 0.35 <= miss["score"] <= 1
    assert [skipped["file"] for skipped in verdict["skipped"]] == [
        "holiday.png",
        "n02099601_broken.jpg",
    ]

    text = first_day_tags(str(photos))
    assert text.startswith("4 of 5 first tags are right (80.0 %), 4 different ones.\n")
    assert "n02099601_no_retriever.png: expected golden retriever, got coffee 0." in text
    assert "holiday.png: left out. Its name does not begin with a known synset." in text


@pytest.mark.network
@pytest.mark.usefixtures("network_store")
def test_a_folder_without_usable_photos_is_an_error(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(CommandError, match="no readable photo named"):
        first_day_tags(str(empty))


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="is not a folder"):
        first_day_tags(str(tmp_path / "nowhere"))


def test_a_backbone_without_weights_is_an_error(settings: Settings, tmp_path: Path) -> None:
    settings.EYES_BACKBONE = "vgg16"
    with pytest.raises(CommandError, match="vgg16"):
        first_day_tags(str(tmp_path))

"""The colour that stands in a photo's place, and what people call it."""

from __future__ import annotations

import pytest
from PIL import Image as PillowImage

from gallery.imaging.dominant import NAMES, dominant_colour
from gallery.models import Colour


def test_names_are_those_of_the_database() -> None:
    assert set(NAMES) == set(Colour.values)


@pytest.mark.parametrize(
    ("colour", "name"),
    [
        ("#ff0000", "red"),
        ("#8b0000", "red"),
        ("#ff8c00", "orange"),
        ("#ffd700", "yellow"),
        ("#228b22", "green"),
        ("#808000", "green"),
        ("#40e0d0", "turquoise"),
        ("#4682b4", "blue"),
        ("#000080", "blue"),
        ("#800080", "purple"),
        ("#ff69b4", "pink"),
        ("#ffc0cb", "pink"),
        ("#8b4513", "brown"),
        ("#d2b48c", "brown"),
        ("#101010", "black"),
        ("#808080", "grey"),
        ("#fafafa", "white"),
    ],
)
def test_well_known_colours_have_their_names(colour: str, name: str) -> None:
    assert dominant_colour(PillowImage.new("RGB", (300, 200), colour)) == (colour, name)


def test_a_red_coat_on_a_grey_street_is_red() -> None:
    street = PillowImage.new("RGB", (120, 90), "#777777")
    street.paste(PillowImage.new("RGB", (60, 70), "#d01020"), (30, 10))

    assert dominant_colour(street)[1] == "red"


def test_a_red_speck_on_a_green_meadow_is_green() -> None:
    meadow = PillowImage.new("RGB", (120, 90), "#3c8c3c")
    meadow.paste(PillowImage.new("RGB", (20, 20), "#ff0000"), (50, 40))

    assert dominant_colour(meadow)[1] == "green"


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (5000, 100)])
def test_photos_of_any_shape_have_a_colour(size: tuple[int, int]) -> None:
    assert dominant_colour(PillowImage.new("RGB", size, "#4682b4")) == ("#4682b4", "blue")

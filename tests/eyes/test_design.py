"""The tokens hold their contrast in light and dark, and /design/ shows all of them."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.test import Client
from pytest_django.asserts import assertContains

from eyes.design import THEMES, read_tokens
from gallery.models import User

# What is written on what: 4.5 to 1 is WCAG's AA for text, 3 to 1 for lines that tell controls.
TEXT = [
    ("ink", ("ground", "surface", "sunken", "stage", "accent-tint", "danger-tint")),
    ("ink-quiet", ("ground", "surface", "sunken", "accent-tint")),
    ("accent", ("ground", "surface", "sunken", "accent-tint")),
    ("accent-strong", ("ground", "surface", "sunken")),
    ("danger", ("ground", "surface", "danger-tint")),
    ("heart", ("ground", "surface")),
    ("on-accent", ("accent", "accent-strong")),
    ("on-danger", ("danger", "danger-strong")),
    ("warning-ink", ("warning-tint",)),
]
LINES = [("line-strong", ("ground", "surface")), ("accent", ("ground", "surface", "sunken"))]
PAIRS = [
    (front, back, least)
    for pairs, least in ((TEXT, 4.5), (LINES, 3.0))
    for front, backs in pairs
    for back in backs
]


def colour(name: str, theme: str) -> tuple[float, float, float]:
    """Return a token's red, green and blue from 0 to 1."""
    value = next(token.value for token in read_tokens() if token.name == name)
    digits = re.findall(r"#([0-9a-f]{6})", value)[THEMES.index(theme)]
    red, green, blue = (int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4))
    return red, green, blue


def luminance(rgb: tuple[float, float, float]) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(front: str, back: str, theme: str) -> float:
    dark, light = sorted(luminance(colour(name, theme)) for name in (front, back))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("front", "back", "least"), PAIRS)
def test_tokens_are_readable_on_what_they_stand_on(
    front: str, back: str, least: float, theme: str
) -> None:
    assert contrast(front, back, theme) >= least


def test_every_colour_is_said_for_light_and_for_dark() -> None:
    sheet = (settings.BASE_DIR / "static" / "eyes.css").read_text()
    told = [token for token in read_tokens() if "#" in token.value]
    assert len(told) > 15
    assert all(token.is_colour and token.value.count("#") == 2 for token in told)
    # Every property that a style sheet of the site asks for is one of the tokens.
    assert "prefers-color-scheme" not in sheet


def test_style_sheets_use_only_tokens_that_there_are() -> None:
    defined = {token.name for token in read_tokens()} | {"ratio", "row"}
    for path in (settings.BASE_DIR / "static").glob("*.css"):
        sheet = path.read_text()
        own = set(re.findall(r"--([a-z0-9-]+)\s*:", sheet))
        used = set(re.findall(r"var\(--([a-z0-9-]+)\)", sheet))
        if "admin" in path.name or path.name == "learning-curve.css":
            continue  # They speak the admin's own words.
        assert used - own <= defined, path.name


def test_the_page_shows_every_token_twice(client: Client, mona: User) -> None:
    client.force_login(mona)
    page = client.get("/design/")
    for token in read_tokens():
        shown = re.findall(rf"<code>{token.name}( [^<]+)?</code>", page.content.decode())
        assert len(shown) >= 2, token.name
    for theme in THEMES:
        assertContains(page, f'data-theme="{theme}"', count=1)


def test_the_page_shows_every_component_that_the_style_sheet_names(
    client: Client, mona: User
) -> None:
    client.force_login(mona)
    html = client.get("/design/").content.decode()
    head = (settings.BASE_DIR / "static" / "pieces.css").read_text().partition("*/")[0]
    components = set(re.findall(r"^ \*   \.([a-z-]+)", head, re.MULTILINE))
    assert len(components) > 20
    # `.covers` shows photos, and there are none here.
    missing = {name for name in components if not re.search(rf'class="[^"]*\b{name}\b', html)}
    assert missing <= {"covers"}


def test_the_page_is_for_moderators(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.get("/design/").status_code == 302

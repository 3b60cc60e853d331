"""What a page weighs before its first photo: style sheets, scripts and the page itself."""

from __future__ import annotations

import gzip
import re

import pytest
from django.conf import settings
from django.test import Client

from gallery.models import User

PAGES = ("/", "/search/", "/tags/", "/models/", "/upload/", "/notices/", "/review/")
FIRST_LOAD, STYLES, OWN_SCRIPTS = 100_000, 20_000, 20_000


def squeezed(path: str) -> int:
    """Return the bytes of a file of this site as they travel."""
    from django.contrib.staticfiles import finders

    found = finders.find(path.removeprefix(settings.STATIC_URL))
    assert isinstance(found, str), path
    with open(found, "rb") as file:  # noqa: PTH123
        return len(gzip.compress(file.read(), 6))


def loaded_by(html: str) -> tuple[list[str], list[str]]:
    """Return the style sheets and the scripts that a page asks for."""
    styles = re.findall(r'<link rel="stylesheet" href="([^"]+)"', html)
    return styles, re.findall(r'<script[^>]* src="([^"]+)"', html)


@pytest.mark.parametrize("address", PAGES)
def test_a_page_keeps_its_budget(client: Client, mona: User, address: str) -> None:
    client.force_login(mona)
    answer = client.get(address, headers={"accept-encoding": "gzip"}, follow=True)
    assert answer.status_code == 200
    page = answer.content
    html = (gzip.decompress(page) if answer.get("Content-Encoding") == "gzip" else page).decode()
    styles, scripts = loaded_by(html)
    assert styles and scripts

    weight = {path: squeezed(path) for path in [*styles, *scripts]}

    assert sum(weight[path] for path in styles) <= STYLES
    assert sum(weight[path] for path in scripts if "htmx" not in path) <= OWN_SCRIPTS
    drawings = squeezed("/static/icons.svg")
    assert sum(weight.values()) + len(page) + drawings <= FIRST_LOAD


def test_all_style_sheets_of_the_site_together_keep_the_budget_of_one_page() -> None:
    sheets = [path.name for path in (settings.BASE_DIR / "static").glob("*.css")]
    of_moderators = ("learning-curve.css", "design.css")
    sheets = [name for name in sheets if "admin" not in name and name not in of_moderators]
    assert sum(squeezed(name) for name in sheets) <= STYLES

"""What a page weighs before its first photo: style sheets, scripts and the page itself."""

from __future__ import annotations

import functools
import gzip
import re

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.cache import cache
from django.test import Client

from gallery.models import User
from tests.eyes.every_page import furnish, pages_for

FIRST_LOAD, STYLES, OWN_SCRIPTS = 100_000, 20_000, 20_000


@functools.cache
def squeezed(path: str) -> int:
    """Return the bytes of a file of this site as they travel."""
    found = finders.find(path.removeprefix(settings.STATIC_URL))
    assert isinstance(found, str), path
    with open(found, "rb") as file:  # noqa: PTH123
        return len(gzip.compress(file.read(), 6))


def loaded_by(html: str) -> tuple[list[str], list[str]]:
    """Return the style sheets and the scripts that a page asks for."""
    styles = re.findall(r'<link rel="stylesheet" href="([^"]+)"', html)
    return styles, re.findall(r'<script[^>]* src="([^"]+)"', html)


@pytest.mark.parametrize("name", ["nobody", "alice", "mona"])
def test_every_page_keeps_its_budget(alice: User, bob: User, mona: User, name: str) -> None:
    cache.clear()
    person = {"nobody": None, "alice": alice, "mona": mona}[name]
    pages = pages_for(person, furnish(alice, bob))
    client = Client()
    if person is not None:
        client.force_login(person)
    assert len(pages) > 20
    over = [problem for address in pages.values() for problem in excess(client, address)]
    assert over == []


def excess(client: Client, address: str) -> list[str]:
    """Return what is too heavy about a page, in words."""
    answer = client.get(address, headers={"accept-encoding": "gzip"})
    assert answer.status_code == 200, address
    page = answer.content
    html = (gzip.decompress(page) if answer.get("Content-Encoding") == "gzip" else page).decode()
    styles, scripts = loaded_by(html)
    assert styles and scripts, address
    assert len(set(styles)) == len(styles), address
    weight = {path: squeezed(path) for path in [*styles, *scripts]}
    own_scripts = [path for path in scripts if "htmx" not in path]
    parts = {
        "style sheets": (sum(weight[path] for path in styles), STYLES),
        "scripts of our own": (sum(weight[path] for path in own_scripts), OWN_SCRIPTS),
        "all": (sum(weight.values()) + len(page) + squeezed("/static/icons.svg"), FIRST_LOAD),
    }
    return [
        f"{address}: {part} weigh {size} bytes, more than {most}"
        for part, (size, most) in parts.items()
        if size > most
    ]

"""What every page knows."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

from gallery.appearance import read_appearance


def site(request: HttpRequest) -> dict[str, str]:
    """Return the site's name, and "light" or "dark" where this browser has chosen."""
    return {"site_name": settings.SITE_NAME, "appearance": read_appearance(request)}

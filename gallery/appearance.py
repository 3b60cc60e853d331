"""Light, dark, or as the system has it: kept by each browser, since a telephone in bed and a desk
in the sun want different things."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

COOKIE: Final = "appearance"
FIXED: Final = ("light", "dark")
CHOICES: Final = ("system", *FIXED)
_YEAR: Final = 365 * 24 * 3600


def read_appearance(request: HttpRequest) -> str:
    """Return "light" or "dark" where this browser has chosen, else ""."""
    chosen = request.COOKIES.get(COOKIE, "")
    return chosen if chosen in FIXED else ""


def keep_appearance(response: HttpResponseBase, appearance: str) -> None:
    """Let the browser remember one of CHOICES for a year; following the system needs no cookie."""
    if appearance in FIXED:
        response.set_cookie(
            COOKIE,
            appearance,
            max_age=_YEAR,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    else:
        response.delete_cookie(COOKIE, samesite="Lax")

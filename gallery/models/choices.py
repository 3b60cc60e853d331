"""What people choose from when they share a photo or an album."""

from __future__ import annotations

import secrets

from django.db import models
from django.utils.translation import gettext_lazy as _


class Visibility(models.TextChoices):
    """Who may see a photo or an album."""

    PUBLIC = "public", _("Everybody")
    UNLISTED = "unlisted", _("Everybody who has the link")
    FOLLOWERS = "followers", _("People who follow me")
    PRIVATE = "private", _("Only me")


class Licence(models.TextChoices):
    """What others may do with a photo; the letters are those of Creative Commons."""

    ALL_RIGHTS = "all-rights", _("All rights reserved")
    BY = "by", "CC BY 4.0"
    BY_SA = "by-sa", "CC BY-SA 4.0"
    BY_ND = "by-nd", "CC BY-ND 4.0"
    BY_NC = "by-nc", "CC BY-NC 4.0"
    BY_NC_SA = "by-nc-sa", "CC BY-NC-SA 4.0"
    BY_NC_ND = "by-nc-nd", "CC BY-NC-ND 4.0"
    ZERO = "cc0", "CC0 1.0"
    PUBLIC_DOMAIN = "public-domain", _("Public domain")

    @property
    def deed_url(self) -> str:
        """Return the address of the licence's own words, "" where there are none."""
        if self == Licence.ALL_RIGHTS:
            return ""
        if self == Licence.ZERO:
            return "https://creativecommons.org/publicdomain/zero/1.0/"
        if self == Licence.PUBLIC_DOMAIN:
            return "https://creativecommons.org/publicdomain/mark/1.0/"
        return f"https://creativecommons.org/licenses/{self.value}/4.0/"


class Colour(models.TextChoices):
    """The dominant colour of a photo, as people call it."""

    RED = "red", _("Red")
    ORANGE = "orange", _("Orange")
    YELLOW = "yellow", _("Yellow")
    GREEN = "green", _("Green")
    TURQUOISE = "turquoise", _("Turquoise")
    BLUE = "blue", _("Blue")
    PURPLE = "purple", _("Purple")
    PINK = "pink", _("Pink")
    BROWN = "brown", _("Brown")
    BLACK = "black", _("Black")
    GREY = "grey", _("Grey")
    WHITE = "white", _("White")


def make_key() -> str:
    """Return 22 random characters that nobody guesses (128 bits), for an address."""
    return secrets.token_urlsafe(16)

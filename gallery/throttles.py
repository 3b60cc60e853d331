"""How often something may be tried. Rates stand in the settings, with those of the API."""

from __future__ import annotations

import math
from typing import Any, cast

from django.http import HttpRequest
from rest_framework.throttling import SimpleRateThrottle


class PasswordTries(SimpleRateThrottle):
    """Passwords tried on one share link from one network address."""

    scope = "share_password"

    def get_cache_key(self, request: Any, view: Any) -> str:
        """Return what is counted together; `view` is the token of the link."""
        return f"share-password:{view}:{self.get_ident(request)}"

    def allows(self, request: HttpRequest, token: str) -> bool:
        """Return whether one more password may be tried, and count the try."""
        return self.allow_request(cast(Any, request), cast(Any, token))

    @property
    def seconds_to_wait(self) -> int:
        """Return when to try again, after a try was not allowed."""
        return math.ceil(self.wait() or 60)

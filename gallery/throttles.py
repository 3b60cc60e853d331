"""How often something may be tried. Rates stand in the settings, with those of the API."""

from __future__ import annotations

from typing import Any

from rest_framework.throttling import SimpleRateThrottle


class PasswordTries(SimpleRateThrottle):
    """Passwords tried on one share link from one network address."""

    scope = "share_password"

    def get_cache_key(self, request: Any, view: Any) -> str:
        """Return what is counted together; `view` is the token of the link."""
        return f"share-password:{view}:{self.get_ident(request)}"

"""Who moderates, and admin pages that every moderator may read and nobody edits by hand."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


def is_moderator(request: HttpRequest) -> bool:
    """Return whether this person moderates, with or without permissions of their own."""
    return bool(request.user.is_active and request.user.is_staff)


class ForModerators:
    """Mixed into the admin of a table: every moderator may look at it."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Return whether this person moderates."""
        return is_moderator(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether this person moderates."""
        return is_moderator(request)


class OnRecord(ForModerators):
    """Mixed into the admin of rows that services alone write: they are read here and kept."""

    def has_add_permission(self, request: HttpRequest, *_: Any) -> bool:
        """Return False: rows come from what people and jobs do."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: what happened, happened."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: other rows point here."""
        return False

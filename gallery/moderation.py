"""Who moderates, and admin pages that every moderator may read and nobody edits by hand."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.functional import Promise

from gallery.models import User, Viewer


def is_moderator(person: Viewer) -> bool:
    """Return whether this person moderates, with or without permissions of their own."""
    return bool(person.is_active and person.is_staff)


def require_moderator(person: Viewer, refusal: str | Promise) -> User:
    """Return the person; raise PermissionDenied with the refusal unless they may moderate."""
    if isinstance(person, User) and is_moderator(person):
        return person
    raise PermissionDenied(str(refusal))


class ForModerators:
    """Mixed into the admin of a table: every moderator may look at it."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Return whether this person moderates."""
        return is_moderator(request.user)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether this person moderates."""
        return is_moderator(request.user)


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


class Deletable(OnRecord):
    """Mixed into the admin of what moderators read and may delete, but nobody edits here."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether this person moderates."""
        return is_moderator(request.user)

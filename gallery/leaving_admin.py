"""Moderators close an account for somebody who asks, instead of deleting a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from gallery.models import Image, User
from gallery.services.leaving import MayNotLeave, close_account

if TYPE_CHECKING:
    PersonModelAdmin = admin.ModelAdmin[User]
else:
    PersonModelAdmin = admin.ModelAdmin


class LeavingForPeople(PersonModelAdmin):
    """Mixed into the admin of people: a page that closes an account, in place of deletion."""

    def get_urls(self) -> list[URLPattern]:
        """Return the usual addresses and that of the page, which must stand before the others."""
        address = path(
            "<int:person_id>/leave/",
            self.admin_site.admin_view(self.leave_view),
            name="gallery_user_leave",
        )
        return [address, *super().get_urls()]

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Return no: an account is closed, so that votes stay as nobody's."""
        return False

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the person with the way to the page."""
        way = {"leave_url": self._way_to_leave(request, object_id)}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **way})

    def _way_to_leave(self, request: HttpRequest, object_id: str) -> str:
        person = self.get_object(request, object_id)
        if person is None or person.left_at or not self.has_change_permission(request, person):
            return ""
        return reverse("admin:gallery_user_leave", args=[person.pk])

    def leave_view(self, request: HttpRequest, person_id: int) -> HttpResponse:
        """Ask once, then close the account of this person."""
        person = get_object_or_404(User, pk=person_id, left_at=None)
        if not self.has_change_permission(request, person):
            raise PermissionDenied
        if person.is_superuser and not cast(User, request.user).is_superuser:
            raise PermissionDenied
        if request.method == "POST":
            return self._close(request, person)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Close the account of {person.username}",
            "person": person,
            "photo_count": Image.with_trash.filter(owner=person).count(),
        }
        return TemplateResponse(request, "admin/gallery/user/leave.html", context)

    def _close(self, request: HttpRequest, person: User) -> HttpResponse:
        name = person.username
        try:
            closed = close_account(person=person)
        except MayNotLeave as problem:
            messages.error(request, str(problem))
            return redirect("admin:gallery_user_change", person.pk)
        self.log_change(request, closed, "Closed the account.")
        messages.success(request, f"The account of {name} is closed; a job deletes what was left.")
        return redirect("admin:gallery_user_changelist")

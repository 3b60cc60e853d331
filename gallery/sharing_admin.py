"""Moderating albums and share links: read, delete, revoke; what is in them is their owners'."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from gallery.models import Album, ShareLink
from gallery.moderation import Deletable
from gallery.services.sharing import revoke_share_link


@admin.register(Album)
class AlbumAdmin(Deletable, admin.ModelAdmin):  # type: ignore[type-arg]
    """Albums, to look through and to delete."""

    list_display = ("title", "owner", "visibility", "number_of_photos", "created_at")
    list_filter = ("visibility", "created_at")
    list_select_related = ("owner",)
    search_fields = ("title", "description", "owner__username")
    fields = ("title", "description", "owner", "visibility", "created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Album]:
        """Return albums with the number of their photos."""
        albums: QuerySet[Album] = super().get_queryset(request)
        return albums.annotate(number=Count("places"))

    def view_on_site(self, album: Album) -> str:
        """Return the album page."""
        return album.get_absolute_url()

    @admin.display(description="photos", ordering="number")
    def number_of_photos(self, album: Any) -> int:
        """Return how many photos it has."""
        return int(album.number)


@admin.register(ShareLink)
class ShareLinkAdmin(Deletable, admin.ModelAdmin):  # type: ignore[type-arg]
    """Share links, to look through, revoke and delete. Their addresses are not shown."""

    list_display = (
        *("id", "created_by", "image", "album", "is_open", "opened_count"),
        *("created_at", "expires_at", "revoked_at"),
    )
    list_filter = ("created_at", "expires_at", "revoked_at")
    list_select_related = ("created_by", "image", "album")
    search_fields = ("created_by__username", "note", "image__title", "album__title")
    fields = (
        *("created_by", "image", "album", "note", "offers_original"),
        *("opened_count", "created_at", "expires_at", "revoked_at"),
    )
    actions = ("revoke",)

    @admin.display(boolean=True, description="open")
    def is_open(self, link: ShareLink) -> bool:
        """Return whether the link still opens anything."""
        return link.is_open()

    @admin.action(description="Revoke: they open nothing any more", permissions=["delete"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ShareLink]) -> None:
        """Close the chosen links for good."""
        open_ones = list(queryset.filter(revoked_at=None))
        for link in open_ones:
            revoke_share_link(link=link)
            self.log_change(request, link, "Revoked.")
        self.message_user(request, f"{len(open_ones)} links revoked.", messages.SUCCESS)

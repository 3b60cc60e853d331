"""Addresses of albums and share links below /api/v1/."""

from __future__ import annotations

from rest_framework.routers import BaseRouter

from gallery.api_albums import AlbumViewSet
from gallery.api_links import ShareLinkViewSet


def register(router: BaseRouter) -> None:
    """Add what this room offers to the site's API; photos come with their tags."""
    router.register("albums", AlbumViewSet, basename="api-album")
    router.register("links", ShareLinkViewSet, basename="api-link")

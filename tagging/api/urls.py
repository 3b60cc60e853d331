"""Addresses of the API below /api/v1/."""

from __future__ import annotations

from rest_framework.routers import BaseRouter

from tagging.api.tag_views import TagViewSet
from tagging.api.views import TaggedImageViewSet


def register(router: BaseRouter) -> None:
    """Add what this room offers to the site's API."""
    router.register("images", TaggedImageViewSet, basename="api-image")
    router.register("tags", TagViewSet, basename="api-tag")

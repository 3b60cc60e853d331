"""The API, put together from what each room offers."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path
from rest_framework.routers import DefaultRouter

from eyes.api_token import TokenView
from gallery.api_sharing import register as register_sharing
from tagging.api.urls import register

router = DefaultRouter()
register(router)
register_sharing(router)

urlpatterns: list[URLPattern | URLResolver] = [
    path("token/", TokenView.as_view(), name="api-token"),
    path("", include(router.urls)),
]

"""Addresses of this room."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

from tagging import views
from tagging.admin.policy import policy_page
from tagging.views import deeds

app_name = "tagging"
urlpatterns = [
    path("tags/", views.tags, name="tags"),
    path("tags/autocomplete/", views.autocomplete, name="autocomplete"),
    path("tags/<str:slug>/", views.tag, name="tag"),
    path("search/", views.search, name="search"),
    path("images/<int:pk>/tags/", views.panel, name="panel"),
    path("images/<int:pk>/tags/vote/", deeds.vote, name="vote"),
    path("images/<int:pk>/tags/add/", deeds.add, name="add"),
    path("images/<int:pk>/tags/decide/", deeds.decide, name="decide"),
    path("images/<int:pk>/tags/mark/", deeds.mark, name="mark"),
    path("tag-events/<int:pk>/undo/", deeds.undo, name="undo"),
    path("admin/policy/", admin.site.admin_view(policy_page), name="policy"),
]

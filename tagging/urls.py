"""Addresses of this room."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

from tagging import views
from tagging.admin.policy import policy_page
from tagging.admin.spaces import spaces_page
from tagging.views import deeds, feeds, review

app_name = "tagging"
urlpatterns = [
    path("tags/", views.tags, name="tags"),
    path("tags/autocomplete/", views.autocomplete, name="autocomplete"),
    path("tags/<str:slug>/", views.tag, name="tag"),
    path("tags/<str:slug>/photos.atom", feeds.of_tag, name="tag_feed"),
    path("search/", views.search, name="search"),
    path("images/<int:pk>/tags/", views.panel, name="panel"),
    path("images/<int:pk>/tags/vote/", deeds.vote, name="vote"),
    path("images/<int:pk>/tags/add/", deeds.add, name="add"),
    path("images/<int:pk>/tags/decide/", deeds.decide, name="decide"),
    path("images/<int:pk>/tags/mark/", deeds.mark, name="mark"),
    path("tag-events/<int:pk>/undo/", deeds.undo, name="undo"),
    path("admin/policy/", admin.site.admin_view(policy_page), name="policy"),
    path("admin/spaces/", admin.site.admin_view(spaces_page), name="spaces"),
    path("review/", review.review, name="review"),
    path("review/answer/", review.answer, name="review_answer"),
    path("review/name/", review.name, name="review_name"),
    path("review/undo/", review.undo, name="review_undo"),
    path("review/grid/", review.grid, name="review_grid"),
    path("review/grid/answer/", review.answer_whole_grid, name="review_grid_answer"),
]

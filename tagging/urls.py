"""Addresses of this room."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

from tagging import views
from tagging.admin.policy import policy_page
from tagging.admin.spaces import spaces_page
from tagging.views import deeds, duplicates, feeds, finding, review

app_name = "tagging"
urlpatterns = [
    path("tags/", views.tags, name="tags"),
    path("tags/autocomplete/", views.autocomplete, name="autocomplete"),
    path("tags/<str:slug>/", views.tag, name="tag"),
    path("tags/<str:slug>/photos.atom", feeds.of_tag, name="tag_feed"),
    path("search/", finding.search, name="search"),
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
    # Finding
    path("search/completions/", finding.search_completions, name="search_completions"),
    path("search/saved/", finding.saved_searches, name="saved_searches"),
    path("search/saved/<int:pk>/rename/", finding.rename_saved_search, name="rename_search"),
    path("search/saved/<int:pk>/delete/", finding.delete_saved_search, name="delete_search"),
    path("explore/", finding.explore, name="explore"),
    path("duplicates/", duplicates.duplicates, name="duplicates"),
    path("duplicates/decide/", duplicates.decide, name="decide_duplicate"),
    path("duplicates/<int:pk>/undo/", duplicates.undo, name="undo_duplicate"),
]

"""Addresses of this room."""

from __future__ import annotations

from django.urls import path

from gallery import media
from gallery.views import bulk, leaving, notices, people, photos, transfers, trash, uploading

app_name = "gallery"
urlpatterns = [
    # Photos
    path("", photos.stream, name="stream"),
    path("favicon.ico", photos.favicon, name="favicon"),
    path("images/<int:pk>/", photos.image, name="image"),
    path("images/<int:pk>/edit/", photos.edit, name="edit"),
    path("images/<int:pk>/delete/", photos.delete, name="delete"),
    path("media/<int:pk>/<int:width>.webp", media.rendition, name="rendition"),
    # Uploads
    path("upload/", uploading.upload, name="upload"),
    # People
    path("people/<str:username>/", people.profile, name="profile"),
    # Notices
    path("notices/", notices.notices, name="notices"),
    # One's own: the trash, many photos at once, taking out and leaving
    path("trash/", trash.trash, name="trash"),
    path("trash/undo/", trash.undo, name="trash_undo"),
    path("photos/bulk/", bulk.bulk, name="bulk"),
    path("takeout/", transfers.takeout, name="takeout"),
    path("takeout/state/", transfers.state, name="takeout_state"),
    path("takeout/ask/", transfers.ask, name="takeout_ask"),
    path("takeout/cancel/", transfers.cancel, name="takeout_cancel"),
    path("takeout/<uuid:key>.zip", transfers.fetch, name="takeout_file"),
    path("takeout/bring-in/", transfers.bring_in, name="takeout_bring_in"),
    path("takeout/<uuid:key>/again/", transfers.again, name="takeout_again"),
    path("leave/", leaving.leave, name="leave"),
]

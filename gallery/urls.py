"""Addresses of this room."""

from __future__ import annotations

from django.urls import path

from gallery import media
from gallery.views import appearance, notices, people, photos, uploading

app_name = "gallery"
urlpatterns = [
    # Photos
    path("", photos.stream, name="stream"),
    path("favicon.ico", photos.favicon, name="favicon"),
    path("images/<int:pk>/", photos.image, name="image"),
    path("images/<int:pk>/edit/", photos.edit, name="edit"),
    path("images/<int:pk>/delete/", photos.delete, name="delete"),
    path("media/<int:pk>/<int:width>.webp", media.rendition, name="rendition"),
    path("media/<int:pk>/<int:width>.<str:suffix>", media.rendition, name="rendition_as"),
    path("images/<int:pk>/original/", media.original, name="original"),
    # Uploads
    path("upload/", uploading.upload, name="upload"),
    # People
    path("people/<str:username>/", people.profile, name="profile"),
    # Notices
    path("notices/", notices.notices, name="notices"),
    # Appearance
    path("appearance/", appearance.appearance, name="appearance"),
]

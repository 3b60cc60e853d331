"""Addresses of this room."""

from __future__ import annotations

from django.urls import path

from gallery import media
from gallery.views import notices, people, photos, resumable, uploading

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
    path("upload/forget/", uploading.forget, name="upload_forget"),
    path("upload/begin/", resumable.BatchView.as_view(), name="upload_begin"),
    path("upload/files/", resumable.UploadsView.as_view(), name="upload_files"),
    path("upload/files/<uuid:pk>/", resumable.UploadView.as_view(), name="upload_file"),
    path("upload/files/<uuid:pk>/wishes/", resumable.WishesView.as_view(), name="upload_wishes"),
    # People
    path("people/<str:username>/", people.profile, name="profile"),
    # Notices
    path("notices/", notices.notices, name="notices"),
]

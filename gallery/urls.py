"""Addresses of this room."""

from __future__ import annotations

from django.urls import path

from gallery import media, views

app_name = "gallery"
urlpatterns = [
    path("", views.stream, name="stream"),
    path("favicon.ico", views.favicon, name="favicon"),
    path("upload/", views.upload, name="upload"),
    path("images/<int:pk>/", views.image, name="image"),
    path("images/<int:pk>/edit/", views.edit, name="edit"),
    path("images/<int:pk>/delete/", views.delete, name="delete"),
    path("media/<int:pk>/<int:width>.webp", media.rendition, name="rendition"),
    path("notices/", views.notices, name="notices"),
    path("people/<str:username>/", views.profile, name="profile"),
]

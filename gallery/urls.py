"""Addresses of this room."""

from __future__ import annotations

from django.urls import path

from gallery import avatars, feeds, media
from gallery.views import comments, following, likes, notices, people, photos, settings, uploading

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
    path("people/<str:username>/follow/", following.follow, name="follow"),
    path("people/<str:username>/followers/", following.followers, name="followers"),
    path("people/<str:username>/following/", following.following, name="following"),
    path("people/<str:username>/photos.atom", feeds.of_person, name="person_feed"),
    path("avatars/<uuid:folder>/<int:side>.webp", avatars.avatar, name="avatar"),
    path("feed/", following.feed, name="feed"),
    path("photos.atom", feeds.newest, name="newest_feed"),
    # Conversation
    path("images/<int:pk>/like/", likes.like, name="like"),
    path("images/<int:pk>/likes/", likes.likes, name="likes"),
    path("liked/", likes.liked, name="liked"),
    path("images/<int:pk>/comments/", comments.comments, name="comments"),
    path("images/<int:pk>/comments/close/", comments.close, name="close_comments"),
    path("comments/<int:pk>/", comments.comment, name="comment"),
    path("comments/<int:pk>/edit/", comments.edit, name="edit_comment"),
    path("comments/<int:pk>/delete/", comments.delete, name="delete_comment"),
    # Notices
    path("notices/", notices.notices, name="notices"),
    path("notices/read/", notices.read_all, name="read_notices"),
    path("notices/stop/<str:token>/", settings.stop_mails_of_kind, name="stop_mails"),
    # Settings
    path("settings/", settings.profile_settings, name="settings"),
    path("settings/avatar/remove/", settings.drop_avatar, name="drop_avatar"),
    path("settings/notices/", settings.notice_choices, name="notice_choices"),
]

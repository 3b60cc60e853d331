"""Addresses of this room."""

from __future__ import annotations

from django.contrib.sitemaps import views as sitemaps
from django.urls import path

from gallery import avatars, feeds, media
from gallery.sitemaps import SITEMAPS, robots
from gallery.views import (
    album_photos,
    albums,
    appearance,
    bulk,
    comments,
    following,
    leaving,
    likes,
    notices,
    people,
    photos,
    resumable,
    settings,
    sharing,
    transfers,
    trash,
    uploading,
)

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
    path("upload/forget/", uploading.forget, name="upload_forget"),
    path("upload/begin/", resumable.BatchView.as_view(), name="upload_begin"),
    path("upload/files/", resumable.UploadsView.as_view(), name="upload_files"),
    path("upload/files/<uuid:pk>/", resumable.UploadView.as_view(), name="upload_file"),
    path("upload/files/<uuid:pk>/wishes/", resumable.WishesView.as_view(), name="upload_wishes"),
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
    path("settings/look/", appearance.look, name="look"),
    # Appearance
    path("appearance/", appearance.appearance, name="appearance"),
    # Albums
    path("albums/", albums.albums, name="albums"),
    path("albums/new/", albums.new, name="album_new"),
    path("albums/<int:pk>/", albums.album, name="album"),
    path("albums/<int:pk>/edit/", albums.edit, name="album_edit"),
    path("albums/<int:pk>/delete/", albums.delete, name="album_delete"),
    path("albums/<int:pk>/leave/", albums.leave, name="album_leave"),
    path("albums/<int:pk>/add/", album_photos.add, name="album_add"),
    path("albums/<int:pk>/remove/", album_photos.remove, name="album_remove"),
    path("albums/<int:pk>/cover/", album_photos.cover, name="album_cover"),
    path("albums/<int:pk>/arrange/", album_photos.arrange, name="album_arrange"),
    path("albums/<int:pk>/move/", album_photos.move, name="album_move"),
    path("albums/<int:pk>/sort/", album_photos.sort, name="album_sort"),
    path("images/<int:pk>/albums/", album_photos.albums_of_photo, name="image_albums"),
    path("people/<str:username>/albums/", albums.albums_of, name="albums_of"),
    # Sharing
    path("albums/<int:pk>/share/", sharing.share_album, name="album_share"),
    path("albums/<int:pk>/members/", sharing.share_with, name="album_share_with"),
    path("albums/<int:pk>/members/end/", sharing.unshare, name="album_unshare"),
    path("images/<int:pk>/share/", sharing.share_image, name="image_share"),
    path("links/", sharing.links, name="links"),
    path("links/<int:pk>/revoke/", sharing.revoke, name="link_revoke"),
    path("s/<slug:token>/", sharing.shared, name="shared"),
    # Search engines
    path("robots.txt", robots, name="robots"),
    path(
        "sitemap.xml",
        sitemaps.index,
        {"sitemaps": SITEMAPS, "sitemap_url_name": "gallery:sitemap_section"},
        name="sitemap",
    ),
    path("sitemap-<section>.xml", sitemaps.sitemap, {"sitemaps": SITEMAPS}, name="sitemap_section"),
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

"""The admin of this room: the queue of tags, its books, and the versions."""

from django.contrib import admin

from tagging.admin import books, tags, versions

__all__ = ["books", "tags", "versions"]

admin.site.site_header = "eyes"
admin.site.site_title = "eyes"
admin.site.index_title = "Moderation"

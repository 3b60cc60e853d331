"""The admin of this room: the queue of tags, the words themselves, its books, and the versions."""

from django.contrib import admin

from tagging.admin import books, tags, versions, words

__all__ = ["books", "tags", "versions", "words"]

admin.site.site_header = "eyes"
admin.site.site_title = "eyes"
admin.site.index_title = "Moderation"

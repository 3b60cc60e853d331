"""The admin of this room: the queue of tags, and the versions of the network."""

from django.contrib import admin

from tagging.admin import tags, versions

__all__ = ["tags", "versions"]

admin.site.site_header = "eyes"
admin.site.site_title = "eyes"
admin.site.index_title = "Moderation"

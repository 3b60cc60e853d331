"""Comments in the admin: to search, and to delete what should not stand there."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString

from gallery.models import Comment
from gallery.moderation import Deletable
from gallery.plain_text import in_one_line
from gallery.services.conversation import address_of

if TYPE_CHECKING:
    CommentModelAdmin = admin.ModelAdmin[Comment]
else:
    CommentModelAdmin = admin.ModelAdmin


@admin.register(Comment)
class CommentAdmin(Deletable, CommentModelAdmin):
    """What people wrote, the latest first. Words are their author's: nobody edits them here.

    The photo's count follows a deletion (see receivers).
    """

    list_display = ("words", "author", "place", "created_at", "edited_at")
    list_filter = ("created_at",)
    list_select_related = ("author", "image")
    list_per_page = 50
    search_fields = ("text", "author__username")
    search_help_text = "Words of the comment, or who wrote it"
    ordering = ("-created_at", "-pk")
    readonly_fields: ClassVar = ["author", "place", "text", "created_at", "edited_at"]
    fields = ("author", "place", "text", "created_at", "edited_at")
    show_full_result_count = False

    @admin.display(description="comment")
    def words(self, comment: Comment) -> str:
        """Return the beginning of the words in one line."""
        return in_one_line(comment.text, 120)

    @admin.display(description="photo")
    def place(self, comment: Comment) -> SafeString:
        """Return the way to where it stands."""
        return format_html('<a href="{}">{}</a>', address_of(comment), comment.image)

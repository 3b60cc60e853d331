"""Comments in the admin: to search, and to delete what should not stand there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from gallery.models import Comment
from gallery.moderation import ForModerators, is_moderator
from gallery.plain_text import in_one_line
from gallery.services.conversation import address_of

if TYPE_CHECKING:
    CommentModelAdmin = admin.ModelAdmin[Comment]
else:
    CommentModelAdmin = admin.ModelAdmin


@admin.register(Comment)
class CommentAdmin(ForModerators, CommentModelAdmin):
    """What people wrote, the latest first. Words are their author's: nobody edits them here."""

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

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False: people write below photos."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: the words are their author's."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether this person moderates. The photo's count follows (see receivers)."""
        return is_moderator(request.user)

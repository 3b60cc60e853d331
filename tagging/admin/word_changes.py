"""What was done to words, in one list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from gallery.moderation import OnRecord
from tagging.admin.word_sentences import describe_change
from tagging.models import Tag, TagChange

if TYPE_CHECKING:
    ChangeRows = admin.ModelAdmin[TagChange]
else:
    ChangeRows = admin.ModelAdmin


@admin.register(TagChange)
class TagChangeAdmin(OnRecord, ChangeRows):
    """Everything that moderators did to words; each is undone from the page of its tag."""

    list_display = ("created_at", "actor", "kind", "sentence", "undone_at", "undone_by")
    list_display_links = None
    list_filter = ("kind", ("undone_at", admin.EmptyFieldListFilter))
    list_select_related = ("tag", "other", "actor", "undone_by")
    date_hierarchy = "created_at"
    search_fields = ("tag__name", "other__name", "actor__username")

    def get_queryset(self, request: HttpRequest) -> QuerySet[TagChange]:
        """Return the changes without the rows that merges moved, which may be very many."""
        return TagChange.objects.defer("moved")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Lead to the page of the tag, where the change can be undone."""
        change = self.get_object(request, object_id)
        if change is None:
            return redirect("admin:tagging_tagchange_changelist")
        return redirect(tag_page(change.other or change.tag))

    @admin.display(description="What was done")
    def sentence(self, change: TagChange) -> SafeString:
        """Return it in a sentence that leads to the page of the tag."""
        tag = change.other or change.tag
        return format_html('<a href="{}">{}</a>', tag_page(tag), describe_change(change))


def tag_page(tag: Tag) -> str:
    """Return the address of the tag in the admin."""
    return reverse("admin:tagging_tag_change", args=[tag.pk])

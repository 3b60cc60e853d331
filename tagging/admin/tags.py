"""Moderation of tags on photos: the queue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from gallery.models import User
from gallery.moderation import ForModerators, is_moderator
from tagging.admin.filters import (
    ConflictFilter,
    EscalatedFilter,
    OwnerFilter,
    StateFilter,
    SuggestedFilter,
    TagFilter,
)
from tagging.models import ImageTag, ImageTagQuerySet
from tagging.services.curation import approve_tags, reject_tags, reopen_tags
from tagging.services.marks import mark_fully_tagged
from tagging.services.objections import Decisions, Objection

# The one-click buttons of a row and what they do.
ROW_DEEDS: dict[str, tuple[Callable[..., Decisions], str]] = {
    "approve_one": (approve_tags, "approved"),
    "reject_one": (reject_tags, "rejected"),
    "reopen_one": (reopen_tags, "reopened"),
}


@admin.register(ImageTag)
class ImageTagAdmin(ForModerators, admin.ModelAdmin):  # type: ignore[type-arg]
    """The queue: each tag beside its photo, decided in bulk or by one click."""

    list_display = ("photo", "tag_link", "standing", "evidence", "decide")
    list_display_links = None
    list_filter = (
        StateFilter,
        EscalatedFilter,
        ConflictFilter,
        SuggestedFilter,
        TagFilter,
        OwnerFilter,
    )
    list_per_page = 50
    list_select_related = ("tag", "image__owner", "added_by")
    date_hierarchy = "changed_at"
    # What votes could not settle stands first.
    ordering = ("-is_escalated", "changed_at", "pk")
    search_fields = ("tag__name", "image__title", "image__owner__username")
    actions = ("approve", "reject", "reopen", "mark_photos")

    class Media:
        css: ClassVar = {"all": ["tags-admin.css"]}

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Tags come from votes."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: ImageTag | None = None) -> bool:
        """Let every moderator decide."""
        return is_moderator(request.user)

    def has_delete_permission(self, request: HttpRequest, obj: ImageTag | None = None) -> bool:
        """Rejections are kept: they are what the network learns from."""
        return False

    def get_queryset(self, request: HttpRequest) -> ImageTagQuerySet:
        """Return rows with everything the list prints, in one query."""
        return ImageTag.objects.on_present_photos().with_conflict().with_evidence()

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Answer a row's own button, or show the list."""
        for name, (deed, word) in ROW_DEEDS.items():
            chosen = request.POST.get(name, "")
            if chosen.isascii() and chosen.isdigit() and self.has_change_permission(request):
                self._apply(request, ImageTag.objects.filter(pk=int(chosen[:18])), deed, word)
                return HttpResponseRedirect(request.get_full_path())
        title = {"title": "Tags and the photos they are on"}
        return super().changelist_view(request, {**title, **(extra_context or {})})

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Lead to the photo: states follow from votes and decisions, never from a form."""
        row = self.get_object(request, object_id)
        if row is None:
            return HttpResponseRedirect(reverse("admin:tagging_imagetag_changelist"))
        return HttpResponseRedirect(row.image.get_absolute_url())

    @admin.action(description="Approve: the network may learn from them", permissions=["change"])
    def approve(self, request: HttpRequest, chosen: QuerySet[ImageTag]) -> None:
        """Curate the chosen tags."""
        self._apply(request, chosen, approve_tags, "approved")

    @admin.action(description="Reject: they are not on the photo", permissions=["change"])
    def reject(self, request: HttpRequest, chosen: QuerySet[ImageTag]) -> None:
        """Reject the chosen tags for good."""
        self._apply(request, chosen, reject_tags, "rejected")

    @admin.action(description="Reopen: let the votes count again", permissions=["change"])
    def reopen(self, request: HttpRequest, chosen: QuerySet[ImageTag]) -> None:
        """Take decisions back."""
        self._apply(request, chosen, reopen_tags, "reopened")

    @admin.action(
        description="Mark the photos as fully tagged: what is not named is not on them",
        permissions=["change"],
    )
    def mark_photos(self, request: HttpRequest, chosen: QuerySet[ImageTag]) -> None:
        """Let the photos of the chosen rows teach what they do not show."""
        assert isinstance(request.user, User)
        image_ids = set(chosen.order_by().values_list("image_id", flat=True))
        count = mark_fully_tagged(moderator=request.user, image_ids=image_ids)
        noun = "photo" if count == 1 else "photos"
        own = len(image_ids) - count
        note = f" {own} passed over: {Objection.OWN_PHOTO}." if own else ""
        level = messages.SUCCESS if count else messages.WARNING
        self.message_user(request, f"{count} {noun} marked as fully tagged.{note}", level)

    def _apply(
        self,
        request: HttpRequest,
        chosen: QuerySet[ImageTag],
        deed: Callable[..., Decisions],
        word: str,
    ) -> None:
        """Call the service and tell how many tags changed, and why the others did not."""
        assert isinstance(request.user, User)
        rows = list(ImageTag.objects.filter(pk__in=chosen.values("pk")))
        outcome = deed(moderator=request.user, image_tags=rows)
        level = messages.SUCCESS if outcome.changed else messages.WARNING
        noun = "tag" if outcome.changed == 1 else "tags"
        told = f"{outcome.changed} {noun} {word}. {outcome.excuses}".strip()
        self.message_user(request, told, level)

    @admin.display(description="Photo")
    def photo(self, row: ImageTag) -> SafeString:
        """Return the picture, small, leading to its page."""
        image = row.image
        return format_html(
            '<a href="{}"><img class="queue-photo" src="{}" alt="{}" loading="lazy"></a>',
            image.get_absolute_url(),
            image.rendition_url(min(image.rendition_widths)),
            image.alt_text,
        )

    @admin.display(description="Tag", ordering="tag__name")
    def tag_link(self, row: ImageTag) -> SafeString:
        """Return the tag, leading to its page, and what others say of the same file."""
        note = " ⚠ decided differently on the same file" if row.is_in_conflict else ""
        return format_html(
            '<a class="queue-tag" href="{}">{}</a>{}',
            row.tag.get_absolute_url(),
            row.tag.name,
            note,
        )

    @admin.display(description="State", ordering="state")
    def standing(self, row: ImageTag) -> SafeString:
        """Return the state, who added the tag, and when it last changed."""
        by = f"by {row.added_by.username}" if row.added_by else "added by nobody"
        mark = " ⚠ votes do not agree" if row.is_escalated else ""
        return format_html(
            "{}{}<br>{}<br>{}", row.get_state_display(), mark, by, naturaltime(row.changed_at)
        )

    @admin.display(description="Evidence", ordering="score")
    def evidence(self, row: ImageTag) -> SafeString:
        """Return the current votes, and how sure the network is where it said anything."""
        network = "silent" if row.score is None else f"{row.score:.0%}"
        return format_html("{} yes, {} no<br>network: {}", row.yes, row.no, network)

    @admin.display(description="Decide")
    def decide(self, row: ImageTag) -> SafeString:
        """Return the buttons of the row; they belong to the form around the list."""
        if row.is_decided:
            return _row_button("reopen_one", "Reopen", row)
        return format_html(
            "{} {}",
            _row_button("approve_one", "Approve", row),
            _row_button("reject_one", "Reject", row),
        )


def _row_button(name: str, label: str, row: ImageTag) -> SafeString:
    """Return a button that names its row."""
    return format_html(
        '<button class="button" type="submit" name="{}" value="{}"'
        ' aria-label="{} “{}”">{}</button>',
        name,
        row.pk,
        label,
        row.tag.name,
        label,
    )

"""Versions of the network in the admin: their figures, and the buttons that swap them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet, Value
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path

from gallery.models import Image, User
from gallery.moderation import OnRecord, is_moderator
from tagging.models import ModelVersion, Promotion
from tagging.previews import Example, Preview
from tagging.registry import live_version, stand_in
from tagging.remarks import remarks_on_networks
from tagging.services.previews import PreviewRefused, request_preview
from tagging.services.versions import (
    PromotionRefused,
    promote_by_hand,
    promoted_sentence,
    roll_back,
)

if TYPE_CHECKING:
    VersionAdmin = admin.ModelAdmin[ModelVersion]
    PromotionRows = admin.TabularInline[Promotion, ModelVersion]
else:
    VersionAdmin = admin.ModelAdmin
    PromotionRows = admin.TabularInline

LONGEST_REASON = 300


class PromotionInline(OnRecord, PromotionRows):
    """When this version went live, by whose hand and why."""

    model = Promotion
    fields = ("created_at", "by", "is_rollback", "reason")
    readonly_fields = fields
    extra = 0


@admin.register(ModelVersion)
class ModelVersionAdmin(OnRecord, VersionAdmin):
    """The list of versions, which one is live, how good each is, and three buttons."""

    list_display = (
        "number",
        "is_live",
        "state",
        "backbone_key",
        "macro_f1",
        "tag_count",
        "created_at",
        "problem",
    )
    list_filter = ("state", "backbone")
    fields = (
        *("number", "is_live", "state", "problem", "backbone_key", "summary"),
        *("macro_f1", "labels", "metrics", "sha256", "created_at", "pruned_at"),
    )
    inlines = (PromotionInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModelVersion]:
        """Return all versions, version 0 included from the first day, knowing the live one."""
        live = live_version()
        ModelVersion.objects.bootstrap()
        annotated = {"live_id": Value(live.pk), "live_number": Value(live.number)}
        return super().get_queryset(request).annotate(**annotated)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list, and above it what is amiss: a damaged live version, photos to forget."""
        instead = stand_in()
        if instead is not None and request.method == "GET":
            text = f"The live version is damaged and refused; version {instead.number} serves."
            self.message_user(request, text, messages.WARNING)
        for sentence in remarks_on_networks() if request.method == "GET" else ():
            self.message_user(request, sentence, messages.WARNING)
        return super().changelist_view(request, extra_context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show one version, and what it would change beside the button that promotes it."""
        version = self.get_object(request, object_id)
        preview = Preview.from_json(version.preview) if version else None
        context = {"preview": preview, "examples": photos_of(preview.examples) if preview else []}
        return super().change_view(
            request, object_id, form_url, {**context, **(extra_context or {})}
        )

    def get_urls(self) -> list[URLPattern]:
        """Return the admin's addresses and those of the three buttons."""
        wrap = self.admin_site.admin_view
        return [
            path("rollback/", wrap(self.go_back), name="tagging_modelversion_rollback"),
            path("<int:pk>/preview/", wrap(self.preview), name="tagging_modelversion_preview"),
            path("<int:pk>/promote/", wrap(self.promote), name="tagging_modelversion_promote"),
            *super().get_urls(),
        ]

    @admin.display(description="live", boolean=True)
    def is_live(self, version: ModelVersion) -> bool:
        """Return whether this version was promoted last."""
        return bool(version.pk == cast(Any, version).live_id)

    @admin.display(description="backbone", ordering="backbone")
    def backbone_key(self, version: ModelVersion) -> str:
        """Return the backbone that this version reads."""
        return version.serving_backbone

    @admin.display(description="macro-F1")
    def macro_f1(self, version: ModelVersion) -> str:
        """Return the mean F1 over tags on the test photos, or a dash."""
        value = version.metrics.get("macro_f1")
        return f"{value:.3f}" if isinstance(value, float) else "–"

    @admin.display(description="tags")
    def tag_count(self, version: ModelVersion) -> str:
        """Return how many tags the head has learnt, or a dash for version 0."""
        return "–" if version.is_bootstrap else str(len(version.labels))

    def preview(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Have a worker find out what this version would change, or say why it cannot be."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not is_moderator(request.user):
            raise PermissionDenied
        version = get_object_or_404(ModelVersion, pk=pk)
        try:
            request_preview(version=version)
        except PreviewRefused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        return redirect("admin:tagging_modelversion_change", pk)

    def promote(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Make this version the live one, or say why it cannot be."""
        version = get_object_or_404(ModelVersion, pk=pk)
        why = request.POST.get("reason", "").strip()[:LONGEST_REASON]
        return self._swap(request, lambda by: promote_by_hand(version=version, by=by, reason=why))

    def go_back(self, request: HttpRequest) -> HttpResponse:
        """Return to the version that was live before the present one."""
        return self._swap(request, lambda by: roll_back(by=by))

    def _swap(self, request: HttpRequest, swap: Callable[[User], Promotion]) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not is_moderator(request.user):
            raise PermissionDenied
        try:
            promotion = swap(cast(User, request.user))
        except PromotionRefused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            self.message_user(request, promoted_sentence(promotion), messages.SUCCESS)
        return redirect("admin:tagging_modelversion_changelist")


def photos_of(examples: list[Example]) -> list[tuple[Image, Example]]:
    """Return the photos of these examples that are still on show, each with what would change."""
    on_show = Image.objects.on_show().with_owner()
    photos = on_show.in_bulk([example.photo for example in examples])
    return [(photos[each.photo], each) for each in examples if each.photo in photos]

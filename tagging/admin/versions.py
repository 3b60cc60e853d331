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

from gallery.models import User
from gallery.moderation import OnRecord, is_moderator
from tagging.models import ModelVersion, Promotion
from tagging.registry import live_version, stand_in
from tagging.services.versions import PromotionRefused, promote_version, roll_back

if TYPE_CHECKING:
    VersionAdmin = admin.ModelAdmin[ModelVersion]
    PromotionRows = admin.TabularInline[Promotion, ModelVersion]
else:
    VersionAdmin = admin.ModelAdmin
    PromotionRows = admin.TabularInline


class PromotionInline(OnRecord, PromotionRows):
    """When this version went live, by whose hand and why."""

    model = Promotion
    fields = ("created_at", "by", "is_rollback", "reason")
    readonly_fields = fields
    extra = 0


@admin.register(ModelVersion)
class ModelVersionAdmin(OnRecord, VersionAdmin):
    """The list of versions, which one is live, how good each is, and two buttons."""

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
        *("macro_f1", "labels", "metrics", "sha256", "created_at"),
    )
    inlines = (PromotionInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModelVersion]:
        """Return all versions, version 0 included from the first day, knowing the live one."""
        live = live_version()
        ModelVersion.objects.bootstrap()
        return super().get_queryset(request).annotate(live_id=Value(live.pk))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list, and above it which version serves while the live one is refused."""
        instead = stand_in()
        if instead is not None and request.method == "GET":
            text = f"The live version is damaged and refused; version {instead.number} serves."
            self.message_user(request, text, messages.WARNING)
        return super().changelist_view(request, extra_context)

    def get_urls(self) -> list[URLPattern]:
        """Return the admin's addresses and those of the two buttons."""
        wrap = self.admin_site.admin_view
        return [
            path("rollback/", wrap(self.go_back), name="tagging_modelversion_rollback"),
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

    def promote(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Make this version the live one, or say why it cannot be."""
        version = get_object_or_404(ModelVersion, pk=pk)
        return self._swap(request, lambda by: promote_version(version=version, by=by))

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
            text = f"Version {promotion.version.number} is live; the library is tagged anew."
            self.message_user(request, text, messages.SUCCESS)
        return redirect("admin:tagging_modelversion_changelist")

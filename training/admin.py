"""Runs and datasets in the admin: to look at, and one button that asks for a run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from gallery.models import User
from gallery.moderation import OnRecord, is_moderator
from training.canary_admin import CanaryAdmin
from training.curve_admin import CurveOnRun
from training.models import Canary, DatasetVersion, TrainingRun
from training.services import request_retraining
from training.tuning.admin import TuningOnRun

if TYPE_CHECKING:
    DatasetAdmin = admin.ModelAdmin[DatasetVersion]
else:
    DatasetAdmin = admin.ModelAdmin


@admin.register(TrainingRun)
class TrainingRunAdmin(OnRecord, TuningOnRun, CurveOnRun):
    """Every run with its progress, its report and its log."""

    list_display = ("__str__", "bar", "step", "short_reason", "asked_by", "created_at")
    list_filter = ("state", "backbone")
    list_select_related = ("asked_by",)
    fields = (
        *("state", "bar", "step", "reason", "version", "dataset", "backbone", "options"),
        *("asked_by", "created_at", "started_at", "heartbeat_at", "finished_at", "process"),
        *("log", "pretty_report"),
    )

    class Media:
        css: ClassVar = {"all": ["learning-curve.css", "tuning.css"]}

    def get_urls(self) -> list[URLPattern]:
        """Return the admin's addresses and that of the button."""
        button = self.admin_site.admin_view(require_POST(self.retrain_now))
        return [path("retrain/", button, name="training_trainingrun_retrain"), *super().get_urls()]

    @admin.display(description="progress")
    def bar(self, run: TrainingRun) -> SafeString:
        """Return how far the run is, as a bar and in words."""
        return format_html('<progress max="100" value="{0}">{0} %</progress> {0} %', run.percent)

    @admin.display(description="reason")
    def short_reason(self, run: TrainingRun) -> str:
        """Return the beginning of the reason."""
        return run.reason if len(run.reason) <= 120 else f"{run.reason[:119]}…"

    @admin.display(description="report")
    def pretty_report(self, run: TrainingRun) -> SafeString:
        """Return the whole report in a form that can be read."""
        text = json.dumps(run.report, indent=1, ensure_ascii=False)
        return format_html("<pre>{}</pre>", text)

    def retrain_now(self, request: HttpRequest) -> HttpResponse:
        """Ask for a run; it starts as soon as the training queue is free."""
        if not is_moderator(request.user):
            raise PermissionDenied
        run = request_retraining(asked_by=cast(User, request.user))
        self.message_user(request, f"Run {run.pk} waits for the training queue.", messages.SUCCESS)
        return redirect("admin:training_trainingrun_changelist")


@admin.register(DatasetVersion)
class DatasetVersionAdmin(OnRecord, DatasetAdmin):
    """Every dataset that was learnt from, by its hash."""

    list_display = ("__str__", "photos", "tag_count", "created_at")
    fields: ClassVar[Any] = ("sha256", "photos", "tag_list", "size", "created_at")

    @admin.display(description="tags")
    def tag_count(self, dataset: DatasetVersion) -> int:
        """Return how many tags can be learnt from it."""
        return len(dataset.tags)

    @admin.display(description="tags")
    def tag_list(self, dataset: DatasetVersion) -> str:
        """Return the names of the tags."""
        return ", ".join(dataset.tags)

    @admin.display(description="manifest")
    def size(self, dataset: DatasetVersion) -> str:
        """Return how large the compressed manifest is."""
        return f"{len(bytes(dataset.manifest)):,} bytes, compressed"


admin.site.register(Canary, CanaryAdmin)

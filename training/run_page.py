"""The admin page of a run, on which several rooms of this house have something to show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from training.models import TrainingRun

if TYPE_CHECKING:
    RunModelAdmin = admin.ModelAdmin[TrainingRun]
else:
    RunModelAdmin = admin.ModelAdmin


class PageOfRun(RunModelAdmin):
    """Whoever has something to show of a run extends `context_of`; the run is read once."""

    change_form_template = "admin/training/trainingrun/change_form.html"

    def context_of(self, run: TrainingRun | None) -> dict[str, Any]:
        """Return what the template shows beside the fields; None stands for a run that is gone."""
        return {}

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the run with everything that there is to say of it."""
        run = TrainingRun.objects.filter(pk=object_id).first() if object_id.isdecimal() else None
        context = {**self.context_of(run), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

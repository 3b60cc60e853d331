"""Fine-tuning in the admin of runs: a button, the curve, and the photos as they teach."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from gallery.models import User
from gallery.moderation import is_moderator
from training.models import TrainingRun, Tuning
from training.run_page import PageOfRun
from training.services import request_retraining
from training.tuning.lineage import taken_back_from
from training.tuning.sheets import sheet_of
from training.tuning.view import view_of
from training.tuning.wishes import wish_of_this_site


class TuningOnRun(PageOfRun):
    """Mixed into the admin of runs."""

    def get_urls(self) -> list[URLPattern]:
        """Return the usual addresses, the button's and the contact sheet's."""
        wrap, name = self.admin_site.admin_view, "training_trainingrun"
        return [
            path("fine-tune/", wrap(require_POST(self.fine_tune_now)), name=f"{name}_fine_tune"),
            path("<int:pk>/contact-sheet/", wrap(self.contact_sheet), name=f"{name}_sheet"),
            *super().get_urls(),
        ]

    def context_of(self, run: TrainingRun | None) -> dict[str, Any]:
        """Return the run's fine-tuning, where it has one."""
        view = view_of(run)
        gone = len(taken_back_from(view.tuning.backbone)) if view and view.tuning.backbone else 0
        return {
            **super().context_of(run),
            "tuning": view,
            "taken_back": gone,
            "has_sheet": bool(view and sheet_of(view.tuning)),
        }

    def fine_tune_now(self, request: HttpRequest) -> HttpResponse:
        """Ask for a run that teaches the network itself; it waits for the training queue."""
        if not is_moderator(request.user):
            raise PermissionDenied
        wish = wish_of_this_site().as_json()
        run = request_retraining(asked_by=cast(User, request.user), tuning=wish)
        text = f"Run {run.pk} waits for the training queue; fine-tuning takes a while."
        self.message_user(request, text, messages.SUCCESS)
        return redirect("admin:training_trainingrun_changelist")

    def contact_sheet(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Return the photos as they teach, as one JPEG; they may be private ones."""
        if not is_moderator(request.user):
            raise PermissionDenied
        tuning = Tuning.objects.filter(run=pk).select_related("dataset").first()
        sheet = sheet_of(tuning) if tuning else None
        if sheet is None:
            raise Http404
        headers = {"Cache-Control": "private, no-store"}
        return HttpResponse(sheet, content_type="image/jpeg", headers=headers)

"""The learning curve on the admin page of a run: a drawing, its table, and a button."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path

from gallery.moderation import is_moderator
from tagging.presets import current_policy
from training.curve_plot import plot_curve
from training.learning.enough import answer
from training.models import LearningCurve, TrainingRun
from training.run_page import PageOfRun
from training.services import request_learning_curve


class CurveOnRun(PageOfRun):
    """Mixed into the admin of runs."""

    def get_urls(self) -> list[URLPattern]:
        """Return the usual addresses and the button's."""
        button = path(
            "<int:pk>/curve/",
            self.admin_site.admin_view(self.draw_curve),
            name="training_trainingrun_curve",
        )
        return [button, *super().get_urls()]

    def context_of(self, run: TrainingRun | None) -> dict[str, Any]:
        """Return the learning curve of its dataset, where one was drawn."""
        return {**super().context_of(run), **curve_context(run)}

    def draw_curve(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask for the learning curve of the run's dataset; it waits for the training queue."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not is_moderator(request.user):
            raise PermissionDenied
        run = get_object_or_404(TrainingRun, pk=pk)
        if run.dataset is None:
            text = "This run froze no dataset, so there is nothing to draw a curve of."
            self.message_user(request, text, messages.ERROR)
        else:
            request_learning_curve(dataset=run.dataset)
            text = "The learning curve waits for the training queue; it takes a few minutes."
            self.message_user(request, text, messages.SUCCESS)
        return redirect("admin:training_trainingrun_change", pk)


def curve_context(run: TrainingRun | None) -> dict[str, Any]:
    """Return what the template needs: the curve, its drawing, and its answer in words."""
    if run is None or run.dataset_id is None:
        return {}
    curve = LearningCurve.objects.filter(dataset=run.dataset_id, backbone=run.backbone).first()
    if curve is None:
        return {}
    return {
        "curve": curve,
        "plot": plot_curve(curve.points),
        "answer": answer(curve.points, current_policy()),
    }

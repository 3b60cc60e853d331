"""The public pages of what the network learnt. Figures and words only: never a photo."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django_htmx.http import HttpResponseClientRefresh

from tagging.models import ModelVersion
from tagging.registry import live_version
from training.model_card import card_of
from training.models import RunState, TrainingRun
from training.tuning.view import view_of

VERSIONS_ON_PAGE = 100


def models(request: HttpRequest) -> HttpResponse:
    """Show the live version, the run under way, and every version with its figures."""
    live = live_version()
    ModelVersion.objects.bootstrap()
    run = _open_run()
    return render(
        request,
        "training/models.html",
        {
            "live": live,
            "versions": ModelVersion.objects.newest()[:VERSIONS_ON_PAGE],
            "run": run,
            "tuning": view_of(run),
            "last_run": TrainingRun.objects.judged().first(),
        },
    )


def progress(request: HttpRequest) -> HttpResponse:
    """Answer the page that asks how far the run is; once it is over, have the page loaded anew."""
    run = _open_run()
    if run is None:
        return HttpResponseClientRefresh()
    return render(request, "training/_progress.html", {"run": run, "tuning": view_of(run)})


def model(request: HttpRequest, number: int) -> HttpResponse:
    """Show the card of one version: what it was taught, how good it is, and where it ends."""
    version = get_object_or_404(ModelVersion, number=number)
    return render(request, "training/model.html", {"card": card_of(version), "version": version})


def _open_run() -> TrainingRun | None:
    """Return the run under way, else the one that waits the longest."""
    waiting = TrainingRun.objects.filter(state=RunState.QUEUED).order_by("pk")
    return TrainingRun.objects.running().first() or waiting.first()

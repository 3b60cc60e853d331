"""Both presets of the policy side by side, and the button that applies the one in force."""

from __future__ import annotations

from itertools import groupby

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django_q.tasks import async_task

from tagging.policy import PRESETS
from tagging.policy_in_words import in_words, read_passages
from tagging.presets import current_policy


def policy_page(request: HttpRequest) -> HttpResponse:
    """Show every number of the loop with its meaning; a POST settles all open tags by it."""
    if request.method == "POST":
        async_task("tagging.tasks.settle_undecided")
        messages.success(request, "Votes are being settled anew; large sites take some minutes.")
        return redirect("tagging:policy")
    passages = [
        {
            "section": passage.section,
            "words": passage.words,
            "numbers": [
                {
                    "name": name,
                    "values": [in_words(getattr(preset, name)) for preset in PRESETS.values()],
                }
                for name in passage.names
            ],
        }
        for passage in read_passages()
    ]
    context = {
        **admin.site.each_context(request),
        "title": "The policy of this site",
        "presets": list(PRESETS.values()),
        "in_force": current_policy(),
        "sections": [
            (name, list(group))
            for name, group in groupby(passages, key=lambda passage: passage["section"])
        ],
    }
    return TemplateResponse(request, "admin/policy.html", context)

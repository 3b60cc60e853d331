"""The tags panel and the words of certainty, for templates of any room."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import template
from django.template.context import Context
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from gallery.models import Image
from tagging.models import Suggestion, Tag, TagEvent
from tagging.panel import FIRST_LOOK, certainty_in_words, describe_event, read_panel
from tagging.presence import network_status
from tagging.similar import similar_photos

register = template.Library()


@register.inclusion_tag("tagging/_panel.html", takes_context=True)
def tags_panel(context: Context, image: Image) -> dict[str, Any]:
    """Return what the panel needs for the photo and whoever looks at it."""
    request = context["request"]
    return {
        "request": request,
        "csrf_token": context.get("csrf_token"),
        "user": request.user,
        "panel": read_panel(image=image, viewer=request.user),
        "look": FIRST_LOOK,
    }


@register.simple_tag
def tagging_status() -> str:
    """Return how tagging is doing, in a sentence."""
    return network_status().sentence


@register.inclusion_tag("tagging/_similar.html", takes_context=True)
def similar_to(context: Context, image: Image) -> dict[str, Any]:
    """Return the photos most like this one that whoever looks at it may see."""
    return {"similar": similar_photos(image=image, viewer=context["request"].user)}


@register.filter
def certainty(suggestion: Suggestion) -> str:
    """Return for instance "almost certain · 93 %"; one hundred stays for certainty itself."""
    percent = min(max(round(suggestion.score * 100), 1), 99)
    return f"{certainty_in_words(suggestion.score)} · {percent}\u202f%"


@register.filter
def tag_links(tags: Iterable[Tag]) -> SafeString:
    """Return links to the pages of these tags, with commas, to stand in a sentence."""
    links = ((tag.get_absolute_url(), tag.name) for tag in tags)
    return format_html_join(", ", '<a href="{}">{}</a>', links)


@register.filter
def sentence(event: TagEvent) -> str:
    """Return what the person did, in a sentence."""
    return describe_event(event, event.tag)

"""Likes, comments and people's own words, for templates of any room."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import Context
from django.utils.safestring import SafeString

from gallery.conversing import conversation_below, is_liked_by
from gallery.models import Image
from gallery.plain_text import show_text

register = template.Library()


@register.inclusion_tag("gallery/_conversation.html", takes_context=True)
def conversation(context: Context, image: Image) -> dict[str, Any]:
    """Return what people wrote below the photo, and the form to write more."""
    request = context["request"]
    return {**_surroundings(context), **conversation_below(request, image)}


@register.inclusion_tag("gallery/_like.html", takes_context=True)
def like_button(context: Context, image: Image) -> dict[str, Any]:
    """Return the heart of the photo for whoever looks at it."""
    liked = is_liked_by(image, context["request"].user)
    return {**_surroundings(context), "image": image, "is_liked": liked}


@register.filter
def own_words(text: str) -> SafeString:
    """Return the words with their line breaks and links, everything else shown as it is."""
    return show_text(text)


@register.filter
def keyed(address: str, image: Image) -> str:
    """Return the address with the key of an unlisted photo, where whoever reads this has it."""
    return image.keyed(address)


def _surroundings(context: Context) -> dict[str, Any]:
    request = context["request"]
    return {"request": request, "csrf_token": context.get("csrf_token"), "user": request.user}

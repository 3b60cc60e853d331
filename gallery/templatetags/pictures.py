"""Details of a photo and the way to its neighbours, for templates of any room."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import Context

from gallery.access import may_download_original
from gallery.details import details_for
from gallery.models import Image, Licence
from gallery.originals import is_kept_back

register = template.Library()


@register.inclusion_tag("gallery/_exif.html", takes_context=True)
def photo_details(context: Context, image: Image) -> dict[str, Any]:
    """Return what whoever looks may read of how the photo was taken, and take along."""
    request = context["request"]
    is_offered, is_withheld = may_download_original(request, image), is_kept_back(image)
    details = details_for(image, request.user)
    return {
        "image": image,
        "details": details,
        "may_download": is_offered and (details.is_owner or not is_withheld),
        "is_kept_back": image.offers_original and is_withheld,
        "original_url": image.original_url,
        "deed_url": Licence(image.licence).deed_url,
    }


@register.inclusion_tag("gallery/_neighbours.html", takes_context=True)
def photo_neighbours(context: Context, image: Image) -> dict[str, Any]:
    """Return the owner's next newer and next older photo that whoever looks may see."""
    visible = Image.objects.filter(owner=image.owner_id).visible_to(context["request"].user)
    return {"newer": visible.just_newer_than(image), "older": visible.just_older_than(image)}

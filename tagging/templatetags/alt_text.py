"""Words for those who cannot see a photo, taken from its tags."""

from __future__ import annotations

from django import template

from gallery.models import Image
from tagging.models import ImageTag, TagState

register = template.Library()

# A sentence names a few things; the rest is a list.
MOST_TAGS = 8


@register.inclusion_tag("tagging/_suggested_alt.html")
def suggested_alt(image: Image, field_id: str) -> dict[str, str]:
    """Return what people have confirmed to be on the photo, for the field with this id.

    What only the network says is left out: whoever cannot see the photo cannot correct it.
    """
    tags = (
        ImageTag.objects.shown()
        .filter(image=image, state__in=[TagState.CONFIRMED, TagState.CURATED])
        .order_by("tag__name")
        .values_list("tag__name", flat=True)[:MOST_TAGS]
    )
    return {"words": ", ".join(tags), "field_id": field_id}

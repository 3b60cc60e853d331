"""The photos of a tag for feed readers."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from gallery.feeds import answer_feed
from gallery.models import Image
from tagging.models import Tag
from tagging.searching import photos_showing


@require_safe
def of_tag(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The newest photos with one tag, whoever says so."""
    if "\x00" in slug:  # PostgreSQL cannot even be asked for it.
        raise Http404
    tag = get_object_or_404(Tag.objects.usable().at_address(slug))
    title = _("%(site)s: photos tagged %(tag)s") % {"site": settings.SITE_NAME, "tag": tag.name}
    photos = photos_showing(Image.objects.on_show(), [tag])
    return answer_feed(request, photos, title=title, page=tag.get_absolute_url())

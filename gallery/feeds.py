"""Photos for feed readers, as Atom: only what everybody may see, 50 at most, in one query.

Every answer carries an ETag of its content, so that a reader who has it gets 304. The moment of
the newest photo goes along, but does not decide: a title that was changed and a photo that is
gone have to reach everybody.
"""

from __future__ import annotations

import hashlib
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import format_html
from django.utils.http import http_date
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.xmlutils import SimplerXMLGenerator
from django.views.decorators.http import require_safe

from gallery.models import Image, ImageQuerySet
from gallery.plain_text import clean_text
from gallery.views.answering import person_or_404

ITEMS = 50
CACHING = "public, max-age=300"
MEDIA_RSS = "http://search.yahoo.com/mrss/"
LARGE_ENOUGH = 1280


class PhotoAtom(Atom1Feed):
    """Atom with the picture of each photo as Media RSS, which readers show large."""

    def root_attributes(self) -> dict[str, str]:
        """Return what stands in the first element: the name space of Media RSS as well."""
        return {**super().root_attributes(), "xmlns:media": MEDIA_RSS}

    def add_item_elements(self, handler: SimplerXMLGenerator, item: dict[str, Any]) -> None:
        """Write what every entry has, and the picture."""
        super().add_item_elements(handler, item)
        handler.addQuickElement("media:content", None, item["picture"])


@require_safe
def newest(request: HttpRequest) -> HttpResponseBase:
    """The newest photos of the site."""
    title = _("%(site)s: newest photos") % {"site": settings.SITE_NAME}
    photos = Image.objects.on_show()
    return answer_feed(request, photos, title=title, page=reverse("gallery:stream"))


@require_safe
def of_person(request: HttpRequest, username: str) -> HttpResponseBase:
    """The newest photos of one person."""
    person = person_or_404(username)
    title = _("%(site)s: photos by %(name)s") % {
        "site": settings.SITE_NAME,
        "name": person.username,
    }
    photos = Image.objects.filter(owner=person).on_show()
    return answer_feed(request, photos, title=title, page=person.get_absolute_url())


def answer_feed(
    request: HttpRequest, photos: ImageQuerySet, *, title: str, page: str
) -> HttpResponseBase:
    """Return the newest of these photos as a feed, or 304 where the reader has it.

    `photos` are on show to everybody; `page` is the path of the page that shows them to people.
    """
    images = list(photos.newest().with_owner()[:ITEMS])
    feed = PhotoAtom(
        title=title,
        link=request.build_absolute_uri(page),
        description="",
        language=get_language(),
        feed_url=request.build_absolute_uri(),
    )
    for image in images:
        _add(feed, request, image)
    body = feed.writeString("utf-8").encode()
    etag = f'"{hashlib.sha256(body).hexdigest()}"'
    response = get_conditional_response(request, etag=etag) or HttpResponse(
        body, content_type=feed.content_type
    )
    response["ETag"] = etag
    response["Cache-Control"] = CACHING
    if images:
        response["Last-Modified"] = http_date(images[0].created_at.timestamp())
    return response


def _add(feed: PhotoAtom, request: HttpRequest, image: Image) -> None:
    width = image.width_for(LARGE_ENOUGH)
    picture = {
        "url": request.build_absolute_uri(image.rendition_url(width)),
        "type": "image/webp",
        "medium": "image",
        "width": str(width),
        "height": str(round(image.height * width / image.width)),
    }
    address = request.build_absolute_uri(image.get_absolute_url())
    feed.add_item(
        # What no XML may hold was perhaps typed all the same.
        title=clean_text(image.alt_text),
        link=address,
        unique_id=address,
        description=_description(image, address, picture),
        author_name=image.owner.username,
        author_link=request.build_absolute_uri(image.owner.get_absolute_url()),
        pubdate=image.created_at,
        updateddate=image.created_at,
        picture=picture,
    )


def _description(image: Image, address: str, picture: dict[str, str]) -> SafeString:
    return format_html(
        '<p><a href="{}"><img src="{}" width="{}" height="{}" alt="{}"></a></p><p>{}</p>',
        address,
        picture["url"],
        picture["width"],
        picture["height"],
        clean_text(image.alt_text),
        clean_text(image.description),
    )

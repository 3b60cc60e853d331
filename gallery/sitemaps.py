"""What search engines may find: public photos, public albums, and people who have some."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib.sitemaps import Sitemap
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from gallery.models import Album, Image, User

if TYPE_CHECKING:
    ImageSitemap = Sitemap[Image]
    ModelSitemap = Sitemap[Album]
    UserSitemap = Sitemap[User]
else:
    ImageSitemap = ModelSitemap = UserSitemap = Sitemap


class PhotoSitemap(ImageSitemap):
    """Every photo on show."""

    limit = 5000

    def items(self) -> list[Image]:
        """Return photos, the oldest first: pages that are full do not change any more."""
        columns = ("pk", "created_at", "visibility")
        return Image.objects.on_show().order_by("pk").only(*columns)  # type: ignore[return-value]

    def lastmod(self, item: Image) -> datetime:
        """Return when the photo was uploaded."""
        return item.created_at

    def get_latest_lastmod(self) -> datetime | None:
        """Return when the newest was uploaded, by one row instead of reading all."""
        newest = Image.objects.on_show().newest()
        return newest.values_list("created_at", flat=True).first()


class AlbumSitemap(ModelSitemap):
    """Every public album."""

    limit = 5000

    def items(self) -> list[Album]:
        """Return albums, the oldest first."""
        return Album.objects.on_show().order_by("pk")  # type: ignore[return-value]  # sliced


class PersonSitemap(UserSitemap):
    """Everybody who shows a photo."""

    limit = 5000

    def items(self) -> list[User]:
        """Return people, those who came first first."""
        photos = Image.objects.on_show().filter(owner=OuterRef("pk"))
        people = User.objects.filter(Exists(photos), is_active=True)
        return people.order_by("pk")  # type: ignore[return-value]  # sliced


SITEMAPS = {"photos": PhotoSitemap, "albums": AlbumSitemap, "people": PersonSitemap}
CLOSED = ("/admin/", "/accounts/", "/api/", "/links/", "/s/", "/notices/")


@require_safe
@cache_control(public=True, max_age=86400)
def robots(request: HttpRequest) -> HttpResponse:
    """Tell search engines where the map is, and which pages are not worth their time."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in CLOSED)]
    lines += ["", f"Sitemap: {request.build_absolute_uri(reverse('gallery:sitemap'))}", ""]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")

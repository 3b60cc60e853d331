"""What a telephone needs to know to put the site beside its apps."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

GROUND = "#fcfcfb"


@require_safe
@cache_control(max_age=3600)
def manifest(request: HttpRequest) -> JsonResponse:
    """Return the web app manifest, with the site's own name."""
    content = {
        "name": settings.SITE_NAME,
        "short_name": settings.SITE_NAME,
        "description": _("Share photos and teach the network that tags them."),
        "start_url": reverse("gallery:stream"),
        "scope": "/",
        "display": "standalone",
        "background_color": GROUND,
        "theme_color": GROUND,
        "icons": [
            {"src": static("logo.svg"), "sizes": "any", "type": "image/svg+xml"},
            {
                "src": static("touch-icon.svg"),
                "sizes": "any",
                "type": "image/svg+xml",
                "purpose": "maskable",
            },
            {"src": static("touch-icon.png"), "sizes": "180x180", "type": "image/png"},
        ],
        "shortcuts": [{"name": _("Upload photos"), "url": reverse("gallery:upload")}],
    }
    return JsonResponse(content, content_type="application/manifest+json")

"""Pages and JSON travel compressed; photos and archives are compressed already.

A reader who can make somebody's browser ask for pages could guess secrets from their length
(BREACH). Django masks the only secret in a page, the CSRF token, anew each time, and its gzip adds
a random length on top.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.middleware.gzip import GZipMiddleware

TEXTS = ("text/", "application/json", "application/manifest+json", "application/xml", "image/svg")
FEEDS = ("application/rss+xml", "application/atom+xml", "application/vnd.oai.openapi")


class CompressText(GZipMiddleware):
    """Django's gzip, for whole answers that are text; streams keep their length and ranges."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Return the response, compressed where that makes it smaller."""
        is_text = response.get("Content-Type", "").startswith((*TEXTS, *FEEDS))
        if response.streaming or not is_text:
            return response
        return super().process_response(request, response)

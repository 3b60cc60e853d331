"""Which language a page speaks: the person's own, else the browser's, and how it is chosen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from allauth.account.signals import user_signed_up
from django.conf import settings
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.translation import check_for_language
from django.views.decorators.http import require_POST
from django.views.i18n import set_language

from gallery.models import User

# These say nothing to people, or the same to all who ask for one language: no proxy could keep a
# feed that followed the session. None of them looks at it, and it must not cost them a query.
WORDLESS: Final = frozenset(
    {
        *("gallery:rendition", "gallery:rendition_as", "gallery:avatar", "gallery:favicon"),
        *("gallery:newest_feed", "gallery:person_feed", "tagging:tag_feed"),
        *("gallery:robots", "gallery:sitemap", "gallery:sitemap_section"),
        *("healthz", "manifest", "set_language"),
    }
)
LONGEST_CODE: Final = 8


class SpeakPersonsLanguage:
    """Middleware: what a logged-in person chose wins over what their browser asks for.

    The API follows `Accept-Language` alone: whoever writes a program says it in the request.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request; `process_view` has seen it once its address is known."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: Any) -> None:
        """Switch to the person's language before the view runs."""
        match = request.resolver_match
        if match is None or match.view_name in WORDLESS or request.path.startswith("/api/"):
            return
        chosen = request.user.language if isinstance(request.user, User) else ""
        if chosen in dict(settings.LANGUAGES):
            translation.activate(chosen)
            request.LANGUAGE_CODE = translation.get_language() or chosen


@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Remember the language in a cookie, and on the person's row, and go back to the page."""
    answer = set_language(request)
    code = request.POST.get("language", "")[:LONGEST_CODE]
    is_known = code in dict(settings.LANGUAGES) and check_for_language(code)
    if is_known and isinstance(request.user, User) and request.user.language != code:
        request.user.language = code
        request.user.save(update_fields=["language"])
    return answer


@receiver(user_signed_up, dispatch_uid="eyes.keep_language")
def keep_language(user: User, **_: object) -> None:
    """Write mails and notices in the language in which somebody joined, where it is another."""
    language = translation.get_language() or ""
    if language != settings.LANGUAGE_CODE and language in dict(settings.LANGUAGES):
        user.language = language
        user.save(update_fields=["language"])

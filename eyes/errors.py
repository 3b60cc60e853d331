"""What a page answers when something goes wrong, where Django's own answers say too little."""

from __future__ import annotations

import logging
from http import HTTPStatus

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFilesSent
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.template import TemplateDoesNotExist, TemplateSyntaxError
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views import defaults

from gallery.answers import wants_json

TOO_LARGE = (RequestDataTooBig, TooManyFilesSent)
_log = logging.getLogger(__name__)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Return the page of a 400; what is merely too much becomes the 413 that it is."""
    if not isinstance(exception, TOO_LARGE):
        return defaults.bad_request(request, exception)
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    if wants_json(request):
        problem = _("That was too much at once. Please send fewer or smaller files.")
        return JsonResponse({"files": [], "errors": {"photos": [problem]}}, status=status)
    context = {"most": settings.DATA_UPLOAD_MAX_NUMBER_FILES}
    return render(request, "413.html", context, status=status)


def server_error(request: HttpRequest) -> HttpResponse:
    """Return the page of a 500, which asks no database and knows nobody."""
    try:
        page: str = render_to_string("500.html")
    except (ValueError, OSError, TemplateDoesNotExist, TemplateSyntaxError):
        _log.exception("Not even the page of a 500 could be written.")
        page = "<!DOCTYPE html><title>500</title><h1>Something broke on our side</h1>"
    return HttpResponse(page, status=HTTPStatus.INTERNAL_SERVER_ERROR)

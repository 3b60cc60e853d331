"""A brake on what a page may be asked to do: for loops and floods, not for people."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from math import ceil
from typing import Any, Concatenate, ParamSpec, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from rest_framework.throttling import UserRateThrottle

Rest = ParamSpec("Rest")
View = Callable[Concatenate[HttpRequest, Rest], HttpResponse]


def limit_rate(action: str, rate: str) -> Callable[[View[Rest]], View[Rest]]:
    """Return a decorator for views: what changes something more often than `rate` gets a 429 page.

    `rate` is written as the API's are, "30/min" or "200/hour"; counted are the requests of a
    person, or of an address where nobody is logged in, that are no mere reading. Views with the
    same `action` share one count. Each web process counts for itself.
    """

    class Throttle(UserRateThrottle):
        scope = f"page-{action}"

    Throttle.rate = rate

    def decorate(view: View[Rest]) -> View[Rest]:
        @wraps(view)
        def limited(
            request: HttpRequest, /, *args: Rest.args, **kwargs: Rest.kwargs
        ) -> HttpResponse:
            brake = Throttle()
            # The throttle reads nothing of the API's request that Django's has not.
            asked = cast(Any, request)
            if request.method in ("GET", "HEAD") or brake.allow_request(asked, cast(Any, None)):
                return view(request, *args, **kwargs)
            return answer_too_many(request, brake.wait())

        return limited

    return decorate


def answer_too_many(request: HttpRequest, seconds: float | None) -> HttpResponse:
    """Return the page that asks for patience; `seconds` until it is worth another try."""
    response = render(request, "429.html", status=HTTPStatus.TOO_MANY_REQUESTS)
    response["Retry-After"] = str(max(ceil(seconds or 1), 1))
    return response

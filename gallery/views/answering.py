"""What the pages of people and conversations have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django_htmx.http import HttpResponseClientRedirect

from gallery.models import User
from gallery.numbers import read_id

PEOPLE_ON_PAGE = 50


@dataclass(frozen=True)
class PeoplePage:
    """Some people, and the query string of those who came before them ("" at the end)."""

    people: list[User]
    older_url: str


def is_htmx(request: HttpRequest) -> bool:
    """Return whether htmx asks, which wants a fragment instead of a page."""
    return bool(getattr(request, "htmx", False))


def ask_to_log_in(request: HttpRequest, then: str) -> HttpResponse:
    """Return the way to the log-in page, and from there to the address."""
    response = redirect_to_login(then)
    return HttpResponseClientRedirect(response["Location"]) if is_htmx(request) else response


def person_or_404(username: str) -> User:
    """Return the person with this name; who left or may not log in has no page."""
    if "\x00" in username:  # PostgreSQL cannot even be asked for it.
        raise Http404
    return get_object_or_404(User, username=username, is_active=True, left_at=None)


def number_or_404(text: str) -> int:
    """Return the id in a form; what is no id names nothing."""
    number = read_id(text)
    if number is None:
        raise Http404
    return number


def page_of_people(request: HttpRequest, rows: QuerySet[Any], of: str) -> PeoplePage:
    """Return the people of these rows, the latest first, in one query (see `page_of_rows`)."""
    return PeoplePage(*page_of_rows(request, rows, of, size=PEOPLE_ON_PAGE))


def page_of_rows(
    request: HttpRequest, rows: QuerySet[Any], of: str, *, size: int
) -> tuple[list[Any], str]:
    """Return what these rows are about, the latest row first, and the query string of the rest.

    `of` names it in a row, loaded with it. The mark in `?before=` is the id of a row.
    """
    before = read_id(request.GET.get("before", ""))
    found = list((rows.filter(pk__lt=before) if before else rows).order_by("-pk")[: size + 1])
    shown = found[:size]
    older_url = f"?before={shown[-1].pk}" if len(found) > size else ""
    return [getattr(row, of) for row in shown], older_url

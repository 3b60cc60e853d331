"""Where signed-in people are seen: on which network and device, told apart and never named.

Under a policy that lets people who share a network or device count once, every form or API call
of a signed-in person leaves one row per hour for their network and one for their browser. A mark
is a keyed hash, so that two can be compared and an address or a device is not to be read from
one; rows go after `sightings_kept_days`. Reading a page leaves nothing and costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from secrets import token_urlsafe
from typing import Final, cast

from django.conf import settings
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from gallery.models import User
from tagging.models import Sighting
from tagging.presets import current_policy

COOKIE: Final = "device"
COOKIE_AGE: Final = timedelta(days=400)  # longer is cut short by browsers
SALT: Final = "tagging.sightings"
MARK_DIGITS: Final = 32

Answer = Callable[[HttpRequest], HttpResponse]


class NoteSightings:
    """Middleware: after a signed-in person sent something, note where from.

    It stands where a view cannot forget it: votes come in through the photo page, the review page
    and the API. The person is known only afterwards, because the API reads its token late.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Return the answer, with a device cookie for a browser that has none yet."""
        response = self.get_response(request)
        if request.method == "POST" and current_policy().shared_hours:
            if isinstance(request.user, User):
                note_sighting(request, request.user)
            if settings.SESSION_COOKIE_NAME in request.COOKIES and device_of(request) is None:
                _hand_out_device(response)
        return response


def note_sighting(request: HttpRequest, person: User) -> None:
    """Store that the person was seen on this network and device in this hour.

    A device counts once its cookie came back: a program that drops cookies would otherwise leave
    a new one with every request.
    """
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    places = {"network": network_of(request), "device": device_of(request)}
    rows = [
        Sighting(person=person, mark=mark_of(kind, place), hour=hour)
        for kind, place in places.items()
        if place is not None
    ]
    # An account that was deleted by this very request leaves no trace.
    with suppress(IntegrityError):
        Sighting.objects.bulk_create(rows, ignore_conflicts=True)


def mark_of(kind: str, place: str) -> str:
    """Return the keyed hash, 32 hex digits, of a network or device."""
    return salted_hmac(SALT, f"{kind}:{place}", algorithm="sha256").hexdigest()[:MARK_DIGITS]


def network_of(request: HttpRequest) -> str | None:
    """Return the network that the request came from, or None where it is unknown.

    An IPv4 address stands for itself; of IPv6 the first 64 bits count, which is what a household
    gets and chooses the rest of freely. The address is the one that the API's limits count too:
    the sender's, or the one that the proxy noted (EYES_BEHIND_PROXY). The machine itself is
    nobody's network: that is a proxy which nobody told eyes of, and all would be one person.
    """
    try:
        address = ip_address(BaseThrottle().get_ident(cast(Request, request)))
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address
    if address.is_loopback:
        return None
    if isinstance(address, IPv6Address):
        return str(ip_network((int(address), 64), strict=False))
    return str(address)


def device_of(request: HttpRequest) -> str | None:
    """Return the browser's own number, or None where it has none that was given out here."""
    value = request.get_signed_cookie(COOKIE, default=None, salt=SALT)
    return value or None


def _hand_out_device(response: HttpResponse) -> None:
    """Give the browser a random number; it says nothing and survives logging out."""
    response.set_signed_cookie(
        COOKIE,
        token_urlsafe(18),
        salt=SALT,
        max_age=int(COOKIE_AGE.total_seconds()),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def forget_old_sightings() -> int:
    """Delete sightings that are older than the policy keeps them, and return how many.

    Where the policy does not look at them, all of them go.
    """
    policy = current_policy()
    kept = timedelta(days=policy.sightings_kept_days if policy.shared_hours else 0)
    return Sighting.objects.outdated(kept).delete()[0]

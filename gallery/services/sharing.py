"""Everything that writes share links."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from gallery.models import Album, Image, ShareLink, User


class NotYoursToShare(ValueError):
    """Only owners give links to what is theirs; the message says so."""


def make_share_link(
    *,
    by: User,
    image: Image | None = None,
    album: Album | None = None,
    expires_at: datetime | None = None,
    password: str = "",
    offers_original: bool = False,
    note: str = "",
) -> ShareLink:
    """Return a new link to one photo or one album of this person.

    It opens until `expires_at` (None: until it is revoked), for whoever knows the password, if
    there is one. Only its hash is kept. Raises NotYoursToShare for what belongs to somebody else.
    """
    thing = image or album
    if thing is None or thing.owner_id != by.pk:
        raise NotYoursToShare(_("You can only share what is yours."))
    return ShareLink.objects.create(
        created_by=by,
        image=image,
        album=album,
        expires_at=expires_at,
        password=make_password(password) if password else "",
        offers_original=offers_original,
        note=note,
    )


def revoke_share_link(*, link: ShareLink) -> None:
    """Close the link for good, also for those who have it open. Twice is as good as once."""
    ShareLink.objects.filter(pk=link.pk, revoked_at=None).update(revoked_at=timezone.now())
    link.refresh_from_db(fields=["revoked_at"])


def count_opening(*, link: ShareLink) -> None:
    """Count that one more visitor opened the link."""
    ShareLink.objects.filter(pk=link.pk).update(opened_count=F("opened_count") + 1)

"""Links that open a photo or an album for whoever has them."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from gallery.models.albums import Album
from gallery.models.choices import make_key
from gallery.models.images import Image


class ShareLinkQuerySet(models.QuerySet["ShareLink"]):
    """Reading share links, in words that chain."""

    def open_at(self, moment: datetime) -> Self:
        """Return links that are neither revoked nor expired at this moment."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=moment), revoked_at=None)


class ShareLink(models.Model):
    """An address nobody guesses, for one photo or one album, until it expires or is revoked."""

    token = models.CharField(max_length=22, unique=True, default=make_key, editable=False)
    image = models.ForeignKey(
        Image, models.CASCADE, null=True, blank=True, related_name="share_links"
    )
    album = models.ForeignKey(
        Album, models.CASCADE, null=True, blank=True, related_name="share_links"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="share_links"
    )
    note = models.CharField(_("note to yourself"), max_length=100, blank=True)
    # Hashed like the password of a person; empty: none is asked for.
    password = models.CharField(max_length=128, blank=True, editable=False)
    offers_original = models.BooleanField(_("originals may be downloaded"), default=False)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    opened_count = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ShareLinkQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(image=None, album__isnull=False) | Q(image__isnull=False, album=None),
                name="share_link_of_one_thing",
            ),
        ]

    def __str__(self) -> str:
        return f"Link to {self.image or self.album}"

    def get_absolute_url(self) -> str:
        """Return the address that is given away."""
        return reverse("gallery:shared", args=[self.token])

    def is_open(self) -> bool:
        """Return whether the link still opens anything."""
        is_past = self.expires_at is not None and self.expires_at <= timezone.now()
        return self.revoked_at is None and not is_past

    def leads_somewhere(self) -> bool:
        """Return whether the link is open, and what it leads to is still there to be seen."""
        is_gone = self.image is not None and bool(self.image.deleted_at or self.image.hidden_at)
        return self.is_open() and not is_gone

    @property
    def is_revoked(self) -> bool:
        """Return whether its owner or a moderator closed it."""
        return self.revoked_at is not None

    def accepts(self, password: str) -> bool:
        """Return whether this password opens the link; any does where none is asked for."""
        return not self.password or check_password(password, self.password)

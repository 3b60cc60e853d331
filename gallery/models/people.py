"""People: who shares photos, and who follows whom."""

from __future__ import annotations

from typing import ClassVar, TypeAlias

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gallery.models.choices import Licence, Visibility


class User(AbstractUser):
    """A person who shares photos; moderators are users with `is_staff`.

    A person who leaves keeps an empty row without a name (`left_at`), so that the votes of the
    past still count as one person's without saying whose.
    """

    offers_photos = models.BooleanField(
        _("the network may learn from my photos"),
        default=True,
        help_text=_("The answer given at the last upload; it is offered again at the next one."),
    )
    usual_visibility = models.CharField(
        max_length=12, choices=Visibility.choices, default=Visibility.PUBLIC, editable=False
    )
    usual_licence = models.CharField(
        max_length=16, choices=Licence.choices, default=Licence.ALL_RIGHTS, editable=False
    )
    bio = models.TextField(_("about you"), max_length=500, blank=True)
    # The random name of the folder that holds the avatar in its sizes; none: the first letter.
    avatar_folder = models.UUIDField(null=True, blank=True, editable=False)
    # What mails and notices are written in; empty follows the site.
    language = models.CharField(_("language"), max_length=8, blank=True)
    left_at = models.DateTimeField(null=True, blank=True, editable=False)

    # Counted here so that no page asks another table whether there is news.
    unread_notices = models.PositiveIntegerField(default=0, editable=False)

    @property
    def initial(self) -> str:
        """Return the letter that stands for a person without a picture."""
        return self.username[:1].upper()

    @property
    def shown_name(self) -> str:
        """Return what to call this person where others read it."""
        return gettext("somebody who left") if self.left_at else self.username

    def get_absolute_url(self) -> str:
        """Return the address of this person's public profile."""
        return reverse("gallery:profile", args=[self.username])


Viewer: TypeAlias = User | AnonymousUser


class Follow(models.Model):
    """One person wants to see what another one shares."""

    follower = models.ForeignKey(User, models.CASCADE, related_name="follows")
    followed = models.ForeignKey(User, models.CASCADE, related_name="followers")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["follower", "followed"], name="follow_once"),
            models.CheckConstraint(condition=~Q(follower=F("followed")), name="follow_others"),
        ]

    def __str__(self) -> str:
        return f"{self.follower} follows {self.followed}"

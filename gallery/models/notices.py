"""What people are told, and what they want to be told."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class NoticeKind(models.TextChoices):
    """What a notice is about; each kind can be switched off, on the page and by mail."""

    LEARNING = "learning", _("What the network learnt from you")
    COMMENT = "comment", _("Comments on your photos, and answers")
    LIKE = "like", _("Somebody likes your photo")
    FOLLOW = "follow", _("Somebody follows you")
    ALBUM = "album", _("An album is shared with you")
    TRANSFER = "transfer", _("Your takeout or import is ready")
    MODERATION = "moderation", _("What moderators did or should do")


class Notice(models.Model):
    """Something a person should know: what their work changed, or what others did."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=12, choices=NoticeKind.choices, default=NoticeKind.LEARNING)
    # Who did it; nobody for what the site itself has to say.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+"
    )
    text = models.CharField(max_length=500)
    url = models.CharField("where it leads", max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True, blank=True)
    mailed_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering: ClassVar = ["-pk"]
        indexes: ClassVar = [models.Index(fields=["person", "-id"], name="notice_of_person")]

    def __str__(self) -> str:
        return self.text


class NoticeChoice(models.Model):
    """How a person wants to hear of one kind of news; without a row the kind's own way holds."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="notice_choices"
    )
    kind = models.CharField(max_length=12, choices=NoticeKind.choices)
    on_page = models.BooleanField(default=True)
    by_mail = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "kind"], name="notice_choice_once"),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.kind}"

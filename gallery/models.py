"""Users and their photos. This room knows nothing of tags or networks."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Self, TypeAlias
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import models
from django.urls import reverse


class User(AbstractUser):
    """A person who shares photos; moderators are users with `is_staff`."""

    offers_photos = models.BooleanField(
        "the network may learn from my photos",
        default=True,
        help_text="The answer given at the last upload; it is offered again at the next one.",
    )

    # Counted here so that no page asks another table whether there is news.
    unread_notices = models.PositiveIntegerField(default=0, editable=False)

    def get_absolute_url(self) -> str:
        """Return the address of this person's public profile."""
        return reverse("gallery:profile", args=[self.username])


Viewer: TypeAlias = User | AnonymousUser


class Visibility(models.TextChoices):
    PUBLIC = "public", "Everybody"
    PRIVATE = "private", "Only me"


class ImageQuerySet(models.QuerySet["Image"]):
    """Reading many photos, in words that chain."""

    def visible_to(self, viewer: Viewer) -> Self:
        """Return what this person may see: public unhidden photos, their own, all for staff."""
        if viewer.is_staff:
            return self.all()
        public = models.Q(visibility=Visibility.PUBLIC, hidden_at=None)
        if viewer.is_authenticated:
            return self.filter(public | models.Q(owner_id=viewer.pk))
        return self.filter(public)

    def on_show(self) -> Self:
        """Return photos that strangers may see: for the stream, tag pages and profiles."""
        return self.filter(visibility=Visibility.PUBLIC, hidden_at=None)

    def teachable(self) -> Self:
        """Return photos whose owners offer them to the network and no moderator hid."""
        return self.filter(teaches=True, hidden_at=None)

    def newest(self) -> Self:
        """Return the latest upload first; the id breaks ties so that pages never overlap."""
        return self.order_by("-created_at", "-pk")

    def with_owner(self) -> Self:
        """Return photos with their owner loaded, for lists that print the name."""
        return self.select_related("owner")


class Image(models.Model):
    """One upload by one person. The same bytes from two people are two photos.

    Files: the untouched original (never served to others, it may hold a GPS position) and WebP
    renditions without any metadata. Both lie under a random folder name, so that an address
    cannot be guessed, and are served only by a view that asks who is looking.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="images")
    title = models.CharField(max_length=200, blank=True)
    description = models.TextField(max_length=2000, blank=True)
    original_name = models.CharField(max_length=255, blank=True, editable=False)
    file_format = models.CharField(max_length=8, editable=False)
    folder = models.UUIDField(default=uuid4, unique=True, editable=False)
    sha256 = models.CharField("SHA-256 of the original bytes", max_length=64, editable=False)
    dhash = models.CharField("dHash-16, 64 hex digits", max_length=64, editable=False)
    width = models.PositiveIntegerField("width in pixels, upright", editable=False)
    height = models.PositiveIntegerField("height in pixels, upright", editable=False)
    byte_size = models.PositiveIntegerField(editable=False)
    rendition_widths = models.JSONField(default=list, editable=False)
    visibility = models.CharField(
        max_length=8, choices=Visibility.choices, default=Visibility.PUBLIC
    )
    teaches = models.BooleanField("offered for teaching", default=True)
    hidden_at = models.DateTimeField(null=True, blank=True, editable=False)
    hidden_reason = models.CharField(max_length=200, blank=True)
    is_sample = models.BooleanField("bundled sample photo", default=False, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ImageQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-created_at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "sha256"], name="image_once_per_owner"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["-created_at", "-id"], name="image_newest"),
            models.Index(fields=["sha256"], name="image_sha256"),
        ]

    def __str__(self) -> str:
        return self.title or f"Photo {self.pk}"

    def get_absolute_url(self) -> str:
        """Return the address of the photo page."""
        return reverse("gallery:image", args=[self.pk])

    def is_visible_to(self, viewer: Viewer) -> bool:
        """Return whether this person may see the photo and its files."""
        if viewer.is_staff or (viewer.is_authenticated and viewer.pk == self.owner_id):
            return True
        return self.visibility == Visibility.PUBLIC and self.hidden_at is None

    def is_editable_by(self, viewer: Viewer) -> bool:
        """Return whether this person may edit or delete the photo: its owner, or staff."""
        return viewer.is_staff or (viewer.is_authenticated and viewer.pk == self.owner_id)

    @property
    def directory(self) -> Path:
        """Return the folder that holds every file of this photo."""
        return image_directory(self.folder)

    @property
    def original_path(self) -> Path:
        """Return the path of the untouched upload."""
        return self.directory / f"original.{self.file_format}"

    def rendition_path(self, width: int) -> Path:
        """Return the path of the WebP rendition of this width in pixels."""
        return self.directory / f"{width}.webp"

    def rendition_url(self, width: int) -> str:
        """Return the address that serves the rendition after asking who is looking."""
        return reverse("gallery:rendition", args=[self.pk, width])

    @property
    def srcset(self) -> str:
        """Return every rendition with its width, for the browser to choose from."""
        return ", ".join(f"{self.rendition_url(width)} {width}w" for width in self.rendition_widths)

    @property
    def thumbnail_url(self) -> str:
        """Return the address of the rendition for grids: the first of 640 pixels or more."""
        enough = [width for width in self.rendition_widths if width >= 640]
        return self.rendition_url(min(enough, default=max(self.rendition_widths)))

    @property
    def largest_url(self) -> str:
        """Return the address of the largest rendition."""
        return self.rendition_url(max(self.rendition_widths))

    @property
    def alt_text(self) -> str:
        """Return the words for those who cannot see the photo."""
        return self.title or f"Photo by {self.owner.username}"

    @property
    def ratio_class(self) -> str:
        """Return the style class of the photo's shape, in tenths of width by height.

        A strict content policy forbids style attributes, so grids get shapes from a fixed set.
        """
        return f"ratio-{min(max(round(10 * self.width / self.height), 5), 25)}"


def image_directory(folder: UUID) -> Path:
    """Return where files of the photo with this folder name lie, fanned out by two digits."""
    name = folder.hex
    return Path(settings.MEDIA_ROOT) / "photos" / name[:2] / name


class Milestone(models.Model):
    """Something that happens once in the life of a site and is remembered for ever."""

    class Name(models.TextChoices):
        SAMPLES_ADDED = "samples_added", "Sample photos were added on the first start"

    name = models.CharField(max_length=32, choices=Name.choices, unique=True)
    reached_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.get_name_display()


class Notice(models.Model):
    """Something a person should know: what their work changed, or what needs a moderator."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notices")
    text = models.CharField(max_length=500)
    url = models.CharField("where it leads", max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-pk"]
        indexes: ClassVar = [models.Index(fields=["person", "-id"], name="notice_of_person")]

    def __str__(self) -> str:
        return self.text

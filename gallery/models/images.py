"""One upload by one person: the row, its files, and who may see it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar, Self
from uuid import UUID, uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gallery.models.choices import Colour, Licence, Visibility, make_key
from gallery.models.people import Follow, User, Viewer

__all__ = ["Colour", "Image", "ImageQuerySet", "Licence", "Visibility", "image_directory"]

# What was deleted may be brought back for so long.
KEPT_IN_TRASH = timedelta(days=30)


# SQLite takes 32,766 values in one statement.
MOST_FOLLOWED = 5000


class ImageQuerySet(models.QuerySet["Image"]):
    """Reading many photos, in words that chain."""

    def visible_to(self, viewer: Viewer) -> Self:
        """Return what this person may find in lists; all for staff.

        Public unhidden photos, their own, those for followers of people they follow, and what is
        in albums that are shared with them. Unlisted photos of others are in no list.
        """
        if viewer.is_staff:
            return self.all()
        public = Q(visibility=Visibility.PUBLIC, hidden_at=None)
        if not viewer.is_authenticated:
            return self.filter(public)
        followed = Follow.objects.filter(follower_id=viewer.pk).values("followed_id")
        for_followers = Q(visibility=Visibility.FOLLOWERS, hidden_at=None, owner_id__in=followed)
        in_shared_albums = Q(hidden_at=None) & _in_albums_open_to(viewer)
        return self.filter(public | Q(owner_id=viewer.pk) | for_followers | in_shared_albums)

    def on_show(self) -> Self:
        """Return photos that strangers may see: for the stream, tag pages and profiles."""
        return self.filter(visibility=Visibility.PUBLIC, hidden_at=None)

    def of_people_followed_by(self, person: User) -> Self:
        """Return what the people that this person follows share with everybody or followers.

        They are read first, in a query of their own: knowing them, PostgreSQL walks the newest
        photos for who follows many and the photos of each for who follows few. With a subquery
        it guesses, and took 100 times as long among 100,000 photos. Of very many the last count.
        """
        follows = Follow.objects.filter(follower=person).order_by("-pk")
        followed = list(follows.values_list("followed_id", flat=True)[:MOST_FOLLOWED])
        shared = [Visibility.PUBLIC, Visibility.FOLLOWERS]
        return self.filter(owner_id__in=followed, visibility__in=shared, hidden_at=None)

    def shared_by(self, person: User, *, with_followers: bool) -> Self:
        """Return what a person shares with everybody, and what is for followers if asked for."""
        shared = [Visibility.PUBLIC, *([Visibility.FOLLOWERS] if with_followers else [])]
        return self.filter(owner=person, visibility__in=shared, hidden_at=None)

    def teachable(self) -> Self:
        """Return photos whose owners offer them to the network and no moderator hid."""
        return self.filter(teaches=True, hidden_at=None)

    def in_trash(self) -> Self:
        """Return photos that their owners deleted and may still bring back; see `with_trash`."""
        return self.filter(deleted_at__gt=timezone.now() - KEPT_IN_TRASH)

    def expired_in_trash(self) -> Self:
        """Return photos that have been in the trash for too long: the next job deletes them."""
        return self.filter(deleted_at__lte=timezone.now() - KEPT_IN_TRASH)

    def newest(self) -> Self:
        """Return the latest upload first; the id breaks ties so that pages never overlap."""
        return self.order_by("-created_at", "-pk")

    def just_newer_than(self, image: Image) -> Image | None:
        """Return the photo uploaded right after this one; None for the newest."""
        later = self.filter(created_at__gte=image.created_at)
        same_moment = Q(created_at=image.created_at, pk__lte=image.pk)
        return later.exclude(same_moment).order_by("created_at", "pk").first()

    def just_older_than(self, image: Image) -> Image | None:
        """Return the photo uploaded right before this one; None for the oldest."""
        earlier = self.filter(created_at__lte=image.created_at)
        same_moment = Q(created_at=image.created_at, pk__gte=image.pk)
        return earlier.exclude(same_moment).newest().first()

    def with_owner(self) -> Self:
        """Return photos with their owner loaded, for lists that print the name."""
        return self.select_related("owner")


def _in_albums_open_to(viewer: Viewer) -> Q:
    """Return the condition that a photo is in an album of this person, or one shared with them."""
    from gallery.models.albums import Album, AlbumMember, AlbumPhoto

    shared = AlbumMember.objects.filter(person_id=viewer.pk).values("album_id")
    # The albums first: asked of each place, a database looks at every place of every album.
    albums = Album.objects.filter(Q(owner_id=viewer.pk) | Q(pk__in=shared)).order_by()
    places = AlbumPhoto.objects.filter(album_id__in=albums.values("pk"))
    return Q(pk__in=places.values("image_id"))


_Images = models.Manager.from_queryset(ImageQuerySet)


class PresentImages(_Images["Image"]):
    """Photos that are not in the trash: what everybody means by photos."""

    def get_queryset(self) -> ImageQuerySet:
        """Return every photo but those in the trash."""
        return ImageQuerySet(self.model, using=self._db).filter(deleted_at=None)


class Image(models.Model):
    """One upload by one person. The same bytes from two people are two photos.

    Files: the untouched original (it may hold a GPS position, and is served to its owner and, where
    they allow it, to others) and renditions without any metadata. They lie under a random folder
    name, so that an address cannot be guessed, and a view asks who is looking before it serves one.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="images")
    title = models.CharField(_("title"), max_length=200, blank=True)
    description = models.TextField(_("description"), max_length=2000, blank=True)
    alt = models.CharField(_("alternative text"), max_length=500, blank=True)
    original_name = models.CharField(max_length=255, blank=True, editable=False)
    file_format = models.CharField(max_length=8, editable=False)
    folder = models.UUIDField(default=uuid4, unique=True, editable=False)
    sha256 = models.CharField("SHA-256 of the original bytes", max_length=64, editable=False)
    dhash = models.CharField("dHash-16, 64 hex digits", max_length=64, editable=False)
    width = models.PositiveIntegerField("width in pixels, upright", editable=False)
    height = models.PositiveIntegerField("height in pixels, upright", editable=False)
    byte_size = models.PositiveIntegerField(editable=False)
    rendition_widths = models.JSONField(default=list, editable=False)
    # Renditions of other formats, by format: {"avif": [640, 1280], "jpeg": [1280]}.
    more_renditions = models.JSONField(default=dict, editable=False)
    colour = models.CharField("dominant colour, #rrggbb", max_length=7, blank=True, editable=False)
    colour_name = models.CharField(
        max_length=10, choices=Colour.choices, blank=True, editable=False
    )
    taken_at = models.DateTimeField(_("taken"), null=True, blank=True, editable=False)
    camera = models.CharField(_("camera"), max_length=120, blank=True, editable=False)
    # What else the file says of how it was taken: lens, exposure time, aperture, ISO and so on.
    exif = models.JSONField(default=dict, editable=False)
    latitude = models.FloatField(null=True, blank=True, editable=False)
    longitude = models.FloatField(null=True, blank=True, editable=False)
    shows_camera = models.BooleanField(_("everybody may see the camera"), default=True)
    shows_taken = models.BooleanField(_("everybody may see when it was taken"), default=True)
    shows_place = models.BooleanField(_("everybody may see the place"), default=False)
    visibility = models.CharField(
        _("who may see it"), max_length=12, choices=Visibility.choices, default=Visibility.PUBLIC
    )
    # What the address of an unlisted photo carries.
    link_key = models.CharField(max_length=22, default=make_key, editable=False)
    licence = models.CharField(
        _("licence"), max_length=16, choices=Licence.choices, default=Licence.ALL_RIGHTS
    )
    offers_original = models.BooleanField(_("the original may be downloaded"), default=False)
    comments_open = models.BooleanField(_("comments are open"), default=True)
    like_count = models.PositiveIntegerField(default=0, editable=False)
    comment_count = models.PositiveIntegerField(default=0, editable=False)
    teaches = models.BooleanField("offered for teaching", default=True)
    hidden_at = models.DateTimeField(null=True, blank=True, editable=False)
    hidden_reason = models.CharField(max_length=200, blank=True)
    is_sample = models.BooleanField("bundled sample photo", default=False, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    # In the trash since then; after thirty days it goes for good.
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    # Set by `gallery.access` on a photo that a share link opened: its pages must not give away a
    # key that would still open it when the link no longer does.
    withholds_key = False

    objects = PresentImages()
    with_trash = ImageQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-created_at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "sha256"], name="image_once_per_owner"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["-created_at", "-id"], name="image_newest"),
            models.Index(fields=["sha256"], name="image_sha256"),
            models.Index(fields=["owner", "-created_at", "-id"], name="image_of_owner"),
            # What one person shares with whom: profiles, feeds and their figures read no row
            # before they know which.
            models.Index(
                fields=["owner", "visibility", "-created_at", "-id"],
                condition=Q(hidden_at=None, deleted_at=None),
                name="image_of_owner_shared",
            ),
            models.Index(
                fields=["-created_at", "-id"],
                condition=Q(visibility="public", hidden_at=None, deleted_at=None),
                name="image_on_show",
            ),
            # For people who see more than strangers do, too. Who may see a photo stands in it, so
            # that counting what is on show reads no row.
            models.Index(
                fields=["-like_count", "-created_at", "-id", "visibility", "hidden_at"],
                condition=Q(deleted_at=None),
                name="image_liked",
            ),
            models.Index(
                fields=["-taken_at", "-id"],
                condition=Q(taken_at__isnull=False),
                name="image_taken",
            ),
            models.Index(fields=["colour_name", "-created_at", "-id"], name="image_of_colour"),
            models.Index(fields=["camera", "-created_at", "-id"], name="image_of_camera"),
        ]

    def __str__(self) -> str:
        return self.title or f"Photo {self.pk}"

    def get_absolute_url(self) -> str:
        """Return the address of the photo page; that of an unlisted one carries its key.

        Who reads this address may see the photo already, so nothing is given away.
        """
        return self.keyed(reverse("gallery:image", args=[self.pk]))

    def is_visible_to(self, viewer: Viewer) -> bool:
        """Return whether this person may see the photo and its files, by who they are.

        `gallery.access` knows what else opens a photo: the key of an unlisted one, a share link.
        """
        if self.deleted_at is not None:
            return viewer.is_authenticated and viewer.pk == self.owner_id
        if viewer.is_staff or (viewer.is_authenticated and viewer.pk == self.owner_id):
            return True
        if self.hidden_at is not None:
            return False
        if self.visibility == Visibility.PUBLIC:
            return True
        if not viewer.is_authenticated:
            return False
        return Image.objects.visible_to(viewer).filter(pk=self.pk).exists()

    @property
    def leaves_trash_at(self) -> datetime | None:
        """Return when a photo in the trash goes for good, None where it is in no trash."""
        return self.deleted_at and self.deleted_at + KEPT_IN_TRASH

    @property
    def days_left_in_trash(self) -> int:
        """Return in how many days it goes for good, the last one included."""
        leaves = self.leaves_trash_at
        return max(0, -((timezone.now() - leaves) // timedelta(days=1))) if leaves else 0

    @property
    def is_unlisted(self) -> bool:
        """Return whether the photo opens for whoever has its link."""
        return self.visibility == Visibility.UNLISTED

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

    def rendition_path(self, width: int, suffix: str = "webp") -> Path:
        """Return the path of the rendition of this width in pixels; WebP, or "avif" or "jpg"."""
        return self.directory / f"{width}.{suffix}"

    def rendition_url(self, width: int, suffix: str = "webp") -> str:
        """Return the address that serves the rendition after asking who is looking."""
        return self.keyed(f"{self._rendition_base}{width}.{suffix}")

    @cached_property
    def _rendition_base(self) -> str:
        # A grid prints hundreds of addresses; looking each up in the table of addresses is slow.
        return reverse("gallery:rendition", args=[self.pk, 0]).removesuffix("0.webp")

    @property
    def key_query(self) -> str:
        """Return `key=…` for addresses that belong to an unlisted photo, "" for all others."""
        return f"key={self.link_key}" if self.is_unlisted and not self.withholds_key else ""

    def keyed(self, address: str) -> str:
        """Return the address with the key of an unlisted photo, where whoever reads this has it."""
        return f"{address}?{self.key_query}" if self.key_query else address

    @property
    def srcset(self) -> str:
        """Return every WebP rendition with its width, for the browser to choose from."""
        return ", ".join(f"{self.rendition_url(width)} {width}w" for width in self.rendition_widths)

    @property
    def avif_srcset(self) -> str:
        """Return every AVIF rendition with its width, "" until they are made."""
        widths = self.more_renditions.get("avif", [])
        return ", ".join(f"{self.rendition_url(width, 'avif')} {width}w" for width in widths)

    @property
    def jpeg_url(self) -> str:
        """Return the address of the JPEG of about 1,280 pixels, "" until it is made."""
        widths = self.more_renditions.get("jpeg", [])
        return self.rendition_url(max(widths), "jpg") if widths else ""

    @property
    def original_url(self) -> str:
        """Return the address of the upload itself, for whoever may have it."""
        return self.keyed(reverse("gallery:original", args=[self.pk]))

    def has_rendition(self, width: int, suffix: str) -> bool:
        """Return whether there is a rendition of this width with this suffix."""
        if suffix == "webp":
            return width in self.rendition_widths
        return width in self.more_renditions.get({"jpg": "jpeg"}.get(suffix, suffix), [])

    def width_for(self, pixels: int) -> int:
        """Return the width of the first rendition of so many pixels or more, else the largest."""
        widths: list[int] = self.rendition_widths
        return min((width for width in widths if width >= pixels), default=max(widths))

    @property
    def thumbnail_url(self) -> str:
        """Return the address of the rendition for grids: the first of 640 pixels or more."""
        return self.rendition_url(self.width_for(640))

    @property
    def largest_url(self) -> str:
        """Return the address of the largest rendition."""
        return self.rendition_url(max(self.rendition_widths))

    @property
    def heading(self) -> str:
        """Return what the photo is called: its title, else the words that stand for it."""
        return self.title or self.alt_text

    @property
    def alt_text(self) -> str:
        """Return the words for those who cannot see the photo."""
        return self.alt or self.title or _photo_by(self.owner.username)

    @property
    def ratio_class(self) -> str:
        """Return the style class of the photo's shape, in tenths of width by height.

        A strict content policy forbids style attributes, so grids get shapes from a fixed set.
        """
        return f"ratio-{min(max(round(10 * self.width / self.height), 5), 25)}"


def _photo_by(name: str) -> str:
    return gettext("Photo by %(name)s") % {"name": name}


def image_directory(folder: UUID) -> Path:
    """Return where files of the photo with this folder name lie, fanned out by two digits."""
    name = folder.hex
    return Path(settings.MEDIA_ROOT) / "photos" / name[:2] / name

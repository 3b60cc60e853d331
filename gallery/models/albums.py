"""Albums: some photos in an order, shared as one."""

from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from gallery.models.choices import Visibility, make_key
from gallery.models.images import Image, ImageQuerySet
from gallery.models.people import Follow, Viewer


class AlbumQuerySet(models.QuerySet["Album"]):
    """Reading albums, in words that chain."""

    def on_show(self) -> Self:
        """Return albums that strangers may find."""
        return self.filter(visibility=Visibility.PUBLIC)

    def visible_to(self, viewer: Viewer) -> Self:
        """Return the albums that this person may find in a list.

        Public ones, their own, those shared with them, those for followers of people they follow;
        all for staff. An unlisted one opens for whoever has its link, and is in no list.
        """
        if viewer.is_staff:
            return self.all()
        public = Q(visibility=Visibility.PUBLIC)
        if not viewer.is_authenticated:
            return self.filter(public)
        followed = Follow.objects.filter(follower_id=viewer.pk).values("followed_id")
        return self.filter(
            public
            | Q(owner_id=viewer.pk)
            | Q(visibility=Visibility.FOLLOWERS, owner_id__in=followed)
            | Q(pk__in=AlbumMember.objects.filter(person_id=viewer.pk).values("album_id"))
        )

    def fillable_by(self, viewer: Viewer) -> Self:
        """Return the albums that this person may put photos into: their own, and shared ones."""
        members = AlbumMember.objects.filter(person_id=viewer.pk, may_add=True)
        return self.filter(Q(owner_id=viewer.pk) | Q(pk__in=members.values("album_id")))

    def shared_with(self, viewer: Viewer) -> Self:
        """Return the albums of others that are shared with this person."""
        return self.filter(
            pk__in=AlbumMember.objects.filter(person_id=viewer.pk).values("album_id")
        )

    def with_photo_counts(self, viewer: Viewer) -> Self:
        """Return albums with `photo_count`: how many of its photos this person finds in each."""
        places = AlbumPhoto.objects.seen_by(viewer).filter(album=OuterRef("pk"))
        number = places.order_by().values("album").annotate(number=Count("pk")).values("number")
        return self.annotate(photo_count=Coalesce(Subquery(number), 0))

    def with_faces(self, viewer: Viewer) -> Self:
        """Return albums with `face_id`: the cover if this person finds it there, else the first."""
        places = AlbumPhoto.objects.seen_by(viewer).filter(album=OuterRef("pk"))
        chosen = places.filter(image_id=OuterRef("cover_id")).order_by().values("image_id")[:1]
        first = places.order_by("position", "pk").values("image_id")[:1]
        return self.annotate(face_id=Coalesce(Subquery(chosen), Subquery(first)))

    def newest(self) -> Self:
        """Return the album that was made last first."""
        return self.order_by("-created_at", "-pk")


class Album(models.Model):
    """Photos of its owner, and of members who may add theirs, in an order.

    Being in an album never shows a photo to somebody who may not see it, with these exceptions: to
    the owner of the album and the people it is shared with, and to whoever opens a share link of
    it. An unlisted album shows unlisted photos too: both are for whoever has the link.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="albums")
    title = models.CharField(_("title"), max_length=200)
    description = models.TextField(_("description"), max_length=2000, blank=True)
    visibility = models.CharField(
        _("who may see it"),
        max_length=12,
        choices=Visibility.choices,
        default=Visibility.PRIVATE,
    )
    link_key = models.CharField(max_length=22, default=make_key, editable=False)
    cover = models.ForeignKey(
        Image, models.SET_NULL, null=True, blank=True, related_name="covers", editable=False
    )
    photos: models.ManyToManyField[Image, AlbumPhoto] = models.ManyToManyField(
        Image, through="AlbumPhoto", related_name="albums"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    # Filled only by the QuerySet methods for lists of albums, and by `gallery.album_lists`.
    photo_count: int
    face_id: int | None
    face: Image | None

    objects = AlbumQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-created_at", "-pk"]
        indexes: ClassVar = [models.Index(fields=["owner", "-created_at"], name="album_of_owner")]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Return the address of the album page; that of an unlisted one carries its key."""
        address = reverse("gallery:album", args=[self.pk])
        return f"{address}?key={self.link_key}" if self.is_unlisted else address

    @property
    def is_unlisted(self) -> bool:
        """Return whether the album opens for whoever has its link."""
        return self.visibility == Visibility.UNLISTED

    def is_editable_by(self, viewer: Viewer) -> bool:
        """Return whether this person may change the album: its owner, or staff."""
        return viewer.is_staff or (viewer.is_authenticated and viewer.pk == self.owner_id)

    def is_fillable_by(self, viewer: Viewer) -> bool:
        """Return whether this person may put photos of theirs into the album; see `fillable_by`."""
        if not viewer.is_authenticated:
            return False
        members = self.members.filter(person_id=viewer.pk, may_add=True)
        return viewer.pk == self.owner_id or members.exists()


class AlbumPhotoQuerySet(models.QuerySet["AlbumPhoto"]):
    """Reading places in albums, in words that chain."""

    def seen_by(self, viewer: Viewer) -> Self:
        """Return the places whose photos this person finds in lists."""
        return self.showing(Image.objects.visible_to(viewer))

    def showing(self, images: ImageQuerySet) -> Self:
        """Return the places of these photos.

        Asked of each place: as a list, SQLite would write down every photo of the site first.
        """
        return self.filter(Exists(images.filter(pk=OuterRef("image_id"))))

    def in_order(self) -> Self:
        """Return places as the album shows them."""
        return self.order_by("position", "pk")


class AlbumPhoto(models.Model):
    """A photo's place in an album. Positions leave gaps, so that moving one changes one row."""

    album = models.ForeignKey(Album, models.CASCADE, related_name="places")
    image = models.ForeignKey(Image, models.CASCADE, related_name="places")
    position = models.FloatField()
    added_at = models.DateTimeField(auto_now_add=True)

    objects = AlbumPhotoQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["position", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["album", "image"], name="album_photo_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["album", "position"], name="album_order")]

    def __str__(self) -> str:
        return f"{self.image_id} in {self.album_id}"


class AlbumMember(models.Model):
    """Somebody an album is shared with; they see every photo in it."""

    album = models.ForeignKey(Album, models.CASCADE, related_name="members")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="shared_albums"
    )
    may_add = models.BooleanField(_("may add photos"), default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["album", "person"], name="album_member_once"),
        ]

    def __str__(self) -> str:
        return f"{self.person} in {self.album}"

"""Albums over the API: the same services, the same refusals, the same order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, cast

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import APIException, PermissionDenied, ValidationError
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from gallery.access import OpenAlbum, Way
from gallery.album_lists import places_of
from gallery.api import ErrorSerializer, ImageSerializer, ImageViewSet, Pages
from gallery.models import Album, AlbumPhoto, Image, User, Visibility
from gallery.services.album_order import move_in_album
from gallery.services.albums import (
    AlbumRefusal,
    add_to_album,
    change_album,
    delete_album,
    make_album,
    remove_from_album,
)

MOST_AT_ONCE = 1000


class AlbumSerializer(serializers.ModelSerializer[Album]):
    """An album as whoever asks may see it."""

    owner = serializers.CharField(source="owner.username", read_only=True)
    page = serializers.SerializerMethodField()
    photo_count = serializers.IntegerField(read_only=True)
    cover = serializers.IntegerField(source="face_id", read_only=True, allow_null=True)
    description = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    visibility = serializers.ChoiceField(Visibility.choices, required=False)

    class Meta:
        model = Album
        fields: ClassVar[list[str]] = [
            "id",
            "title",
            "description",
            "owner",
            "page",
            "visibility",
            "photo_count",
            "cover",
            "created_at",
        ]

    def get_page(self, album: Album) -> str:
        """Return the full address of the album page."""
        request = cast(Request, self.context["request"])
        return request.build_absolute_uri(album.get_absolute_url())


class AlbumWithPhotosSerializer(AlbumSerializer):
    """One album, with the ids of its photos in their order."""

    photos = serializers.SerializerMethodField()

    class Meta(AlbumSerializer.Meta):
        fields: ClassVar[list[str]] = [*AlbumSerializer.Meta.fields, "photos"]

    @extend_schema_field(serializers.ListField(child=serializers.IntegerField()))
    def get_photos(self, album: Album) -> list[int]:
        """Return the ids of the photos that whoever asks may see."""
        viewer = cast(Request, self.context["request"]).user
        places = places_of(OpenAlbum(album, Way.PERSON, viewer)).in_order()
        return list(places.values_list("image_id", flat=True))


class ChosenPhotosSerializer(serializers.Serializer[Any]):
    """Photos of your own to put into an album."""

    images = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**62),
        max_length=MOST_AT_ONCE,
        allow_empty=False,
    )


class AddedSerializer(serializers.Serializer[Any]):
    """How many of the chosen photos were not in the album before."""

    added = serializers.IntegerField()


class NeighbourSerializer(serializers.Serializer[Any]):
    """Where a photo goes: directly before or after another photo of the album."""

    before = serializers.IntegerField(required=False, min_value=1, max_value=2**62)
    after = serializers.IntegerField(required=False, min_value=1, max_value=2**62)

    def validate(self, attrs: dict[str, int]) -> dict[str, int]:
        """Return the place; raise ValidationError unless it is one place."""
        if len(attrs) != 1:
            raise ValidationError("Say either before or after which photo it goes.", "where")
        return attrs


class Conflict(APIException):
    """What the album, as it is now, does not let one do."""

    status_code = status.HTTP_409_CONFLICT


@contextmanager
def spoken_refusals() -> Iterator[None]:
    """Turn what the services refuse into answers: 403 for others' things, 409 for the rest."""
    try:
        yield
    except AlbumRefusal as refusal:
        kind = PermissionDenied if refusal.code in {"not_yours", "may_not_add"} else Conflict
        raise kind(str(refusal), refusal.code) from None


class AlbumViewSet(viewsets.ModelViewSet[Album]):
    """Albums you may see, the newest first. What you may not see does not exist (404)."""

    queryset = Album.objects.none()  # read by the schema; requests are answered below
    serializer_class = AlbumSerializer
    pagination_class = Pages
    permission_classes = (IsAuthenticatedOrReadOnly,)
    http_method_names = ("get", "post", "patch", "delete", "head", "options")

    def get_queryset(self) -> QuerySet[Album]:
        """Return what the person asking may see."""
        viewer = self.request.user
        albums = Album.objects.visible_to(viewer).select_related("owner").newest()
        return albums.with_photo_counts(viewer).with_faces(viewer)

    def get_serializer_class(self) -> type[AlbumSerializer]:
        """Return what lists print, or what one album alone is answered with."""
        return AlbumSerializer if self.action == "list" else AlbumWithPhotosSerializer

    def perform_create(self, serializer: serializers.BaseSerializer[Album]) -> None:
        """Make the album, and read it again as it is shown."""
        made = make_album(owner=cast(User, self.request.user), **serializer.validated_data)
        serializer.instance = self.get_queryset().get(pk=made.pk)

    def perform_update(self, serializer: serializers.BaseSerializer[Album]) -> None:
        """Change what is given, if it is one's own."""
        album = self._own(cast(Album, serializer.instance))
        with spoken_refusals():
            change_album(album=album, **serializer.validated_data)

    def perform_destroy(self, instance: Album) -> None:
        """Delete the album; its photos stay."""
        delete_album(album=self._own(instance))

    @extend_schema(filters=False, responses={200: ImageSerializer(many=True), 404: ErrorSerializer})
    @action(detail=True, methods=["get"])
    def photos(self, request: Request, pk: str) -> Response:
        """The photos in their order, a page at a time."""
        opened = OpenAlbum(self.get_object(), Way.PERSON, request.user)
        places = places_of(opened).in_order().select_related("image__owner")
        page: list[AlbumPhoto] = cast(Any, self).paginate_queryset(places)
        # Addresses of renditions belong to the part of the API that serves photos.
        view = ImageViewSet(basename="api-image", request=request)
        context = {**self.get_serializer_context(), "view": view}
        images = [place.image for place in page]
        return self.get_paginated_response(ImageSerializer(images, many=True, context=context).data)

    @extend_schema(
        request=ChosenPhotosSerializer,
        responses={200: AddedSerializer, 400: ErrorSerializer, 403: ErrorSerializer},
    )
    @photos.mapping.post
    def add_photos(self, request: Request, pk: str) -> Response:
        """Put photos of your own at the end of an album of yours, or one that you may add to."""
        form = ChosenPhotosSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        album, ids = self.get_object(), form.validated_data["images"]
        images = Image.objects.visible_to(request.user).in_bulk(ids)
        if missing := sorted(set(ids) - images.keys()):
            words = f"There are no such photos: {', '.join(map(str, missing[:20]))}."
            raise ValidationError({"images": [words]}, "unknown_image")
        with spoken_refusals():
            chosen = [images[pk] for pk in dict.fromkeys(ids)]
            added = add_to_album(album=album, images=chosen, by=cast(User, request.user))
        return Response({"added": added})

    @extend_schema(
        filters=False,
        responses={204: None, 403: ErrorSerializer, 404: ErrorSerializer, 409: ErrorSerializer},
    )
    @action(detail=True, methods=["delete"], url_path="photos/(?P<image>[0-9]{1,18})")
    def photo(self, request: Request, pk: str, image: str) -> Response:
        """Take a photo out of the album; the photo itself stays."""
        album, images = self.get_object(), Image.objects.filter(pk=int(image))
        with spoken_refusals():
            remove_from_album(album=album, images=images, by=cast(User, request.user))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        request=NeighbourSerializer,
        responses={204: None, 400: ErrorSerializer, 409: ErrorSerializer},
    )
    @action(detail=True, methods=["post"], url_path="photos/(?P<image>[0-9]{1,18})/move")
    def move(self, request: Request, pk: str, image: str) -> Response:
        """Move a photo directly before or after another one."""
        album = self._own(self.get_object())
        form = NeighbourSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        ((side, beside),) = form.validated_data.items()
        with spoken_refusals():
            move_in_album(
                album=album, image_id=int(image), beside_id=beside, is_after=side == "after"
            )
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _own(self, album: Album) -> Album:
        """Return the album; raise PermissionDenied unless this person may change it."""
        if not album.is_editable_by(self.request.user):
            raise PermissionDenied("Only the owner of an album changes it.")
        return album

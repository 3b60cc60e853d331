"""Photos over the API: what a photo looks like in JSON, and who may do what with it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, cast

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.parsers import BaseParser, JSONParser, MultiPartParser
from rest_framework.permissions import BasePermission, IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle, UserRateThrottle
from rest_framework.views import APIView

from gallery.details import Details, details_for
from gallery.imaging import UnreadablePhoto
from gallery.media import rendition as serve_rendition
from gallery.models import Image, Licence, User, Visibility
from gallery.problems import in_words
from gallery.services.images import StoredImage, store_image
from gallery.services.trash import trash_images


class Pages(LimitOffsetPagination):
    """Thirty at a time unless asked, a hundred at most."""

    default_limit = 30
    max_limit = 100


class UploadThrottle(UserRateThrottle):
    """Uploads cost decoding, disk and a network pass, so they have a rate of their own."""

    scope = "upload"


class RenditionSerializer(serializers.Serializer[Any]):
    """One size in which a photo can be fetched."""

    width = serializers.IntegerField()
    format = serializers.ChoiceField(["webp", "avif", "jpeg"])
    url = serializers.URLField()


class PlaceSerializer(serializers.Serializer[Any]):
    """Where a photo was taken, in degrees."""

    latitude = serializers.FloatField()
    longitude = serializers.FloatField()


class ImageSerializer(serializers.ModelSerializer[Image]):
    """A photo as it is shown: never its original file, name or hash, which tell too much.

    When, where and with what it was taken are null or empty where its owner does not show them.
    """

    owner = serializers.CharField(source="owner.username", read_only=True)
    page = serializers.SerializerMethodField()
    renditions = serializers.SerializerMethodField()
    taken_at = serializers.SerializerMethodField()
    camera = serializers.SerializerMethodField()
    exif = serializers.SerializerMethodField()
    place = serializers.SerializerMethodField()

    class Meta:
        model = Image
        fields: ClassVar[list[str]] = [
            "id",
            "title",
            "description",
            "alt",
            "owner",
            "page",
            "width",
            "height",
            "renditions",
            "colour",
            "colour_name",
            "taken_at",
            "camera",
            "exif",
            "place",
            "licence",
            "visibility",
            "teaches",
            "is_sample",
            "like_count",
            "comment_count",
            "created_at",
        ]
        read_only_fields = fields

    def get_page(self, image: Image) -> str:
        """Return the full address of the photo page."""
        return self._full(image.get_absolute_url())

    @extend_schema_field(RenditionSerializer(many=True))
    def get_renditions(self, image: Image) -> list[dict[str, Any]]:
        """Return the sizes there are by format, the smallest first.

        A photo that strangers may not see has addresses below the API, where a token counts.
        """
        is_public = image.is_visible_to(AnonymousUser())
        formats = {"webp": image.rendition_widths, **image.more_renditions}
        return [
            {"width": width, "format": name, "url": self._rendition(image, width, name, is_public)}
            for name, widths in formats.items()
            for width in sorted(widths)
        ]

    def _rendition(self, image: Image, width: int, name: str, is_public: bool) -> str:
        suffix = "jpg" if name == "jpeg" else name
        if is_public:
            return self._full(image.rendition_url(width, suffix))
        view: ImageViewSet = self.context["view"]
        if suffix == "webp":
            return view.reverse_action("rendition", args=[image.pk, width])
        return view.reverse_action("rendition-as", args=[image.pk, width, suffix])

    def get_taken_at(self, image: Image) -> datetime | None:
        """Return when it was taken."""
        return self._details(image).taken_at

    def get_camera(self, image: Image) -> str:
        """Return what it was taken with."""
        return self._details(image).camera

    @extend_schema_field(serializers.DictField())
    def get_exif(self, image: Image) -> dict[str, Any]:
        """Return lens, exposure and so on, as they are printed."""
        return self._details(image).exif

    @extend_schema_field(PlaceSerializer(allow_null=True))
    def get_place(self, image: Image) -> dict[str, float] | None:
        """Return where it was taken."""
        place = self._details(image).place
        return None if place is None else {"latitude": place[0], "longitude": place[1]}

    def _details(self, image: Image) -> Details:
        return details_for(image, cast(Request, self.context["request"]).user)

    def _full(self, path: str) -> str:
        return cast(Request, self.context["request"]).build_absolute_uri(path)


class UploadSerializer(serializers.Serializer[Any]):
    """What comes with an upload; only the file is needed."""

    # Empty files and long names are judged by the reader of photos, like on the upload page.
    file = serializers.FileField(allow_empty_file=True)
    title = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    description = serializers.CharField(
        max_length=2000, required=False, default="", allow_blank=True
    )
    alt = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)
    visibility = serializers.ChoiceField(Visibility.choices, default=Visibility.PUBLIC)
    licence = serializers.ChoiceField(
        Licence.choices,
        default=None,
        allow_null=True,
        help_text="What may others do with it? Left out: your answer at the last upload.",
    )
    teaches = serializers.BooleanField(
        default=None,
        allow_null=True,
        help_text="May the network learn from it? Left out: your answer at the last upload.",
    )


class ErrorSerializer(serializers.Serializer[Any]):
    """Every refusal: a code for programs, a message for people, and what is wrong by field."""

    code = serializers.CharField()
    message = serializers.CharField()
    problems = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))


class OwnerDeletes(BasePermission):
    """A photo is deleted by its owner or a moderator; other actions ask for other things."""

    message = _("Only the owner of a photo and moderators may delete it.")

    def has_object_permission(self, request: Request, view: APIView, obj: Image) -> bool:
        """Return whether this person may do this to the photo; seeing it was asked before."""
        return request.method != "DELETE" or obj.is_editable_by(request.user)


class ImageViewSet(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.DestroyModelMixin,
    viewsets.GenericViewSet[Image],
):
    """Photos you may see, the newest first. What you may not see does not exist (404)."""

    queryset = Image.objects.none()  # read by the schema; requests are answered below
    serializer_class = ImageSerializer
    pagination_class = Pages
    permission_classes = (IsAuthenticatedOrReadOnly, OwnerDeletes)

    def get_queryset(self) -> QuerySet[Image]:
        """Return what the person asking may see."""
        return Image.objects.visible_to(self.request.user).with_owner().newest()

    def get_parsers(self) -> list[BaseParser]:
        """Return what bodies may look like: an upload is a form with a file, the rest is JSON."""
        return [JSONParser(), MultiPartParser()]

    def get_throttles(self) -> list[BaseThrottle]:
        """Return the usual rates, and a lower one for uploads."""
        usual = super().get_throttles()
        return [*usual, UploadThrottle()] if self.action == "create" else usual

    @extend_schema(
        request={"multipart/form-data": UploadSerializer},
        responses={
            201: ImageSerializer,
            200: OpenApiResponse(ImageSerializer, "You uploaded the same file before."),
            400: ErrorSerializer,
        },
    )
    def create(self, request: Request) -> Response:
        """Upload a photo. The same bytes from the same person are answered with their photo."""
        form = UploadSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        stored = _store(cast(User, request.user), form.validated_data)
        answer = self.get_serializer(self.get_queryset().get(pk=stored.image.pk))
        code = status.HTTP_201_CREATED if stored.is_new else status.HTTP_200_OK
        return Response(answer.data, code)

    @extend_schema(
        filters=False,
        responses={(200, "image/webp"): OpenApiTypes.BINARY, 404: ErrorSerializer},
    )
    @action(
        detail=True,
        url_path="renditions/(?P<width>[0-9]{1,5})",
        pagination_class=None,
        filterset_class=None,
    )
    def rendition(self, request: Request, pk: str, width: str) -> HttpResponseBase:
        """Return one size of the photo as WebP; the photo itself names those there are."""
        return serve_rendition(request._request, self.get_object().pk, int(width))

    @extend_schema(
        filters=False,
        responses={
            (200, "image/avif"): OpenApiTypes.BINARY,
            (200, "image/jpeg"): OpenApiTypes.BINARY,
            404: ErrorSerializer,
        },
    )
    @action(
        detail=True,
        url_path=r"renditions/(?P<width>[0-9]{1,5})\.(?P<suffix>avif|jpg)",
        url_name="rendition-as",
        pagination_class=None,
        filterset_class=None,
    )
    def rendition_as(self, request: Request, pk: str, width: str, suffix: str) -> HttpResponseBase:
        """Return one size of the photo in a further format, where it has been made."""
        return serve_rendition(request._request, self.get_object().pk, int(width), suffix)

    def perform_destroy(self, instance: Image) -> None:
        """Move the photo to the trash, from where its owner may bring it back for thirty days."""
        trash_images(images=Image.objects.filter(pk=instance.pk), by=cast(User, self.request.user))


def _store(owner: User, upload: Mapping[str, Any]) -> StoredImage:
    """Store an upload; raise ValidationError on the field `file` for what is no photo."""
    file: UploadedFile[bytes] = upload["file"]
    teaches: bool | None = upload["teaches"]
    try:
        # Refused by its size alone, a huge file is never read into memory.
        if (file.size or 0) > settings.EYES_MAX_UPLOAD_BYTES:
            limit = f"{settings.EYES_MAX_UPLOAD_BYTES / 1e6:,.6g}"
            sentence = gettext_noop("The file is larger than %(limit)s MB.")
            raise UnreadablePhoto(sentence, "too_large", limit=limit)
        return store_image(
            owner=owner,
            data=file.read(),
            name=file.name or "",
            visibility=upload["visibility"],
            teaches=owner.offers_photos if teaches is None else teaches,
            title=upload["title"],
            description=upload["description"],
            alt=upload["alt"],
            licence=upload["licence"] or owner.usual_licence,
        )
    except UnreadablePhoto as problem:
        raise ValidationError({"file": [ErrorDetail(in_words(problem), problem.code)]}) from None

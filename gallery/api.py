"""Photos over the API: what a photo looks like in JSON, and who may do what with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, cast

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import HttpResponseBase
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

from gallery.imaging import UnreadablePhoto
from gallery.media import rendition as serve_rendition
from gallery.models import Image, User, Visibility
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
    url = serializers.URLField()


class ImageSerializer(serializers.ModelSerializer[Image]):
    """A photo as it is shown: never its original file, name or hash, which tell too much."""

    owner = serializers.CharField(source="owner.username", read_only=True)
    page = serializers.SerializerMethodField()
    renditions = serializers.SerializerMethodField()

    class Meta:
        model = Image
        fields: ClassVar[list[str]] = [
            "id",
            "title",
            "description",
            "owner",
            "page",
            "width",
            "height",
            "renditions",
            "visibility",
            "teaches",
            "is_sample",
            "created_at",
        ]
        read_only_fields = fields

    def get_page(self, image: Image) -> str:
        """Return the full address of the photo page."""
        return self._full(image.get_absolute_url())

    @extend_schema_field(RenditionSerializer(many=True))
    def get_renditions(self, image: Image) -> list[dict[str, Any]]:
        """Return the sizes there are, the smallest first.

        A photo that strangers may not see has addresses below the API, where a token counts.
        """
        is_public = image.is_visible_to(AnonymousUser())
        view: ImageViewSet = self.context["view"]
        return [
            {
                "width": width,
                "url": self._full(image.rendition_url(width))
                if is_public
                else view.reverse_action("rendition", args=[image.pk, width]),
            }
            for width in sorted(image.rendition_widths)
        ]

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
    visibility = serializers.ChoiceField(Visibility.choices, default=Visibility.PUBLIC)
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

    message = "Only the owner of a photo and moderators may delete it."

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
            limit = settings.EYES_MAX_UPLOAD_BYTES / 1e6
            raise UnreadablePhoto(f"The file is larger than {limit:,.6g} MB.", "too_large")
        return store_image(
            owner=owner,
            data=file.read(),
            name=file.name or "",
            visibility=upload["visibility"],
            teaches=owner.offers_photos if teaches is None else teaches,
            title=upload["title"],
            description=upload["description"],
        )
    except UnreadablePhoto as problem:
        raise ValidationError({"file": [ErrorDetail(str(problem), problem.code)]}) from None

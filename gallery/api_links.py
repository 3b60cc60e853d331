"""Share links over the API, for those who made them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, cast

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from gallery.api import ErrorSerializer, Pages
from gallery.models import Album, Image, ShareLink, User
from gallery.services.sharing import make_share_link, revoke_share_link


class ShareLinkSerializer(serializers.ModelSerializer[ShareLink]):
    """A link as its maker sees it; its password is never told."""

    url = serializers.SerializerMethodField()
    is_open = serializers.BooleanField(read_only=True)
    has_password = serializers.SerializerMethodField()

    class Meta:
        model = ShareLink
        fields: ClassVar[list[str]] = [
            *("id", "url", "image", "album", "note", "offers_original", "has_password"),
            *("is_open", "opened_count", "created_at", "expires_at", "revoked_at"),
        ]
        read_only_fields = fields

    def get_url(self, link: ShareLink) -> str:
        """Return the full address that is given away."""
        request = cast(Request, self.context["request"])
        return request.build_absolute_uri(link.get_absolute_url())

    def get_has_password(self, link: ShareLink) -> bool:
        """Return whether the link asks for a password."""
        return bool(link.password)


class NewShareLinkSerializer(serializers.Serializer[Any]):
    """A photo or an album of your own, and how it is shared."""

    image = serializers.PrimaryKeyRelatedField(queryset=Image.objects.none(), required=False)
    album = serializers.PrimaryKeyRelatedField(queryset=Album.objects.none(), required=False)
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)
    password = serializers.CharField(
        max_length=128, required=False, default="", allow_blank=True, trim_whitespace=False
    )
    offers_original = serializers.BooleanField(default=False)
    note = serializers.CharField(max_length=100, required=False, default="", allow_blank=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Return the fields; only what is one's own can be chosen."""
        fields = super().get_fields()
        request = self.context.get("request")
        if request is not None and request.user.is_authenticated:
            own = {"owner": request.user}
            cast(Any, fields["image"]).queryset = Image.objects.filter(**own)
            cast(Any, fields["album"]).queryset = Album.objects.filter(**own)
        return fields

    def validate_expires_at(self, moment: datetime | None) -> datetime | None:
        """Return the moment; raise ValidationError where it is over."""
        if moment is not None and moment <= timezone.now():
            raise serializers.ValidationError("This moment is over already.", "over")
        return moment

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return the answers; raise ValidationError unless they name one thing."""
        if ("image" in attrs) == ("album" in attrs):
            raise serializers.ValidationError("Share either an image or an album.", "one_thing")
        return attrs


class ShareLinkViewSet(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.DestroyModelMixin,
    viewsets.GenericViewSet[ShareLink],
):
    """The links you made, the newest first. Deleting one revokes it: it opens nothing any more."""

    queryset = ShareLink.objects.none()  # read by the schema; requests are answered below
    serializer_class = ShareLinkSerializer
    pagination_class = Pages
    permission_classes = (IsAuthenticated,)

    def get_queryset(self) -> QuerySet[ShareLink]:
        """Return one's own links."""
        return ShareLink.objects.filter(created_by=cast(User, self.request.user))

    @extend_schema(
        request=NewShareLinkSerializer,
        responses={201: ShareLinkSerializer, 400: ErrorSerializer},
    )
    def create(self, request: Request) -> Response:
        """Make a link to a photo or an album of yours."""
        form = NewShareLinkSerializer(data=request.data, context=self.get_serializer_context())
        form.is_valid(raise_exception=True)
        link = make_share_link(by=cast(User, request.user), **form.validated_data)
        return Response(self.get_serializer(link).data, status.HTTP_201_CREATED)

    def perform_destroy(self, instance: ShareLink) -> None:
        """Revoke the link; it stays in the list as revoked."""
        revoke_share_link(link=instance)

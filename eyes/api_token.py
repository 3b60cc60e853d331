"""Tokens: what a program sends instead of a password."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import ClassVar, cast

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.authentication import TokenAuthentication
from rest_framework.authtoken.models import Token
from rest_framework.authtoken.serializers import AuthTokenSerializer
from rest_framework.permissions import AllowAny, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import CharField, ModelSerializer
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from gallery.api import ErrorSerializer
from gallery.models import User


class TokenThrottle(SimpleRateThrottle):
    """From one address passwords are tried only so often."""

    scope = "token"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        """Return one counter per address."""
        return f"throttle_token_{self.get_ident(request)}"


class TokenByNameThrottle(SimpleRateThrottle):
    """One person's password is tried only so often, from however many addresses."""

    scope = "token"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        """Return one counter per name that was sent, whatever it holds."""
        sent = request.data.get("username", "") if isinstance(request.data, Mapping) else ""
        name = str(sent).strip().casefold().encode(errors="replace")
        return f"throttle_token_name_{sha256(name).hexdigest()}"


class TokenSerializer(ModelSerializer[Token]):
    """Send it with every request as `Authorization: Token <token>`."""

    token = CharField(source="key", read_only=True)

    class Meta:
        model = Token
        fields: ClassVar = ["token"]


class TokenView(APIView):
    """The token of a person: one each, good until it is taken back."""

    authentication_classes = (TokenAuthentication,)
    throttle_classes = (TokenThrottle, TokenByNameThrottle)

    def get_permissions(self) -> list[BasePermission]:
        """Return that only taking a token back needs one."""
        return [IsAuthenticated()] if self.request.method == "DELETE" else [AllowAny()]

    @extend_schema(
        request=AuthTokenSerializer,
        responses={200: TokenSerializer, 400: ErrorSerializer, 429: ErrorSerializer},
    )
    def post(self, request: Request) -> Response:
        """Exchange a name and a password for a token."""
        form = AuthTokenSerializer(data=request.data, context={"request": request})
        form.is_valid(raise_exception=True)
        token, _ = Token.objects.get_or_create(user=form.validated_data["user"])
        return Response(TokenSerializer(token).data)

    @extend_schema(responses={204: None, 401: ErrorSerializer})
    def delete(self, request: Request) -> Response:
        """Take the token back: nobody can use it any more."""
        Token.objects.filter(user=cast(User, request.user)).delete()
        return Response(status=status.HTTP_204_NO_CONTENT)

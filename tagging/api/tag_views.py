"""Tags themselves over the API: what they mean, and where they stand."""

from __future__ import annotations

from functools import cached_property

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from gallery.api import ErrorSerializer, Pages
from tagging.api.serializers import TagSerializer
from tagging.filters import TagFilter
from tagging.hierarchy import Hierarchy
from tagging.models import Tag
from tagging.words import current_hierarchy


class TagViewSet(viewsets.ReadOnlyModelViewSet[Tag]):
    """Every tag in use, by name. Other names of a tag are listed with it, not on their own."""

    queryset = Tag.objects.none()  # read by the schema; requests are answered below
    serializer_class = TagSerializer
    pagination_class = Pages
    filterset_class = TagFilter
    lookup_field = "slug"

    def get_queryset(self) -> QuerySet[Tag]:
        """Return the tags that the person asking may learn of, with their other names."""
        known = Tag.objects.usable().told_to(self.request.user)
        return known.prefetch_related("aliases").order_by("name")

    @cached_property
    def hierarchy(self) -> Hierarchy:
        """What stands above each tag, asked once per request."""
        return current_hierarchy()

    @extend_schema(responses={200: TagSerializer, 404: ErrorSerializer})
    def retrieve(self, request: Request, slug: str) -> Response:
        """One tag. The address of another name is answered with the tag that the name means."""
        if "\x00" in slug:  # PostgreSQL cannot even be asked for it.
            raise NotFound
        known = Tag.objects.usable().at_address(slug)
        return Response(self.get_serializer(get_object_or_404(known)).data)

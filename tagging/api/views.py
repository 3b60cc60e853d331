"""Photos with what people and the network say of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import ErrorDetail, NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from gallery.api import ErrorSerializer, ImageViewSet
from gallery.models import Image, User
from tagging.api.serializers import (
    ImageTagSerializer,
    NewTagSerializer,
    SimilarPhotoSerializer,
    SuggestionSerializer,
    TaggedImageSerializer,
    VoteAnswerSerializer,
    VoteSerializer,
)
from tagging.filters import ImageFilter
from tagging.models import ImageTag, Tag
from tagging.services.tags import TagBlockedError, find_tag
from tagging.services.votes import add_tag, cast_vote, withdraw_vote
from tagging.similar import similar_photos


class TaggedImageViewSet(ImageViewSet):
    """Photos you may see, the newest first. What you may not see does not exist (404)."""

    serializer_class = TaggedImageSerializer
    filterset_class = ImageFilter

    def get_queryset(self) -> QuerySet[Image]:
        """Return what the person asking may see, with the tags that people put on it."""
        on_show = ImageTag.objects.shown().select_related("tag").order_by("tag__name")
        return (
            super()
            .get_queryset()
            .prefetch_related(Prefetch("image_tags", queryset=on_show, to_attr="tags_on_show"))
        )

    @extend_schema(
        filters=False, responses={200: SuggestionSerializer(many=True), 404: ErrorSerializer}
    )
    @action(detail=True, methods=["get"], pagination_class=None, filterset_class=None)
    def suggestions(self, request: Request, pk: str) -> Response:
        """What the network says of the photo and people have not decided, surest first.

        Empty for a moment after an upload, until the worker has looked at the photo.
        """
        said = self.get_object().suggestions.open().select_related("tag", "version")
        ordered = said.order_by("-score", "tag__name")
        return Response(SuggestionSerializer(ordered, many=True).data)

    @extend_schema(
        filters=False, responses={200: SimilarPhotoSerializer(many=True), 404: ErrorSerializer}
    )
    @action(detail=True, methods=["get"], pagination_class=None, filterset_class=None)
    def similar(self, request: Request, pk: str) -> Response:
        """Twelve photos at most that you may see and that look most like this one.

        Empty for a moment after an upload, until the worker has looked at the photo.
        """
        found = similar_photos(image=self.get_object(), viewer=request.user)
        context = self.get_serializer_context()
        return Response(SimilarPhotoSerializer(found, many=True, context=context).data)

    @extend_schema(
        filters=False, responses={200: ImageTagSerializer(many=True), 404: ErrorSerializer}
    )
    @action(detail=True, methods=["get"], pagination_class=None, filterset_class=None)
    def tags(self, request: Request, pk: str) -> Response:
        """What people say the photo shows, and what they rejected."""
        rows = ImageTag.objects.filter(image=self.get_object(), tag__is_blocked=False)
        ordered = rows.select_related("tag", "added_by").order_by("tag__name")
        return Response(ImageTagSerializer(ordered, many=True).data)

    @extend_schema(
        request=NewTagSerializer, responses={201: ImageTagSerializer, 400: ErrorSerializer}
    )
    @tags.mapping.post
    def add_tag(self, request: Request, pk: str) -> Response:
        """Put a tag on the photo, a new one if you like. It counts as your yes vote."""
        form = NewTagSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        with spoken_refusals():
            row = add_tag(
                person=cast(User, request.user),
                image=self.get_object(),
                name=form.validated_data["tag"],
                source="api",
            )
        return Response(ImageTagSerializer(row).data, status.HTTP_201_CREATED)

    @extend_schema(
        request=VoteSerializer, responses={200: VoteAnswerSerializer, 400: ErrorSerializer}
    )
    @action(detail=True, methods=["post"], pagination_class=None, filterset_class=None)
    def vote(self, request: Request, pk: str) -> Response:
        """Say whether the photo shows something: yes, no or unsure; an empty value takes it back.

        One vote per person and tag; a new one replaces the old. A no on a suggestion is kept, and
        the network learns from it.
        """
        form = VoteSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        image, tag = self.get_object(), known_tag(form.validated_data["tag"])
        person, value = cast(User, request.user), form.validated_data["value"]
        with spoken_refusals():
            if value:
                cast_vote(person=person, image=image, tag=tag, value=value, source="api")
            else:
                withdraw_vote(person=person, image=image, tag=tag, source="api")
        row = ImageTag.objects.filter(image=image, tag=tag).first()
        answer = {"tag": tag.name, "value": value, "state": row.state if row else ""}
        return Response(VoteAnswerSerializer(answer).data)


def known_tag(name: str) -> Tag:
    """Return what this normalised name means; a vote never makes a new tag, adding does."""
    tag = find_tag(name)
    if tag is None:
        sentence = _("There is no tag “%(tag)s” yet; add it to the photo instead.")
        raise refusal(sentence % {"tag": name}, "unknown_tag")
    return tag


def refusal(message: str, code: str) -> ValidationError:
    """Return the error that says what is wrong with the tag of a request."""
    return ValidationError({"tag": [ErrorDetail(message, code)]})


@contextmanager
def spoken_refusals() -> Iterator[None]:
    """Turn what the services refuse into answers: 400 for a blocked tag, 404 for a lost photo."""
    try:
        yield
    except TagBlockedError as problem:
        raise refusal(str(problem), "tag_blocked") from None
    except Image.DoesNotExist:
        raise NotFound from None

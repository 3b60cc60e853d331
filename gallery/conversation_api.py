"""Likes, comments and follows over the API, by the same services as the pages."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import APIException, Throttled
from rest_framework.generics import ListAPIView, get_object_or_404
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gallery.access import visible_image_or_404
from gallery.api import ErrorSerializer, Pages
from gallery.conversing import is_liked_by
from gallery.models import Comment, Image, User
from gallery.people import figures_of, follows
from gallery.people_forms import LONGEST_COMMENT
from gallery.plain_text import clean_text
from gallery.services.conversation import (
    CommentRefused,
    TooManyComments,
    delete_comment,
    edit_comment,
    like_image,
    unlike_image,
    write_comment,
)
from gallery.services.following import FollowRefused, follow_person, unfollow_person
from gallery.views.answering import person_or_404


class Conflict(APIException):
    """What cannot be done as things stand."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"


class LikesSerializer(serializers.Serializer[Any]):
    """How many like a photo, and whether you do."""

    like_count = serializers.IntegerField()
    is_liked = serializers.BooleanField()


class OwnWordsField(serializers.CharField):
    """Words that are made plain before they are measured, as on the page."""

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """Return the words as they are kept."""
        return super().run_validation(clean_text(data) if isinstance(data, str) else data)


class CommentSerializer(serializers.ModelSerializer[Comment]):
    """A comment: plain text, never HTML."""

    author = serializers.CharField(source="author.username", read_only=True)
    text = OwnWordsField(max_length=LONGEST_COMMENT)

    class Meta:
        model = Comment
        fields: ClassVar = ["id", "image", "author", "text", "created_at", "edited_at"]
        read_only_fields: ClassVar = ["id", "image", "author", "created_at", "edited_at"]


class PersonSerializer(serializers.Serializer[Any]):
    """A person as everybody sees them; `photos` is counted up to 1,000."""

    username = serializers.CharField()
    bio = serializers.CharField()
    photos = serializers.IntegerField()
    followers = serializers.IntegerField()
    following = serializers.IntegerField()
    is_followed = serializers.BooleanField()


class LikeView(APIView):
    """Whether you like a photo: PUT likes it, DELETE takes it back; both may come twice."""

    permission_classes = (IsAuthenticatedOrReadOnly,)

    @extend_schema(responses={200: LikesSerializer, 404: ErrorSerializer})
    def get(self, request: Request, pk: int) -> Response:
        """Return how many like the photo, and whether you do."""
        image = _visible(request, pk)
        return _likes(image, is_liked_by(image, request.user))

    @extend_schema(request=None, responses={200: LikesSerializer, 404: ErrorSerializer})
    def put(self, request: Request, pk: int) -> Response:
        """Like the photo."""
        image = _visible(request, pk)
        like_image(person=cast(User, request.user), image=image)
        image.refresh_from_db(fields=["like_count"])
        return _likes(image, True)

    @extend_schema(responses={200: LikesSerializer, 404: ErrorSerializer})
    def delete(self, request: Request, pk: int) -> Response:
        """Take the like back."""
        image = _visible(request, pk)
        unlike_image(person=cast(User, request.user), image=image)
        image.refresh_from_db(fields=["like_count"])
        return _likes(image, False)


class CommentsView(ListAPIView[Comment]):
    """The comments below a photo, the oldest first."""

    queryset = Comment.objects.none()  # read by the schema; requests are answered below
    serializer_class = CommentSerializer
    pagination_class = Pages
    permission_classes = (IsAuthenticatedOrReadOnly,)

    def get_queryset(self) -> QuerySet[Comment]:
        """Return the comments of a photo that the person asking may see."""
        image = _visible(self.request, self.kwargs["pk"])
        return image.comments.select_related("author").oldest()

    @extend_schema(
        responses={
            201: CommentSerializer,
            400: ErrorSerializer,
            409: OpenApiResponse(ErrorSerializer, "The comments are closed."),
            429: OpenApiResponse(ErrorSerializer, "Too many in a minute."),
        }
    )
    def post(self, request: Request, pk: int) -> Response:
        """Write a comment."""
        image = _visible(request, pk)
        words = self.get_serializer(data=request.data)
        words.is_valid(raise_exception=True)
        try:
            comment = write_comment(
                author=cast(User, request.user), image=image, text=words.validated_data["text"]
            )
        except TooManyComments as refusal:
            raise Throttled(refusal.wait, str(refusal)) from None
        except CommentRefused as refusal:
            raise Conflict(str(refusal), refusal.code) from None
        return Response(CommentSerializer(comment).data, status.HTTP_201_CREATED)


class CommentView(APIView):
    """One comment: its author changes it; the author, the photo's owner and staff delete it."""

    permission_classes = (IsAuthenticatedOrReadOnly,)

    @extend_schema(responses={200: CommentSerializer, 404: ErrorSerializer})
    def get(self, request: Request, pk: int) -> Response:
        """Return the comment."""
        return Response(CommentSerializer(_comment(request, pk)).data)

    @extend_schema(request=CommentSerializer, responses={200: CommentSerializer})
    def patch(self, request: Request, pk: int) -> Response:
        """Change your own words."""
        comment = _comment(request, pk)
        if not comment.is_editable_by(request.user):
            self.permission_denied(request, "Only who wrote a comment may change it.")
        words = CommentSerializer(data=request.data)
        words.is_valid(raise_exception=True)
        edited = edit_comment(comment=comment, text=words.validated_data["text"])
        return Response(CommentSerializer(edited).data)

    @extend_schema(responses={204: None, 403: ErrorSerializer})
    def delete(self, request: Request, pk: int) -> Response:
        """Delete the comment."""
        comment = _comment(request, pk)
        if not comment.is_deletable_by(request.user):
            self.permission_denied(request, "Only its author and the photo's owner may delete it.")
        delete_comment(comment=comment)
        return Response(status=status.HTTP_204_NO_CONTENT)


class PersonView(APIView):
    """One person."""

    @extend_schema(responses={200: PersonSerializer, 404: ErrorSerializer})
    def get(self, request: Request, username: str) -> Response:
        """Return what everybody sees of a person, and whether you follow them."""
        person = person_or_404(username)
        return _person(request, person, follows(request.user, person))


class FollowView(APIView):
    """Whether you follow a person: PUT follows, DELETE stops; both may come twice."""

    permission_classes = (IsAuthenticatedOrReadOnly,)

    @extend_schema(request=None, responses={200: PersonSerializer, 409: ErrorSerializer})
    def put(self, request: Request, username: str) -> Response:
        """Follow the person."""
        person = person_or_404(username)
        try:
            follow_person(follower=cast(User, request.user), followed=person)
        except FollowRefused as refusal:
            raise Conflict(str(refusal)) from None
        return _person(request, person, True)

    @extend_schema(responses={200: PersonSerializer})
    def delete(self, request: Request, username: str) -> Response:
        """Follow the person no longer."""
        person = person_or_404(username)
        unfollow_person(follower=cast(User, request.user), followed=person)
        return _person(request, person, False)


def _visible(request: Request, pk: int) -> Image:
    """Return the photo if whoever asks, by session or token, may see it."""
    return visible_image_or_404(request._request, pk)


def _comment(request: Request, pk: int) -> Comment:
    comment = get_object_or_404(Comment.objects.select_related("author"), pk=pk)
    try:
        comment.image = _visible(request, comment.image_id)
    except Http404:
        raise Http404("No Comment matches the given query.") from None
    return comment


def _likes(image: Image, is_liked: bool) -> Response:
    return Response({"like_count": image.like_count, "is_liked": is_liked})


def _person(request: Request, person: User, is_followed: bool) -> Response:
    figures = figures_of(person, request.user)
    return Response(
        {
            "username": person.username,
            "bio": person.bio,
            "photos": figures.photos,
            "followers": figures.followers,
            "following": figures.following,
            "is_followed": is_followed,
        }
    )

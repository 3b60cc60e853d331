"""What stands below a photo: who likes it and what people wrote, for whoever looks at it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from gallery.access import viewer_of
from gallery.models import Comment, Image, Like, Viewer
from gallery.people_forms import CommentForm

COMMENTS_ON_PAGE = 50


@dataclass(frozen=True)
class Line:
    """One comment and what whoever looks at it may do with it."""

    comment: Comment
    may_edit: bool
    may_delete: bool


@dataclass(frozen=True)
class CommentPage:
    """Some comments, the oldest first, and the id that older ones stand before (0: none do)."""

    lines: list[Line]
    older_than: int


def line_of(comment: Comment, viewer: Viewer) -> Line:
    """Return the comment with what this person may do; its photo must be loaded."""
    return Line(comment, comment.is_editable_by(viewer), comment.is_deletable_by(viewer))


def page_of_comments(image: Image, viewer: Viewer, *, before: int = 0) -> CommentPage:
    """Return the newest comments, or those before the one with this id.

    The mark is a comment instead of a page number, so that what is written in between shifts
    nothing.
    """
    if not image.comment_count:
        return CommentPage([], 0)
    found = image.comments.select_related("author").newest()
    if before:
        found = found.before(before)
    newest = list(found[: COMMENTS_ON_PAGE + 1])
    shown = newest[:COMMENTS_ON_PAGE]
    older_than = shown[-1].pk if len(newest) > COMMENTS_ON_PAGE else 0
    return CommentPage([line_of(comment, viewer) for comment in reversed(shown)], older_than)


def conversation_below(
    request: HttpRequest, image: Image, *, before: int = 0, form: CommentForm | None = None
) -> dict[str, Any]:
    """Return what the template of a conversation needs, in two queries at most."""
    viewer = viewer_of(request)
    page = page_of_comments(image, viewer, before=before)
    return {
        "image": image,
        "page": page,
        "form": form or CommentForm(),
        "older": _address_before(image, page.older_than),
        "may_close": image.is_editable_by(viewer),
        "is_hidden": image.hidden_at is not None,
    }


def _address_before(image: Image, comment_id: int) -> str:
    """Return the address of the comments before this one, with the key of an unlisted photo."""
    address = f"{reverse('gallery:comments', args=[image.pk])}?before={comment_id}"
    return f"{address}&{image.key_query}" if image.key_query else address


def is_liked_by(image: Image, viewer: Viewer) -> bool:
    """Return whether this person likes the photo."""
    if not viewer.is_authenticated or not image.like_count:
        return False
    return Like.objects.filter(image=image, person=viewer).exists()

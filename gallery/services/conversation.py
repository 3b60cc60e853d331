"""Likes and comments: the row, the count on the photo and the notice, together or not at all.

Counts go down where rows are deleted (see receivers), so that the admin and a person's leaving
keep them true as well.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from gallery.models import Comment, Image, Like, NoticeKind, User
from gallery.notices import name_of, take_back_like, tell_in_words, tell_of_like
from gallery.plain_text import in_one_line

# So many people who wrote below a photo before hear of the next comment.
ANSWERED = 20
QUOTE = 140


class CommentRefused(Exception):
    """A comment that may not be written here or now. The message is for people."""

    code = "closed"


class TooManyComments(CommentRefused):
    """Somebody writes faster than people read; `wait` is in seconds."""

    code = "throttled"

    def __init__(self, wait: int) -> None:
        super().__init__(
            _("That was a lot at once. Please wait %(seconds)d seconds, then send it again.")
            % {"seconds": wait}
        )
        self.wait = wait


@transaction.atomic
def like_image(*, person: User, image: Image) -> bool:
    """Like the photo; return whether that is new. Raises Image.DoesNotExist where it is gone."""
    _hold(image)
    is_new = Like.objects.get_or_create(image=image, person=person)[1]
    if is_new:
        Image.objects.filter(pk=image.pk).update(like_count=F("like_count") + 1)
        tell_of_like(image=image, person=person)
    return is_new


@transaction.atomic
def unlike_image(*, person: User, image: Image) -> bool:
    """Take a like back; return whether there was one. Raises Image.DoesNotExist, see above."""
    _hold(image)
    was_there = Like.objects.filter(image=image, person=person).delete()[0] > 0
    if was_there:
        take_back_like(image=image)
    return was_there


@transaction.atomic
def write_comment(*, author: User, image: Image, text: str) -> Comment:
    """Return the comment, its text clean already (see plain_text), and tell whom it concerns.

    Raises CommentRefused where the owner closed the comments or a moderator hid the photo,
    TooManyComments, and Image.DoesNotExist where the photo is gone.
    """
    held = _hold(image)
    if held.hidden_at is not None:
        raise CommentRefused(_("A moderator hid this photo: nothing can be written below it."))
    if not held.comments_open:
        raise CommentRefused(_("The comments below this photo are closed."))
    _check_pace(author, timezone.now())
    comment = Comment.objects.create(author=author, image=image, text=text)
    Image.objects.filter(pk=image.pk).update(comment_count=F("comment_count") + 1)
    _tell_of_comment(comment)
    return comment


@transaction.atomic
def edit_comment(*, comment: Comment, text: str) -> Comment:
    """Return the comment with other words. Raises Comment.DoesNotExist where it is gone."""
    changed = Comment.objects.select_for_update(of=("self",)).get(pk=comment.pk)
    if changed.text != text:
        changed.text, changed.edited_at = text, timezone.now()
        changed.save(update_fields=["text", "edited_at"])
    return changed


@transaction.atomic
def delete_comment(*, comment: Comment) -> None:
    """Delete the comment with what was told of it; one that is gone already is no error."""
    Comment.objects.filter(pk=comment.pk).delete()


def _hold(image: Image) -> Image:
    return Image.objects.select_for_update(of=("self",), no_key=True).get(pk=image.pk)


def _check_pace(author: User, now: datetime) -> None:
    """Raise TooManyComments where the last few came within a minute."""
    most = settings.EYES_COMMENTS_A_MINUTE
    newest = author.comments.order_by("-pk").values_list("created_at", flat=True)
    last_few = list(newest[most - 1 : most])
    if last_few and last_few[0] > now - timedelta(minutes=1):
        wait = last_few[0] + timedelta(minutes=1) - now
        raise TooManyComments(max(1, round(wait.total_seconds())))


def _tell_of_comment(comment: Comment) -> None:
    """Tell the owner, and those who wrote there before and may still see the photo."""
    image, author = comment.image, comment.author
    quote, url = in_one_line(comment.text, QUOTE), address_of(comment)
    values = {"name": author.username, "owner": image.owner.username, "quote": quote}
    tell_in_words(
        people=[image.owner],
        words=lambda: (
            _("%(name)s wrote about %(photo)s: %(quote)s") % {**values, "photo": name_of(image)}
        ),
        url=url,
        kind=NoticeKind.COMMENT,
        actor=author,
    )
    tell_in_words(
        people=_who_wrote_before(comment),
        words=lambda: _("%(name)s also wrote about a photo by %(owner)s: %(quote)s") % values,
        url=url,
        kind=NoticeKind.COMMENT,
        actor=author,
    )


def _who_wrote_before(comment: Comment) -> list[User]:
    image = comment.image
    others = image.comments.exclude(author__in=[comment.author_id, image.owner_id])
    newest = others.order_by("-created_at", "-pk").values_list("author_id", flat=True)
    lately = set(newest[: 5 * ANSWERED])
    people = User.objects.filter(pk__in=lately, is_active=True).order_by("pk")[:ANSWERED]
    return [person for person in people if image.is_visible_to(person)]


def address_of(comment: Comment) -> str:
    """Return the address of a comment on the page of its photo."""
    return f"{comment.image.get_absolute_url()}#comment-{comment.pk}"

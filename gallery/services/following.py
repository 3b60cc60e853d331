"""Who wants to see whose photos."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from gallery.models import Follow, NoticeKind, User
from gallery.notices import tell_in_words


class FollowRefused(Exception):
    """Somebody who cannot be followed. The message is for people."""


@transaction.atomic
def follow_person(*, follower: User, followed: User) -> bool:
    """Follow; return whether that is new. Raises FollowRefused for oneself and who is gone."""
    if follower.pk == followed.pk:
        raise FollowRefused(_("You see your own photos anyway."))
    # The row is held, so that nobody who leaves in this moment keeps a follower.
    held = User.objects.select_for_update(no_key=True).filter(pk=followed.pk)
    if not held.filter(is_active=True, left_at=None).exists():
        raise FollowRefused(_("This person has left."))
    is_new = Follow.objects.get_or_create(follower=follower, followed=followed)[1]
    if is_new:
        tell_in_words(
            people=[followed],
            words=lambda: _("%(name)s follows you") % {"name": follower.username},
            url=follower.get_absolute_url(),
            kind=NoticeKind.FOLLOW,
            actor=follower,
        )
    return is_new


def unfollow_person(*, follower: User, followed: User) -> bool:
    """Follow no longer; return whether one did."""
    return Follow.objects.filter(follower=follower, followed=followed).delete()[0] > 0

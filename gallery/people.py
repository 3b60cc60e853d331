"""Reading about people: how much they share, who might be worth following."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count

from gallery.models import Follow, Image, User, Viewer

# Up to here photos are counted one by one; beyond it "1,000+" says enough and costs no more for
# somebody with a hundred thousand.
COUNTED_PHOTOS = 1000
LATELY = 300
SUGGESTED = 6


@dataclass(frozen=True)
class Figures:
    """What stands below a person's name."""

    photos: int
    has_more_photos: bool
    followers: int
    following: int


def figures_of(person: User, viewer: Viewer) -> Figures:
    """Return the figures of a person in three quick queries.

    The person and moderators count every photo, everybody else those that all may see.
    """
    mine = Image.objects.filter(owner=person)
    shown = mine if viewer.is_staff or viewer.pk == person.pk else mine.on_show()
    photos = shown[: COUNTED_PHOTOS + 1].count()
    return Figures(
        photos=min(photos, COUNTED_PHOTOS),
        has_more_photos=photos > COUNTED_PHOTOS,
        followers=Follow.objects.filter(followed=person).count(),
        following=Follow.objects.filter(follower=person).count(),
    )


def follows(viewer: Viewer, person: User) -> bool:
    """Return whether one follows the other."""
    if not viewer.is_authenticated or viewer.pk == person.pk:
        return False
    return Follow.objects.filter(follower=viewer, followed=person).exists()


def people_to_follow(person: User) -> list[User]:
    """Return people who shared lately and whom this one does not follow, the most followed first.

    Only the newest photos are asked for their owners, so that the answer is quick however many
    photos there are.
    """
    lately = Image.objects.on_show().newest().values("owner_id")[:LATELY]
    followed = Follow.objects.filter(follower=person).values("followed_id")
    people = User.objects.filter(pk__in=lately, is_active=True, left_at=None)
    others = people.exclude(pk=person.pk).exclude(pk__in=followed)
    counted = others.annotate(follower_count=Count("followers"))
    return list(counted.order_by("-follower_count", "-pk")[:SUGGESTED])

"""Likes, comments and follows of a sample library."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from gallery.models import Comment, Follow, Image, Like, User
from gallery.sample_library.words import REMARKS

_FOLLOWED = 20
_COMMENTED = 0.12


def add_follows(people: list[User], random: np.random.Generator) -> None:
    """Let everybody follow some others."""
    most = min(_FOLLOWED, len(people) - 1)
    rows = []
    for follower in people:
        chosen = random.choice(len(people), most, replace=False)
        rows += [
            Follow(follower=follower, followed=people[place])
            for place in chosen
            if people[place].pk != follower.pk
        ]
    Follow.objects.bulk_create(rows, ignore_conflicts=True)


def add_likes(photos: list[Image], people: list[User], random: np.random.Generator) -> None:
    """Let people like photos: most few times, a few by almost everybody; photos count them."""
    numbers = np.minimum((random.pareto(1.2, len(photos)) * 0.6).astype(int), len(people))
    rows = []
    for photo, number in zip(photos, numbers.tolist(), strict=True):
        photo.like_count = number
        # Neighbours in a random order: as good as drawn one by one, and much quicker.
        first = int(random.integers(0, len(people)))
        rows += [
            Like(image=photo, person=people[(first + place) % len(people)])
            for place in range(number)
        ]
    Like.objects.bulk_create(rows)
    _keep_counts(photos, "like_count")


def add_comments(photos: list[Image], people: list[User], random: np.random.Generator) -> None:
    """Let people write below one photo in eight; photos count what is below them."""
    rows = []
    for photo in photos:
        if random.random() < _COMMENTED:
            photo.comment_count = int(random.integers(1, 6))
        for place in range(photo.comment_count):
            author = people[int(random.integers(0, len(people)))]
            text = REMARKS[int(random.integers(0, len(REMARKS)))]
            moment = photo.created_at + timedelta(hours=place + 1)
            rows.append(Comment(image=photo, author=author, text=text, created_at=moment))
    Comment.objects.bulk_create(rows)
    _keep_counts([photo for photo in photos if photo.comment_count], "comment_count")


def _keep_counts(photos: list[Image], column: str) -> None:
    """Write what the photos count, with one statement for each number there is."""
    by_number: dict[int, list[int]] = {}
    for photo in photos:
        by_number.setdefault(getattr(photo, column), []).append(photo.pk)
    for number, ids in by_number.items():
        if number:
            Image.with_trash.filter(pk__in=ids).update(**{column: number})

"""Photos and tags for tests of what people say: rows only, no files, no network."""

from __future__ import annotations

from datetime import timedelta
from itertools import count, cycle

from django.db.models import F

from gallery.models import Image, User, Visibility
from tagging.models import ModelVersion, ReviewKind, ReviewTask, Suggestion, Tag, Vote
from tagging.services.settling import count_votes_of_age
from tagging.services.tags import find_or_create_tag

_numbers = count(1)


def make_image(owner: User, **fields: object) -> Image:
    """Return a stored photo's row, public and offered for teaching unless told otherwise."""
    number = next(_numbers)
    values: dict[str, object] = {
        "sha256": f"{number:064x}",
        "dhash": f"{number:064x}",
        "file_format": "jpeg",
        "width": 96,
        "height": 64,
        "byte_size": 1000,
        "rendition_widths": [96],
        "visibility": Visibility.PUBLIC,
    }
    return Image.objects.create(owner=owner, **{**values, **fields})


def make_tag(name: str) -> Tag:
    """Return the tag of this name."""
    return find_or_create_tag(name=name)


def suggest(image: Image, name: str, score: float = 0.93, **fields: object) -> Suggestion:
    """Return the network's word that the photo shows this."""
    version = ModelVersion.objects.bootstrap()
    return Suggestion.objects.create(
        image=image,
        tag=make_tag(name),
        version=version,
        score=score,
        **{"source": Suggestion.Source.BOOTSTRAP, **fields},
    )


def make_people(number: int, name: str = "person") -> list[User]:
    """Return so many people."""
    return [User.objects.create_user(f"{name}{each}") for each in range(number)]


def pass_golds(person: User, *, right: int = 20, wrong: int = 0) -> None:
    """Let the person answer gold tasks, half of them on photos that show the tag."""
    owner = User.objects.get_or_create(username="curator")[0]
    tag = make_tag("gold")
    ReviewTask.objects.bulk_create(
        ReviewTask(
            person=person,
            image=make_image(owner),
            tag=tag,
            kind=ReviewKind.GOLD,
            truth=truth,
            value=truth if is_right else {"yes": "no", "no": "yes"}[truth],
        )
        for is_right, times in ((True, right), (False, wrong))
        for _, truth in zip(range(times), cycle(("yes", "no")))
    )


def come_of_age(hours: float = 49) -> None:
    """Let so many hours pass for the votes that wait, and count those of age."""
    waiting = Vote.objects.current().filter(counted_at=None)
    waiting.update(created_at=F("created_at") - timedelta(hours=hours))
    count_votes_of_age()

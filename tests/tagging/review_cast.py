"""Questions, candidates and live versions for tests of the review page: rows only."""

from __future__ import annotations

from gallery.models import Image, User
from tagging.models import (
    ImageTag,
    ModelVersion,
    Promotion,
    ReviewCandidate,
    ReviewTask,
    TagState,
    VersionState,
)
from tests.tagging.cast import make_tag


def wait_for(image: Image, name: str | None, kind: str = "uncertain") -> ReviewCandidate:
    """Return a candidate at the end of the queue of its kind."""
    rank = ReviewCandidate.objects.filter(kind=kind).count()
    tag = make_tag(name) if name else None
    return ReviewCandidate.objects.create(image=image, tag=tag, kind=kind, rank=rank)


def ask(
    person: User, image: Image, name: str | None, kind: str = "uncertain", **fields: object
) -> ReviewTask:
    """Return a question that was put to this person."""
    tag = make_tag(name) if name else None
    return ReviewTask.objects.create(person=person, image=image, tag=tag, kind=kind, **fields)


def checked(image: Image, name: str, by: User, *, is_there: bool = True) -> ImageTag:
    """Return a pair that a moderator decided."""
    state = TagState.CURATED if is_there else TagState.REJECTED
    return ImageTag.objects.create(
        image=image, tag=make_tag(name), state=state, decided_by=by, is_double_checked=True
    )


def go_live(number: int, *labels: str, **fields: object) -> ModelVersion:
    """Return a version that knows these tags and is live; it has no files."""
    version = ModelVersion.objects.create(
        number=number, labels=list(labels), state=VersionState.PROMOTED, **fields
    )
    Promotion.objects.create(version=version)
    return version

"""Which photos of a dataset may leave the site, and why the others stay."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.db.models import QuerySet

from gallery.models import Image, Visibility
from tagging.chunks import chunks
from training.learning.examples import Examples

DELETED = "deleted since"
WITHDRAWN = "no longer offered for teaching"
HIDDEN = "hidden by moderators"
PRIVATE = "private"


@dataclass(frozen=True)
class Leaving:
    """A photo that may leave: its row in the dataset, the file to copy, and whom to name."""

    row: int
    sha256: str
    source: Path
    owner: str
    credit: str


@dataclass(frozen=True)
class Choice:
    """The photos that may leave, in the order of the dataset, and how many stay for each reason."""

    photos: tuple[Leaving, ...]
    left_out: dict[str, int]


def choose_photos(examples: Examples, *, include_private: bool) -> Choice:
    """Return which photos of this dataset may be handed on as things stand now.

    Offering a photo for teaching is no permission to publish it. So a photo leaves if somebody
    still offers these bytes and shows them to everybody, or `include_private` says that the
    copies stay in the house; bytes that moderators hid anywhere never leave. What leaves is the
    largest rendition, which holds pixels and nothing else: an original may hold a position.
    """
    uploads = _uploads_by_hash(examples.photos)
    photos, left_out = [], Counter[str]()
    for row, sha256 in enumerate(examples.photos):
        reason, image = _judge(uploads.get(sha256, []), include_private=include_private)
        if image is None:
            left_out[reason] += 1
        else:
            photos.append(
                Leaving(
                    row=row,
                    sha256=sha256,
                    source=image.rendition_path(max(image.rendition_widths)),
                    owner=image.owner.username,
                    credit=image.description if image.is_sample else "",
                )
            )
    return Choice(tuple(photos), dict(sorted(left_out.items())))


def _uploads_by_hash(hashes: Sequence[str]) -> dict[str, list[Image]]:
    """Return every upload of these bytes, the first one first."""
    found: dict[str, list[Image]] = defaultdict(list)
    for batch in chunks(hashes):
        for image in _in_order(Image.objects.filter(sha256__in=batch)):
            found[image.sha256].append(image)
    return found


def _in_order(images: QuerySet[Image]) -> Iterable[Image]:
    return images.select_related("owner").order_by("created_at", "pk")


def _judge(uploads: list[Image], *, include_private: bool) -> tuple[str, Image | None]:
    """Return the upload that may leave, or the reason why none may."""
    offered = [image for image in uploads if image.teaches]
    shown = [image for image in offered if include_private or image.visibility == Visibility.PUBLIC]
    if not uploads:
        return DELETED, None
    if any(image.hidden_at for image in uploads):
        return HIDDEN, None
    if not offered:
        return WITHDRAWN, None
    if not shown:
        return PRIVATE, None
    return "", shown[0]

"""Photos and tags for tests of what people say: rows only, no files, no network."""

from __future__ import annotations

from itertools import count

from gallery.models import Image, User, Visibility
from tagging.models import ModelVersion, Suggestion, Tag
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

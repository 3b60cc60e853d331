"""From bytes to everything a row of a photo holds; nothing is written yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils import timezone

from gallery.imaging import (
    RENDITION_WIDTHS,
    Metadata,
    dhash16,
    dominant_colour,
    read_metadata,
    read_photo,
    render_all,
    rendition_widths,
)
from gallery.imaging.reading import check_byte_count


@dataclass(frozen=True)
class Developed:
    """A photo on its way in: decoded, measured and rendered, with nothing written yet."""

    dhash: str
    file_format: str
    width: int
    height: int
    renditions: dict[int, bytes]
    colour: str
    colour_name: str
    metadata: Metadata

    @property
    def keywords(self) -> tuple[str, ...]:
        """Return the keywords that the author wrote into the file."""
        return self.metadata.keywords


def develop_image(data: bytes) -> Developed:
    """Return everything about a photo that only its bytes decide, or raise UnreadablePhoto.

    This is the slow part of storing one. It touches neither database nor disk, so an import may
    run it for several photos at once in threads: the decoders let go of Python's lock.
    """
    check_byte_count(len(data), settings.EYES_MAX_UPLOAD_BYTES)
    photo = read_photo(data, max_pixels=settings.EYES_MAX_PIXELS, enough=(RENDITION_WIDTHS[-1], 1))
    colour, name = dominant_colour(photo.rgb)
    return Developed(
        dhash=dhash16(photo.rgb),
        file_format=photo.file_format,
        width=photo.width,
        height=photo.height,
        renditions=render_all(photo.rgb, rendition_widths(photo.width, photo.height)),
        colour=colour,
        colour_name=name,
        metadata=read_metadata(data),
    )


def facts_of(metadata: Metadata) -> dict[str, Any]:
    """Return the columns of a photo that its file's metadata fill.

    A camera that noted no time zone is believed to have hung in the site's own.
    """
    taken_at = metadata.taken_at
    if taken_at is not None and taken_at.tzinfo is None:
        taken_at = timezone.make_aware(taken_at)
    return {
        "taken_at": taken_at,
        "camera": metadata.camera,
        "exif": metadata.exif,
        "latitude": metadata.latitude,
        "longitude": metadata.longitude,
    }

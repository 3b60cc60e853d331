"""Further formats of photos that are there already, and what older photos lack."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from gallery.imaging import (
    RENDITION_WIDTHS,
    UnreadablePhoto,
    dominant_colour,
    encode_avif,
    encode_jpeg,
    jpeg_width,
    load_rgb,
    read_metadata,
    render_all,
)
from gallery.models import Image
from gallery.services.developing import facts_of
from gallery.storage import written_files

T = TypeVar("T")
# What is made after publishing can wait for everything else that the machine has to do.
NICENESS = 15
SUFFIXES = {"avif": "avif", "jpeg": "jpg"}


def complete_renditions(*, image_id: int) -> bool:
    """Make what renditions the photo still lacks; return whether any were made.

    Runs twice without harm: files get their names in one step, and the row names them only where
    the photo is still there. Raises UnreadablePhoto where the original is broken or gone.
    """
    image = Image.with_trash.filter(pk=image_id).first()
    lacking = lacking_renditions(image) if image is not None else {}
    if image is None or not lacking:
        return False
    made = run_niced(lambda: render_more(image, lacking))
    with written_files(made) as written, transaction.atomic():
        # Whoever deletes the photo waits here, and then takes these files away too.
        present = Image.with_trash.select_for_update().filter(pk=image_id).first()
        if present is None or not present.directory.is_dir():
            return False
        for name in made:
            os.replace(written / name, present.directory / name)  # noqa: PTH105 - atomic
        present.more_renditions = {**present.more_renditions, **lacking}
        present.save(update_fields=["more_renditions"])
    return True


def lacking_renditions(image: Image) -> dict[str, list[int]]:
    """Return by format the widths that should be there; formats that are complete are left out."""
    wanted = {"jpeg": [jpeg_width(image.rendition_widths)]}
    if settings.EYES_AVIF:
        wanted["avif"] = sorted(image.rendition_widths)
    return {name: widths for name, widths in wanted.items() if not _has(image, name, widths)}


def _has(image: Image, name: str, widths: list[int]) -> bool:
    return image.more_renditions.get(name) == widths and all(
        image.rendition_path(width, SUFFIXES[name]).is_file() for width in widths
    )


def render_more(image: Image, lacking: Mapping[str, list[int]]) -> dict[str, bytes]:
    """Return the files of these renditions by their names."""
    rgb = load_rgb(
        image.original_path,
        max_pixels=settings.EYES_MAX_PIXELS,
        enough=(RENDITION_WIDTHS[-1], 1),
    )
    encoders = {"avif": encode_avif, "jpeg": encode_jpeg}
    return {
        image.rendition_path(width, SUFFIXES[name]).name: data
        for name, widths in lacking.items()
        for width, data in render_all(rgb, widths, encoders[name]).items()
    }


def run_niced(work: Callable[[], T]) -> T:
    """Return what the work returns, done at a low priority by a thread of its own.

    Linux keeps a priority for each thread, and nobody but root may raise one again: so it ends
    with its thread, and the worker's next job is as quick as ever.
    """
    with ThreadPoolExecutor(1, initializer=_be_nice) as pool:
        return pool.submit(work).result()


def _be_nice() -> None:
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def incomplete_images() -> QuerySet[Image]:
    """Return photos that lack a colour or renditions of a format, the oldest first."""
    lacks = Q(colour="") | ~Q(more_renditions__has_key="jpeg")
    if settings.EYES_AVIF:
        lacks |= ~Q(more_renditions__has_key="avif")
    return Image.with_trash.filter(lacks).order_by("pk")


def describe_image(*, image_id: int) -> bool:
    """Fill colour and metadata of a photo that was stored before there were any.

    Its title and description stay as they are: they are its owner's. Return whether it was done.
    """
    image = Image.with_trash.filter(pk=image_id, colour="").first()
    if image is None:
        return False
    smallest = image.rendition_path(min(image.rendition_widths))
    colour, name = dominant_colour(load_rgb(smallest, max_pixels=settings.EYES_MAX_PIXELS))
    facts: dict[str, Any] = facts_of(read_metadata(image.original_path.read_bytes()))
    changed = Image.with_trash.filter(pk=image_id, colour="").update(
        colour=colour, colour_name=name, **facts
    )
    return bool(changed)


def complete_image(*, image_id: int) -> str:
    """Give an older photo what newer ones have; return what is wrong with it, "" if nothing is."""
    try:
        describe_image(image_id=image_id)
        complete_renditions(image_id=image_id)
    except (UnreadablePhoto, FileNotFoundError) as problem:
        return str(problem)
    return ""

"""The photos that teach, read one after another: never many at a time in memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from django.conf import settings
from PIL import Image as PillowImage

from gallery.imaging import UnreadablePhoto, load_rgb
from gallery.models import Image
from tagging.chunks import chunks
from tagging.services.embeddings import DECODE_MARGIN

# So many are decoded ahead; a photo that was decoded for learning takes up to a few megabytes.
_BATCH = 16
_DECODERS = 2


def readable_photos(
    hashes: Sequence[str], side: int, told: Callable[[int], object] = lambda done: None
) -> Iterator[tuple[int, PillowImage.Image]]:
    """Yield (place among the hashes, upright RGB photo) for each that is offered and readable.

    Deleted and damaged ones are passed over: a run that takes half an hour must not fail because
    of one. Large ones may come smaller, with enough pixels for a shorter side of `side`. `told`
    hears how many have been looked at.
    """
    done, enough_side = 0, math.ceil(side * DECODE_MARGIN)

    def read(path: Path | None) -> PillowImage.Image | None:
        if path is None:
            return None
        try:
            return load_rgb(path, max_pixels=settings.EYES_MAX_PIXELS, enough_side=enough_side)
        except UnreadablePhoto:
            return None

    with ThreadPoolExecutor(_DECODERS, thread_name_prefix="decode") as pool:
        for batch in chunks(hashes, _BATCH):
            offered = Image.objects.teachable().filter(sha256__in=batch).order_by("-pk")
            path_of = {image.sha256: image.original_path for image in offered}
            paths = [path_of.get(sha256) for sha256 in batch]
            for place, photo in enumerate(pool.map(read, paths), start=done):
                if photo is not None:
                    yield place, photo
            done += len(batch)
            told(done)

"""One pass of the network per photo: its vector is computed once and read by everything."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from numpy.typing import NDArray

from gallery.imaging import UnreadablePhoto, load_rgb
from gallery.models import Image, ImageQuerySet
from tagging.chunks import chunks, spanning
from tagging.models import Content, Embedding, TwinGroup
from tagging.registry import live_backbone, open_backbone
from tagging.services.known_hashes import keep_known_hashes, take_known_hashes
from tagging.services.twin_groups import REFERENCE, TwinIndex, family_of, hold_twin_groups
from tagging.services.vectors import catch_up_vectors, forget_vector

if TYPE_CHECKING:
    from tagging.backbones.cards import BackboneCard

# One transaction and a few calls of the network; more at once only needs more memory.
BATCH = 16
# Pillow lets other threads run while it decodes; beyond this the network is the slower part.
DECODERS = 2
# Decoding a large JPEG at half its size leaves this much more than the network looks at, so
# that its own scaling still decides what it sees.
DECODE_MARGIN = 1.5
LARGEST_HALF = float(np.finfo(np.float16).max)

Pixels = NDArray[np.uint8]
Item = TypeVar("Item")


@dataclass
class EmbedReport:
    """What became of the photos: newly embedded files, known ones, and those nobody can read."""

    embedded: int = 0
    already: int = 0
    unreadable: dict[int, str] = field(default_factory=dict)
    """The reason per image id, in words for people."""


@dataclass(frozen=True)
class _Waiting:
    """A photo whose bytes have no vector yet."""

    image_id: int
    sha256: str
    dhash: str
    path: Path


def embed_images(
    *,
    image_ids: Collection[int],
    backbone: str | None = None,
    progress: Callable[[int], object] | None = None,
) -> EmbedReport:
    """Store the missing vectors of these photos, and find the near-duplicates of new bytes.

    `backbone` is a key, by default that of the live version. `progress` is called with the number
    of photos done since the last call. Safe beside other processes doing the same, and for photos
    that are deleted meanwhile. A photo that cannot be decoded is reported and stops nothing.
    Raises UnknownBackbone, BackboneUnavailable or EngineMismatch where no network can be opened.
    """
    key = backbone or live_backbone()
    _place_newcomers(image_ids, key)
    waiting = _without_embedding(image_ids, key)
    report = EmbedReport(already=len(image_ids) - len(waiting))
    if progress and report.already:
        progress(report.already)
    if not waiting:
        return report
    engine = open_backbone(key)
    index = TwinIndex(key, engine.card.top_features, take_known_hashes())
    for batch, pixels in _decoded(waiting, engine.card):
        _embed_batch(index, batch, pixels, engine.embed, report)
        if progress:
            progress(len(batch))
    keep_known_hashes(index.known)
    if report.embedded:
        transaction.on_commit(partial(catch_up_vectors, backbone=key))
    return report


def decode_for(card: BackboneCard, source: Path | bytes, max_bytes: int | None = None) -> Pixels:
    """Return the network's input uint8 [size, size, 3] for a file; raise UnreadablePhoto."""
    from tagging.backbones.preprocessing import to_network_input

    enough_side = math.ceil(card.input_size / card.crop * DECODE_MARGIN)
    rgb = load_rgb(
        source,
        max_pixels=settings.EYES_MAX_PIXELS,
        max_bytes=max_bytes,
        enough_side=enough_side,
    )
    return to_network_input(rgb, card)


def embedding_matrix(
    image_ids: Collection[int], backbone: str
) -> tuple[list[int], NDArray[np.float16]]:
    """Return (ids, float16 [n, d]) of those photos that have a vector, by ascending id.

    With no vector at all d is 0. Photos of the same bytes share the numbers.
    """
    sha256_of: dict[int, str] = {}
    for ids in chunks(sorted(set(image_ids))):
        rows = Image.objects.filter(**spanning("pk", ids)).values_list("pk", "sha256")
        wanted = set(ids)
        sha256_of.update((pk, sha256) for pk, sha256 in rows if pk in wanted)
    vectors: dict[str, NDArray[np.float16]] = {}
    for hashes in chunks(sorted(set(sha256_of.values()))):
        contents = contents_by_id(hashes)
        embedded = Embedding.objects.of_backbone(backbone).filter(content__in=contents)
        for content_id, vector in embedded.values_list("content_id", "vector"):
            vectors[contents[content_id]] = np.frombuffer(bytes(vector), dtype="<f2")
    found = [image_id for image_id in sorted(sha256_of) if sha256_of[image_id] in vectors]
    if not found:
        return [], np.empty((0, 0), np.float16)
    return found, np.stack([vectors[sha256_of[image_id]] for image_id in found])


def embedding_matrices(
    image_ids: Collection[int], backbones: Sequence[str]
) -> tuple[list[int], tuple[NDArray[np.float16], ...]]:
    """Return (ids, float16 [n, d] for each backbone) of those photos that have a vector of all."""
    found, first = embedding_matrix(image_ids, backbones[0])
    matrices = [first]
    for backbone in backbones[1:]:
        both, matrix = embedding_matrix(found, backbone)
        kept = np.isin(found, both)
        found, matrices = both, [*(one[kept] for one in matrices), matrix]
    return found, tuple(matrices)


def photos_without_vector(backbone: str) -> ImageQuerySet:
    """Return the photos of whose bytes this backbone has no vector, to be counted or embedded."""
    return Image.objects.filter(~Exists(_content_of_photo(backbone)))


def photos_left_behind(backbone: str) -> ImageQuerySet:
    """Return the photos that the backbone that serves has a vector of and this one has not.

    What waits for its first vector is not among them: it gets one of whichever serves by then.
    """
    return photos_without_vector(backbone).filter(Exists(_content_of_photo(live_backbone())))


def missing_images(image_ids: Collection[int], backbone: str) -> list[int]:
    """Return, of these photos, one for each distinct file without a vector of this backbone."""
    return [photo.image_id for photo in _without_embedding(image_ids, backbone)]


def contents_by_id(hashes: Collection[str]) -> dict[int, str]:
    """Return the known ones of these SHA-256 by the id of their content.

    Embeddings are then asked for by id: in a join SQLite would walk through all embeddings of
    the backbone, however few hashes were named.
    """
    return dict(Content.objects.filter(sha256__in=hashes).values_list("pk", "sha256"))


def collect_garbage(sha256: str) -> bool:
    """Forget vectors and group of bytes that no photo has any more; return whether it did.

    A photo in the trash keeps its own until it goes for good: it may come back.
    """
    with hold_twin_groups():
        if Image.with_trash.filter(sha256=sha256).exists():
            return False
        content = Content.objects.filter(sha256=sha256).first()
        if content is None:
            return False
        content_id = content.pk
        content.delete()
        TwinGroup.objects.filter(pk=content.group_id, contents=None).delete()
        transaction.on_commit(partial(forget_vector, content_id=content_id))
    return True


def _place_newcomers(image_ids: Collection[int], backbone: str) -> None:
    """Let the first day's network look at new bytes first, where it tells near-duplicates best.

    The group of a content is found once, when it is first seen, by cosines that were measured on
    one network (`twin_groups`). Whatever else embeds a photo comes after that, so that all photos
    are compared on the same features, whichever backbone serves.
    """
    first_day = str(settings.EYES_BACKBONE)
    if family_of(backbone) == REFERENCE or family_of(first_day) != REFERENCE:
        return
    unknown: list[int] = []
    for ids in chunks(sorted(set(image_ids))):
        sha256_of = dict(Image.objects.filter(pk__in=ids).values_list("pk", "sha256"))
        known = set(contents_by_id(set(sha256_of.values())).values())
        unknown += [pk for pk, sha256 in sha256_of.items() if sha256 not in known]
    if unknown:
        embed_images(image_ids=unknown, backbone=first_day)


def _without_embedding(image_ids: Collection[int], backbone: str) -> list[_Waiting]:
    """Return one photo for each distinct file that has no vector of this backbone yet."""
    waiting: dict[str, _Waiting] = {}
    for ids in chunks(sorted(set(image_ids))):
        images = Image.objects.filter(pk__in=ids).order_by("pk")
        sha256_of = dict(images.values_list("pk", "sha256"))
        known = _embedded(sha256_of.values(), backbone)
        missing = [pk for pk, sha256 in sha256_of.items() if sha256 not in known]
        for image in images.filter(pk__in=missing) if missing else ():
            photo = _Waiting(image.pk, image.sha256, image.dhash, image.original_path)
            waiting.setdefault(image.sha256, photo)
    return list(waiting.values())


def _embedded(hashes: Collection[str], backbone: str) -> set[str]:
    """Return those of these SHA-256 that have a vector of this backbone."""
    contents = contents_by_id(set(hashes))
    rows = Embedding.objects.of_backbone(backbone).filter(content__in=contents)
    return {contents[pk] for pk in rows.values_list("content_id", flat=True)}


def _decoded(
    waiting: Sequence[_Waiting], card: BackboneCard
) -> Iterator[tuple[Sequence[_Waiting], list[Pixels | UnreadablePhoto]]]:
    """Yield batches with their pixels; the next one is decoded while this one is embedded."""

    def decode(photo: _Waiting) -> Pixels | UnreadablePhoto:
        try:
            return decode_for(card, photo.path)
        except UnreadablePhoto as error:
            return error

    batches = list(chunks(waiting, BATCH))
    with ThreadPoolExecutor(DECODERS, thread_name_prefix="decode") as pool:
        coming: list[Future[Pixels | UnreadablePhoto]] = []
        for number, batch in enumerate(batches):
            ready = coming or [pool.submit(decode, photo) for photo in batch]
            following = batches[number + 1] if number + 1 < len(batches) else ()
            coming = [pool.submit(decode, photo) for photo in following]
            yield batch, [future.result() for future in ready]


def _embed_batch(
    index: TwinIndex,
    batch: Sequence[_Waiting],
    pixels: Sequence[Pixels | UnreadablePhoto],
    embed: Callable[[Pixels], NDArray[np.float32]],
    report: EmbedReport,
) -> None:
    """Embed what could be decoded and store it; write the rest into the report."""
    readable: list[_Waiting] = []
    inputs: list[Pixels] = []
    for photo, decoded in zip(batch, pixels, strict=True):
        if isinstance(decoded, UnreadablePhoto):
            report.unreadable[photo.image_id] = str(decoded)
        else:
            readable.append(photo)
            inputs.append(decoded)
    if inputs:
        vectors = embed(np.stack(inputs)).clip(-LARGEST_HALF, LARGEST_HALF)
        report.embedded += _store(index, readable, vectors.astype(np.float16))


def _store(index: TwinIndex, photos: Sequence[_Waiting], vectors: NDArray[np.float16]) -> int:
    """Store the vectors of photos that still exist; return how many were new.

    Everything is looked up again under the lock, since another process may have been faster.
    """
    hashes = [photo.sha256 for photo in photos]
    with hold_twin_groups():
        alive = set(Image.objects.filter(sha256__in=hashes).values_list("sha256", flat=True))
        known = {row.sha256: row for row in Content.objects.filter(sha256__in=hashes)}
        embedded = _embedded(hashes, index.backbone)
        if alive - set(known):
            index.refresh()
        fresh = 0
        for photo, vector in zip(photos, vectors, strict=True):
            if photo.sha256 not in alive or photo.sha256 in embedded:
                continue
            if photo.sha256 in known:
                index.add_vector(known[photo.sha256], vector)
            else:
                index.place(sha256=photo.sha256, dhash=photo.dhash, vector=vector)
            fresh += 1
    return fresh


def _content_of_photo(backbone: str) -> QuerySet[Content]:
    """Return the bytes of an outer query's photo where this backbone has a vector of them.

    Written as two conditions, one inside the other: a join would let SQLite begin with all
    embeddings of the backbone, for every photo.
    """
    vectors = Embedding.objects.of_backbone(backbone).filter(content=OuterRef("pk"))
    return Content.objects.filter(Exists(vectors), sha256=OuterRef("sha256"))

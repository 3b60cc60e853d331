"""Keeping the files of vectors in line with the rows that they repeat."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
from django.conf import settings
from django.db.models import Count, Sum

from tagging.backbones.cards import get_card
from tagging.models import Embedding
from tagging.vector_files import Manifest, StoredVectors, VectorFiles

logger = logging.getLogger(__name__)

# Rows read and written at a time, some 7 MB of vectors: memory does not grow with the library.
CHUNK = 2000


def vector_files(backbone: str) -> VectorFiles:
    """Return the files of this backbone's vectors, whether or not they are there."""
    return VectorFiles(Path(settings.EYES_VECTORS) / backbone)


def catch_up_vectors(*, backbone: str) -> int:
    """Append the vectors stored since the last time; return how many.

    Ids of embeddings grow in the order of commits (`hold_twin_groups`), so that what is new lies
    behind the last one. Not to be called where rows may still be rolled back: their ids would be
    given again. A disk that refuses is logged and harms nothing but the search for similar photos.
    """
    files = vector_files(backbone)
    try:
        with files.writing():
            stored = files.open()
            return _append_from(files, stored.manifest if stored else None, backbone)
    except OSError as error:
        logger.warning("The vectors of %s could not be written to files: %s", backbone, error)
        return 0


def forget_vector(*, content_id: int) -> None:
    """Overwrite the vectors of a content that is gone, under every backbone."""
    for folder in _folders():
        files = VectorFiles(folder)
        try:
            with files.writing():
                files.forget(content_id)
        except OSError as error:
            # The next look at the whole finds a row too many and writes the files anew.
            logger.warning("A deleted photo's vector is still in %s: %s", folder, error)


def tend_vectors() -> dict[str, int]:
    """Bring every backbone's files in line with the database; return the rows written, by key.

    Files that hold other rows than the database are written anew, which follows for instance a
    restored backup; those of backbones without any embedding are removed.
    """
    keys = set(Embedding.objects.order_by().values_list("backbone", flat=True).distinct())
    for folder in _folders():
        if folder.name not in keys:
            _remove(folder)
    return {key: _tend(key) for key in sorted(keys)}


def _tend(backbone: str) -> int:
    files = vector_files(backbone)
    stored = files.open()
    if stored is None or _is_in_line(stored, backbone):
        return catch_up_vectors(backbone=backbone)
    with files.writing():
        return _append_from(files, None, backbone)


def _is_in_line(stored: StoredVectors, backbone: str) -> bool:
    """Return whether the files hold exactly the contents that the database has up to their end."""
    rows = Embedding.objects.of_backbone(backbone).filter(pk__lte=stored.manifest.last_id)
    told = rows.aggregate(number=Count("pk"), together=Sum("content_id"))
    number, together = np.count_nonzero(stored.contents), int(stored.contents.sum())
    return (told["number"], told["together"] or 0) == (number, together)


def _append_from(files: VectorFiles, manifest: Manifest | None, backbone: str) -> int:
    """Append what is missing, or everything to new files; return the number of rows."""
    written, last = 0, manifest.last_id if manifest else 0
    newer = Embedding.objects.of_backbone(backbone).order_by("pk")
    while rows := list(newer.filter(pk__gt=last).values_list("pk", "content_id", "vector")[:CHUNK]):
        last = rows[-1][0]
        if manifest is None:
            dimension = len(bytes(rows[0][2])) // 2
            manifest = files.start(dimension, get_card(backbone).top_features)
        # A card that changed its dimension leaves older rows behind; they answer to no search.
        fitting = [row for row in rows if len(row[2]) == 2 * manifest.dimension]
        if not fitting:
            continue
        ids, contents, vectors = zip(*fitting, strict=True)
        matrix = np.stack([np.frombuffer(bytes(vector), dtype="<f2") for vector in vectors])
        manifest = files.append(manifest, np.array(ids), np.array(contents), matrix)
        written += len(ids)
    if written and manifest is not None:
        files.commit(manifest)
    return written


def _folders() -> list[Path]:
    root = Path(settings.EYES_VECTORS)
    return sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []


def _remove(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink(missing_ok=True)
    folder.rmdir()

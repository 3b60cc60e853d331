"""Keeping the files of vectors in line with the rows that they repeat."""

from __future__ import annotations

import logging
import math
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from django.conf import settings
from django.db.models import Count, Sum
from django_q.tasks import async_task

from tagging.backbones.cards import get_card
from tagging.clusters import TRAINING_CLUSTER
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
    given again. Where everything has to be written, as after a restored backup, a job does it
    unless it is little. A disk that refuses is logged and harms nothing but the search for similar
    photos; whoever writes everything anew at this moment reads the newest rows as well.
    """
    files = vector_files(backbone)
    try:
        with files.writing():
            stored = files.open()
            if stored is not None and not _ends_alike(stored, backbone):
                files.discard()
                stored = None
            if stored is None and _are_many(backbone):
                _ask_for_tending()
                return 0
            return _append_from(files, stored, backbone)
    except BlockingIOError:
        return 0
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
        except BlockingIOError:
            # Everything is being written anew, perhaps with this one: that is done once more.
            _ask_for_tending()
        except OSError as error:
            # The next look at the whole finds a row too many and writes the files anew.
            logger.warning("A deleted photo's vector is still in %s: %s", folder, error)


def remove_vector_files(*, backbone: str) -> None:
    """Remove the files of a backbone whose vectors are all gone."""
    files = vector_files(backbone)
    if not files.folder.is_dir():
        return
    try:
        with files.writing(math.inf):
            if not Embedding.objects.of_backbone(backbone).exists():
                shutil.rmtree(files.folder)
    except OSError as error:
        logger.warning("The files of %s could not be removed: %s", backbone, error)


def tend_vectors() -> dict[str, int]:
    """Bring every backbone's files in line with the database; return the rows written, by key.

    Files that hold other rows than the database are written anew, which follows for instance a
    restored backup; those of backbones without any embedding are removed.
    """
    _wish().unlink(missing_ok=True)
    keys = set(Embedding.objects.order_by().values_list("backbone", flat=True).distinct())
    for folder in _folders():
        if folder.name not in keys:
            remove_vector_files(backbone=folder.name)
    return {key: _tend(key) for key in sorted(keys)}


def _tend(backbone: str) -> int:
    files = vector_files(backbone)
    try:
        with files.writing(math.inf):
            stored = files.open()
            is_true = stored is not None and _ends_alike(stored, backbone)
            if stored is not None and not (is_true and _is_in_line(stored, backbone)):
                stored = None
            return _append_from(files, stored, backbone)
    except OSError as error:
        logger.warning("The vectors of %s could not be written to files: %s", backbone, error)
        return 0


def _wish() -> Path:
    """Return the file that says that a job has been asked to tend the vectors."""
    return Path(settings.EYES_VECTORS) / "asked"


def _ask_for_tending() -> None:
    """Have a job write what is many, once however often it is asked for.

    In the cluster whose jobs may take long. Should the job be lost, the daily one does it, and so
    where the disk takes no note.
    """
    try:
        _wish().touch(exist_ok=False)
    except OSError:
        return
    async_task("tagging.tasks.tend_vectors", cluster=TRAINING_CLUSTER)


def _are_many(backbone: str) -> bool:
    """Return whether there are more vectors than an upload should wait for."""
    return Embedding.objects.of_backbone(backbone).order_by("pk")[CHUNK : CHUNK + 1].exists()


def _ends_alike(stored: StoredVectors, backbone: str) -> bool:
    """Return whether the newest row of the files is the one that the database has under its id.

    It is not where the database is an earlier one, in which the same ids are given once more.
    """
    if not stored.manifest.rows:
        return True
    newest = Embedding.objects.of_backbone(backbone).filter(pk=stored.manifest.last_id)
    row = newest.values_list("content_id", "vector").first()
    content_id = int(stored.contents[-1])
    if row is None:
        return not content_id
    return (row[0], bytes(row[1])) == (content_id, stored.vectors[-1].tobytes())


def _is_in_line(stored: StoredVectors, backbone: str) -> bool:
    """Return whether the files hold exactly the contents that the database has up to their end."""
    rows = Embedding.objects.of_backbone(backbone).filter(pk__lte=stored.manifest.last_id)
    told = rows.aggregate(number=Count("pk"), together=Sum("content_id"))
    number, together = np.count_nonzero(stored.contents), int(stored.contents.sum())
    return (told["number"], told["together"] or 0) == (number, together)


def _append_from(files: VectorFiles, stored: StoredVectors | None, backbone: str) -> int:
    """Append what is missing, or everything to new files; return the number of rows."""
    manifest = stored.manifest if stored else None
    written, last = 0, manifest.last_id if manifest else 0
    newer = Embedding.objects.of_backbone(backbone).order_by("pk")
    is_more = True
    while is_more:
        rows = list(newer.filter(pk__gt=last).values_list("pk", "content_id", "vector")[:CHUNK])
        is_more = len(rows) == CHUNK
        if not rows:
            break
        last = rows[-1][0]
        if manifest is None:
            dimension = len(bytes(rows[0][2])) // 2
            manifest = files.start(dimension, get_card(backbone).top_features)
        # A card that changed its dimension leaves older rows behind; they answer to no search.
        fitting = [row for row in rows if len(row[2]) == 2 * manifest.dimension]
        if fitting:
            manifest = _append(files, manifest, fitting)
            written += len(fitting)
    if written and manifest is not None:
        files.commit(manifest)
    return written


def _append(
    files: VectorFiles, manifest: Manifest, rows: Sequence[tuple[int, int, bytes]]
) -> Manifest:
    """Write these rows (id, content, vector) behind the others; return the manifest with them."""
    ids, contents, vectors = zip(*rows, strict=True)
    matrix = np.stack([np.frombuffer(bytes(vector), dtype="<f2") for vector in vectors])
    return files.append(manifest, np.array(ids), np.array(contents), matrix)


def _folders() -> list[Path]:
    root = Path(settings.EYES_VECTORS)
    return sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []

"""Learning curves of datasets: measured on stored embeddings, kept one per dataset and backbone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from gallery.models import Image
from tagging.backbones.cards import get_card
from tagging.chunks import chunks
from tagging.presets import current_policy
from tagging.registry import live_backbone
from tagging.services.embeddings import embed_images, embedding_matrix
from training.learning.curve import USUAL_POINTS, draw_curve
from training.learning.examples import (
    ABSENT,
    PRESENT,
    TEST,
    TRAIN,
    VALIDATION,
    Examples,
    read_manifest,
)
from training.models import DatasetVersion, LearningCurve


class NothingToDraw(Exception):
    """Raised where there is no dataset, or too little of it is left; the message says which."""


def find_dataset(number: int | None) -> DatasetVersion:
    """Return the dataset of this number, or the newest; raises NothingToDraw."""
    if number is None:
        dataset = DatasetVersion.objects.first()
    else:
        dataset = DatasetVersion.objects.filter(pk=number).first()
    if dataset is None:
        raise NothingToDraw(
            "No dataset was frozen yet; `manage.py retrain` freezes the first."
            if number is None
            else f"There is no dataset {number}."
        )
    return dataset


def draw_learning_curve(
    *,
    dataset: DatasetVersion,
    points: Sequence[int] = USUAL_POINTS,
    say: Callable[[str, float], object] = lambda sentence, progress: None,
) -> LearningCurve:
    """Measure how accuracy grows with curated photos per tag, and keep the result.

    Photos that were deleted or taken back since are left out. The same photos give the same
    curve; it takes the place of an earlier one of this dataset and backbone. Raises NothingToDraw.
    """
    last_run = dataset.runs.exclude(backbone="").first()
    backbone = last_run.backbone if last_run else live_backbone()
    examples, embeddings = _what_is_left(dataset, backbone)
    compared = get_card(backbone).top_features
    drawn = draw_curve(examples, embeddings, current_policy(), compared, points, say)
    with transaction.atomic():
        LearningCurve.objects.filter(dataset=dataset, backbone=backbone).delete()
        return LearningCurve.objects.create(
            dataset=dataset, backbone=backbone, points=[point.as_json() for point in drawn]
        )


def _what_is_left(dataset: DatasetVersion, backbone: str) -> tuple[Examples, NDArray[np.float16]]:
    """Return the photos of the dataset that still may teach, with the tags that they still can."""
    frozen = read_manifest(bytes(dataset.manifest))
    id_of: dict[str, int] = {}
    for hashes in chunks(frozen.photos):
        offered = Image.objects.teachable().filter(sha256__in=hashes)
        id_of.update(offered.values_list("sha256", "pk"))
    embed_images(image_ids=id_of.values(), backbone=backbone)
    found, matrix = embedding_matrix(id_of.values(), backbone)
    place_of = {image_id: place for place, image_id in enumerate(found)}
    rows = [row for row, photo in enumerate(frozen.photos) if id_of.get(photo) in place_of]
    left = _with_tags_that_can_be_judged(frozen.part(np.array(rows, dtype=np.intp)))
    places = [place_of[id_of[photo]] for photo in left.photos]
    return left, matrix[places]


def _with_tags_that_can_be_judged(examples: Examples) -> Examples:
    """Return the examples without tags that lack photos to learn, to stop or to judge on."""
    kept = [
        column
        for column in range(len(examples.tags))
        if all(
            (examples.answers[examples.rows_on(side), column] == PRESENT).any()
            for side in (TRAIN, VALIDATION, TEST)
        )
        and (examples.answers[examples.rows_on(TRAIN), column] == ABSENT).any()
    ]
    if not kept:
        raise NothingToDraw("Too few photos of this dataset are left to learn and judge any tag.")
    return examples.of_tags(kept)

"""How honest scores are where tags are small: as fitted, with one temperature, and calibrated.

A head is taught few photos of each tag and its scores are judged on all others. Below 25 known
answers of either kind a tag has no calibration of its own and takes the slope and offset of all
tags together; compared with that are the scores as fitted, and the single temperature of Guo et
al. (2017) fitted on the same out-of-fold scores. FOLDER holds a folder of photos per tag; without
it textures bundled with scikit-image are cut into patches. Run with

    python -m benchmarks.calibration [FOLDER]
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.labelled_photos import labelled_photos
from benchmarks.setting import fresh_installation

if TYPE_CHECKING:
    from training.learning.examples import Examples

BACKBONE = "efficientnet_lite0"
ROUNDS = 4
PER_TAG = (20, 25, 50, 100)
# How many of the taught photos stop the learning, as the policy deals them out.
STOPS = 0.15 / 0.85

Half = NDArray[np.float16]
Labels = NDArray[np.intp]
Logits = NDArray[np.float32]


def main() -> None:
    """Print a Markdown table of expected calibration errors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    wishes = parser.parse_args()
    with fresh_installation() as folder:
        from tagging.backbones.cards import get_card
        from tagging.backbones.preprocessing import to_network_input
        from tagging.engine import open_engine

        engine, card = open_engine(BACKBONE, folder / "models_store"), get_card(BACKBONE)
        photos = labelled_photos(wishes.folder)
        labels = np.array([tag for _, tag in photos])
        vectors = np.concatenate(
            [engine.embed(to_network_input(photo, card)[None]) for photo, _ in photos]
        ).astype(np.float16)
        print("| photos per tag | as fitted | one temperature | as eyes calibrates |")
        print("|---:|---:|---:|---:|")
        for per_tag in PER_TAG:
            found = [errors(vectors, labels, per_tag, seed) for seed in range(ROUNDS)]
            print(f"| {per_tag} | {' | '.join(f'{e:.2%}' for e in np.mean(found, axis=0))} |")


def errors(vectors: Half, labels: Labels, per_tag: int, seed: int) -> list[float]:
    """Return the expected calibration error of the three on all photos that did not teach."""
    from tagging.head import sigmoid
    from tagging.presets import current_policy
    from training.learning.examples import PRESENT, TEST, TRAIN, VALIDATION
    from training.learning.features import standardise
    from training.learning.lesson import teach
    from training.learning.metrics import expected_calibration_error

    examples = examples_of(labels, per_tag, seed)
    nothing = np.zeros(examples.answers.shape, dtype=np.bool_)
    lesson = teach(examples, vectors, nothing, current_policy(), vectors.shape[1])
    head, pair = lesson.head, lesson.calibration
    test, taught = examples.rows_on(TEST), examples.rows_on(TRAIN, VALIDATION)
    logits = standardise(vectors[test], head.mean, head.scale) @ head.kernel + head.bias
    plain = (logits - pair.offset) / pair.slope
    held_out = np.clip(lesson.out_of_fold, 1e-6, 1 - 1e-6)
    held_out_plain = (np.log(held_out / (1 - held_out)) - pair.offset) / pair.slope
    cooled = plain * best_temperature(held_out_plain, examples.answers[taught] == PRESENT)
    present = (examples.answers[test] == PRESENT).ravel()
    return [
        expected_calibration_error(sigmoid(some).ravel(), present) or 0.0
        for some in (plain, cooled, logits)
    ]


def examples_of(labels: Labels, per_tag: int, seed: int) -> Examples:
    """Return a closed world in which so many random photos of each tag teach."""
    from training.learning.examples import TEST, TRAIN, VALIDATION, Examples

    mixed = np.random.default_rng(seed).permutation(len(labels))
    rank = np.zeros(len(labels), dtype=np.intp)
    tags = range(int(labels.max()) + 1)
    for tag in tags:
        of_tag = mixed[labels[mixed] == tag]
        rank[of_tag] = np.arange(len(of_tag))
    sides = np.where(rank < per_tag, TRAIN, TEST).astype(f"U{len(VALIDATION)}")
    sides[rank < per_tag * STOPS] = VALIDATION
    names = tuple(f"{row:06d}" for row in range(len(labels)))
    return Examples(
        photos=names,
        tags=tuple(f"tag {tag}" for tag in tags),
        answers=np.where(labels[:, None] == np.arange(len(tags)), 1, -1).astype(np.int8),
        sides=tuple(sides.tolist()),
        groups=names,
        contests=(tuple(tags),) * len(names),
    )


def best_temperature(logits: Logits, present: NDArray[np.bool_]) -> np.float32:
    """Return the factor on all logits with the least cross-entropy."""
    factors = np.geomspace(0.1, 10, 81).astype(np.float32)
    losses = [
        float((np.logaddexp(0, factor * logits) - present * factor * logits).mean())
        for factor in factors
    ]
    return np.float32(factors[int(np.argmin(losses))])


if __name__ == "__main__":
    main()

"""Each tag stops learning when its own validation photos say so."""

import numpy as np
import pytest

from tagging.policy import COMMUNITY
from tests.training.classroom import made_up_examples
from training.learning import head as fitting
from training.learning.examples import TEST, TRAIN, VALIDATION
from training.learning.fine_tuning.judging import judged_loss
from training.learning.lesson import teach, teach_train_side
from training.learning.metrics import expected_calibration_error

pytestmark = pytest.mark.network


def test_a_tag_that_has_to_stop_at_once_takes_nothing_from_the_others() -> None:
    random = np.random.default_rng(5)
    features = random.normal(size=(400, 16)).astype(np.float32)
    steady = (features[:, 0] > 0).astype(np.float32)
    odd = (features[:, 1] > 0).astype(np.float32)
    odd_when_judged = 1 - odd

    def fit(*columns: tuple[np.ndarray, np.ndarray]) -> fitting.FittedHead:
        taught, judged = (np.stack(sides, axis=1) for sides in zip(*columns, strict=True))
        weights = np.ones((200, len(columns)), dtype=np.float32)
        return fitting.fit_until_best(
            fitting.Task(features[:200], taught[:200], weights),
            fitting.Task(features[200:], judged[200:], weights),
            fitting.FitSettings(),
        )

    alone = fit((steady, steady))
    beside = fit((steady, steady), (odd, odd_when_judged))
    assert alone.steps[0] > 50
    assert beside.steps.tolist() == [alone.steps[0], 10]
    np.testing.assert_allclose(beside.kernel[:, 0], alone.kernel[:, 0], atol=1e-5)


def test_what_a_fine_tuning_has_to_beat_has_not_learnt_from_the_photos_that_judge() -> None:
    """Photos that can hardly be told apart: only who has learnt from one is right about it."""
    examples, embeddings = made_up_examples(["cat", "dog", "owl"], 66, noise=16)
    believed = np.zeros(examples.answers.shape, dtype=bool)
    kernel, bias = teach(examples, embeddings, believed, COMMUNITY, 1280).head.folded
    start = teach_train_side(examples, embeddings, believed, COMMUNITY)

    def loss_on(side: str, kernel: np.ndarray, bias: np.ndarray) -> float:
        rows = examples.rows_on(side)
        targets = (examples.answers[rows] > 0).astype(np.float32)
        logits = embeddings[rows].astype(np.float32) @ kernel + bias
        return judged_loss(logits, targets, np.ones_like(targets))

    assert loss_on(VALIDATION, kernel, bias) < 0.1 < 1 < loss_on(TEST, kernel, bias)
    assert loss_on(VALIDATION, start.kernel, start.bias) > 1


def test_scores_of_photos_that_taught_the_network_itself_promise_nothing() -> None:
    """A fine-tuned network knows its own photos by heart, and no fold is new to it."""
    examples, embeddings = made_up_examples(["cat", "dog", "owl"], 120, noise=12)
    memorised = np.zeros(len(examples.photos), dtype=bool)
    memorised[examples.rows_on(TRAIN)] = True
    signs = (examples.answers[memorised] > 0).astype(np.float16)
    embeddings[memorised, :300] += 30 * np.repeat(signs, 100, axis=1)
    believed = np.zeros(examples.answers.shape, dtype=bool)

    def error_on_test(memorised: np.ndarray | None) -> float:
        lesson = teach(examples, embeddings, believed, COMMUNITY, 1280, memorised=memorised)
        test = examples.rows_on(TEST)
        spoken = lesson.head.speak(embeddings[test])
        present = examples.answers[test].ravel() > 0
        return expected_calibration_error(spoken.scores.ravel(), present) or 0.0

    assert error_on_test(memorised) < 0.1 < error_on_test(None)

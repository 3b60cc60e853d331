"""Each tag stops learning when its own validation photos say so."""

import numpy as np
import pytest

from training.learning import head as fitting

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

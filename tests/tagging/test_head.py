"""The trained head: scores, reproducible bytes, and refusal of parts that do not fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tagging.head import BrokenHead, GoldenOutputs, Head, sigmoid


def make_head(labels: tuple[str, ...] = ("heron", "鳥"), dimension: int = 5) -> Head:
    """Return a head with random weights, the same each time."""
    random = np.random.default_rng(4)
    count = len(labels)
    return Head(
        labels=labels,
        mean=random.normal(size=dimension),
        scale=random.uniform(0.5, 2, size=dimension),
        kernel=random.normal(size=(dimension, count)),
        bias=random.normal(size=count),
        show=np.full(count, 0.9),
        suggest=np.full(count, 0.6),
    )


def test_scores_are_the_sigmoid_of_the_standardised_product() -> None:
    head = make_head()
    embeddings = np.random.default_rng(5).normal(size=(7, 5)).astype(np.float32)
    standardised = (embeddings.astype(np.float64) - head.mean) / head.scale
    expected = 1 / (1 + np.exp(-(standardised @ head.kernel + head.bias)))
    scores = head.scores(embeddings)
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, expected, atol=1e-6)


def test_half_precision_embeddings_score_alike() -> None:
    head = make_head()
    embeddings = np.random.default_rng(5).normal(size=(7, 5)).astype(np.float16)
    np.testing.assert_allclose(
        head.scores(embeddings), head.scores(embeddings.astype(np.float32)), atol=1e-6
    )


def test_sigmoid_does_not_overflow_at_either_end() -> None:
    with np.errstate(all="raise", under="ignore"):
        ends = sigmoid(np.array([-1e4, 0, 1e4], dtype=np.float32))
    assert ends.tolist() == [0.0, 0.5, 1.0]


def test_the_same_head_gives_the_same_bytes_and_comes_back() -> None:
    data = make_head().to_bytes()
    assert data == make_head().to_bytes()
    head = Head.from_bytes(data)
    assert head.labels == ("heron", "鳥")
    assert head.to_bytes() == data


def test_a_head_of_no_tags_scores_nothing() -> None:
    head = make_head(labels=())
    assert head.scores(np.zeros((3, 5), np.float32)).shape == (3, 0)


def test_embeddings_of_another_backbone_are_refused() -> None:
    with pytest.raises(BrokenHead, match=r"\[n, 5\]"):
        make_head().scores(np.zeros((1, 6), np.float32))


@pytest.mark.parametrize(
    "change",
    [
        {"labels": ("heron", "heron")},
        {"bias": np.zeros(3)},
        {"kernel": np.full((5, 2), np.nan)},
        {"scale": np.zeros(5)},
    ],
)
def test_parts_that_do_not_fit_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(BrokenHead):
        replace(make_head(), **change)


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 nonsense", make_head().to_bytes()[:-400]])
def test_bytes_that_are_no_head_are_refused(data: bytes) -> None:
    with pytest.raises(BrokenHead):
        Head.from_bytes(data)


def test_golden_outputs_notice_another_head() -> None:
    head = make_head()
    golden = GoldenOutputs.from_bytes(
        GoldenOutputs.of(head, np.random.default_rng(6).normal(size=(4, 5))).to_bytes()
    )
    assert golden.largest_difference(head) == 0
    assert golden.largest_difference(replace(head, bias=head.bias + 0.1)) > 1e-3
    with pytest.raises(BrokenHead):
        golden.largest_difference(make_head(labels=("heron",)))

"""Every number that decides what is learnt, judged, shown and believed, with its source.

Pure: nothing here knows of Django, so that learning code and services read the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Policy:
    """One preset: how careful this site is. Shares and probabilities lie between 0 and 1."""

    name: str

    # --- What becomes learnable -----------------------------------------------------------
    # Below twenty photos the held-out part is a handful of pictures and its figures are noise.
    learnable_photos: int
    # A tag judged on fewer than three independent groups would be judged on one situation.
    least_validation_groups: int
    least_test_groups: int
    # Shares of near-duplicate groups that go to each side; the rest is learnt from.
    validation_share: float
    test_share: float
    # No tag brings more photos than this into a dataset (iNaturalist trains with the same
    # ceiling): beyond it a common tag costs time and drowns rare ones without getting better.
    class_ceiling: int
    # How many approvals of moderators make a tag curated: at home one person's word is enough.
    approvals_to_curate: int

    # --- Fit ------------------------------------------------------------------------------
    # An absent tag is not a negative. In a ten-class trial a sigmoid head with weight 0.3 on
    # assumed negatives reached 85.8 %, a softmax 85.2 %.
    unknown_weight: float

    # --- Thresholds -----------------------------------------------------------------------
    # A shown tag is wrong at most once in ten, a suggested one less than half of the time. Those
    # of the first-day tags stand in the vocabulary, where they were measured.
    show_precision: float
    suggest_precision: float
    # Known negatives are few and mostly from one import; on them alone an easy tag would earn a
    # threshold near zero and turn up on every other photo. Scores are calibrated, so that half
    # means as likely as not.
    show_floor: float
    suggest_floor: float
    # With fewer known answers of either kind a tag shares the thresholds of all tags together.
    threshold_answers: int
    # Out-of-fold scores: five parts leave four fifths to learn from in each.
    folds: int

    # --- Unlike anything learnt -----------------------------------------------------------
    # With these numbers a head of 300 cats and 300 dogs speaks of 99.3 % of unseen cats and dogs
    # and of 1.4 % of 173 other subjects (benchmarks/head_quality.py); of fewer photos it is more
    # lenient.
    familiar_anchors: int
    familiar_quantile: float
    familiar_margin: float

    # --- Near-duplicates ------------------------------------------------------------------
    # Measured on resized, recompressed and cropped copies against unrelated photos: half-size
    # copies fall to cosine 0.83, crops of 5 % a side reach dHash 67 to 106, unrelated photos
    # start at 88 bits, and crops of one texture are all above cosine 0.9. So neither signal
    # alone will do: very near in dHash, or near in both.
    twin_dhash: int
    twin_dhash_wide: int
    twin_cosine: float

    # --- Gate -----------------------------------------------------------------------------
    # With 150 to 350 test photos a strict lower bound would refuse a true gain of two points
    # four times in five (simulated), so the point difference and the upper bound decide.
    gate_worst_drop: float
    gate_least_gain: float
    gate_new_tag_f1: float
    gate_tag_photos: int
    gate_tag_drop: float
    gate_calibration_error: float
    gate_calibration_decisions: int
    gate_speed_ratio: float
    # Resamples of the paired bootstrap; more change the bounds by less than a tenth of a point.
    gate_draws: int

    # --- Serving --------------------------------------------------------------------------
    # How far the outputs of a loaded version may be from those written when it was published:
    # more than the last bits of another processor, less than any change of a weight that matters.
    golden_tolerance: float


COMMUNITY = Policy(
    name="community",
    learnable_photos=20,
    least_validation_groups=3,
    least_test_groups=3,
    validation_share=0.15,
    test_share=0.15,
    class_ceiling=1000,
    approvals_to_curate=1,
    unknown_weight=0.3,
    show_precision=0.90,
    suggest_precision=0.60,
    show_floor=0.5,
    suggest_floor=0.25,
    threshold_answers=10,
    folds=5,
    familiar_anchors=512,
    familiar_quantile=0.05,
    familiar_margin=0.5,
    twin_dhash=10,
    twin_dhash_wide=60,
    twin_cosine=0.85,
    gate_worst_drop=0.005,
    gate_least_gain=0.003,
    gate_new_tag_f1=0.5,
    gate_tag_photos=50,
    gate_tag_drop=0.10,
    gate_calibration_error=0.05,
    gate_calibration_decisions=1000,
    gate_speed_ratio=1.1,
    gate_draws=400,
    golden_tolerance=1e-3,
)


def current_policy() -> Policy:
    """Return the policy in force. `community` is the only preset so far."""
    return COMMUNITY

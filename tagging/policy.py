"""Every number that decides what is learnt, judged, shown and believed, with its source.

Pure: nothing here knows of Django, so that learning code and services read the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


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
    # So many different people have to have photos of a tag, and no one may bring more than these
    # shares of a tag's photos and of the whole set: otherwise one person would teach everybody.
    learnable_uploaders: int
    most_of_tag: float
    most_of_set: float
    # Whether all photos of one uploader stand on one side of the split, as their near-duplicates
    # do: people photograph the same garden again and again.
    splits_by_uploader: bool
    # Whether only what a moderator looked at may judge: a crowd that voted its way into the test
    # side would mark its own work.
    judges_double_checked_only: bool

    # --- Votes ----------------------------------------------------------------------------
    # Whether strangers' votes are weighed and have to agree, or the owner's word and a margin of
    # two people do (see `tagging.states`).
    weighs_votes: bool
    # A tag is decided by no fewer independent people (iNaturalist asks for two; three, because
    # here an account costs nothing).
    least_voters: int
    # iNaturalist: the weighted share of those who say the same has to be strictly above this.
    agreement: float
    # Time for others to look before a burst of new accounts can decide anything.
    vote_age_hours: int
    # Of a stranger's vote; on a public site the owner has a stake in the answer.
    owner_weight: float
    # People who were seen on one network or device within so many hours count once.
    shared_hours: int
    # How long it is remembered where accounts met. A vote that is older was settled long ago,
    # and nobody should be followed for longer than it serves.
    sightings_kept_days: int
    # Without agreement after so many votes a moderator is asked; 0 is never.
    escalation_votes: int
    # Whether moderators may decide about their own photos.
    decides_own_photos: bool

    # --- Reputation -----------------------------------------------------------------------
    # Answers to photos that moderators have checked, before a person's votes weigh anything. After
    # ten perfect ones a vote weighs a half, after forty four fifths (see `tagging.reputation`).
    golds_before_weight: int
    # (answers to gold tasks so far, share of gold tasks from then on), as in Zooniverse.
    gold_shares: tuple[tuple[int, float], ...]

    # --- Review queue ---------------------------------------------------------------------
    # Shares of what is asked: near the threshold, unlike what was asked before, suspected
    # mistakes, and a uniform draw that measures the live version (Zooniverse shows a fifth).
    mix_uncertain: float
    mix_diverse: float
    mix_suspect: float
    mix_blind: float

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
    # lenient. So many photos are remembered.
    familiar_anchors: int
    # The floor is this quantile of how near learnt photos are to each other, lowered by the margin
    # times its distance from the median.
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
    # What the cosine has to reach just above `twin_dhash`; from there to `twin_dhash_wide` it
    # rises to `twin_cosine`. Small recompressed textures differ in 11 to 50 bits and fall to
    # cosine 0.5 (benchmarks/reproducibility.py), where unrelated pictures are either further
    # apart or plain sky: a twin that is missed lets learning leak into judging, one too many costs
    # a photo its independence.
    twin_cosine_near: float

    # --- Gate -----------------------------------------------------------------------------
    # Shares of draws below are those of docs/operating-curve.md (benchmarks/operating_curve.py).
    # A strict lower bound would promote a true gain of two points 22 times in a hundred on 150
    # test photos and 50 times on 350, so there the point difference and the upper bound decide:
    # 92 and 97 times. A true loss of two points then goes live 4 times on 150 photos, of three
    # points once, on 350 never.
    # An equally good network with a new tag passes 52 times on 150 photos, 58 on 350 and 90 on
    # 3,000: two answers fewer can refuse it. Twice the drop would let it pass 70 times on 150, but
    # a loss of two points twice as often (15 times instead of 8), so half a point it is; the next
    # run asks again, and a moderator may promote what was refused. The candidate may be worse by
    # this share at most, in macro-F1 and in average precision.
    gate_worst_drop: float
    # A swap has to bring something: one of them better by this much. On few photos chance alone
    # gives an equal network as much (48 times on 150, without any new tag); on 3,000 10 times,
    gate_least_gain: float
    # or a tag that is new and reaches this F1.
    gate_new_tag_f1: float
    # No tag with so many test photos may lose more F1 than this; below, one photo weighs too much.
    gate_tag_photos: int
    gate_tag_drop: float
    # Expected calibration error at most, once so many decisions make it worth computing.
    gate_calibration_error: float
    gate_calibration_decisions: int
    # Times the live backbone's time per photo.
    gate_speed_ratio: float
    # From so many test photos on the lower bound of the difference has to be above
    # `-gate_worst_drop`; below it a moderator decides with the figures. 0: it never binds, and
    # the point difference and the upper bound decide alone. On 3,000 photos it promotes a gain of
    # one point 98 times in a hundred and a loss of half a point twice; on 1,000 photos 60 times.
    gate_lower_bound_photos: int
    # Resamples of the paired bootstrap; more change the bounds by less than a tenth of a point.
    gate_draws: int

    # --- Watch ----------------------------------------------------------------------------
    # The live version goes when its acceptance on the blind slice has fallen by so much, with so
    # many answers on either side.
    rollback_drop: float
    rollback_answers: int
    # Of one person no more blind answers are heard about a version than these, in proportion of yes
    # and no: with a fifth of `rollback_answers` it takes five people to bring a version down. 0:
    # everybody is heard out.
    blind_answers_each: int
    # Population stability index of a week's scores: 0.1 and 0.2 are the customary steps.
    drift_warning: float
    drift_alert: float
    # Files of so many published versions are kept, and of those that are live or needed below it.
    versions_kept: int
    # With anything new at all, a run is worth it after so many days.
    retrain_after_days: int

    # --- Fine-tuning ----------------------------------------------------------------------
    # By itself the network is taught only with so many photos to learn from: with the 15 % that
    # judge, 500 leave some 90 to tell when to stop, where one answer is already more than a point.
    # Chosen, not measured; whoever asks gets it with fewer.
    tuning_photos: int
    # And only with this share more of them than the last time: a tenth more photos seldom shows in
    # a figure, and the head learns them every night anyway.
    tuning_growth: float
    # What a killed fine-tuning left holds copies of photos. After so many days nobody goes on.
    tuning_kept_days: int

    # --- Serving --------------------------------------------------------------------------
    # iNaturalist names the common ancestor of its guesses from this summed score on; so does a
    # parent that the head has not learnt when none of its children is certain enough.
    roll_up_show: float
    # How far the outputs of a loaded version may be from those written when it was published:
    # more than the last bits of another processor, less than any change of a weight that matters.
    golden_tolerance: float


_GOLD_SHARES = ((0, 0.40), (10, 0.30), (25, 0.20), (50, 0.10))

COMMUNITY = Policy(
    name="community",
    learnable_photos=20,
    least_validation_groups=3,
    least_test_groups=3,
    validation_share=0.15,
    test_share=0.15,
    class_ceiling=1000,
    learnable_uploaders=1,
    most_of_tag=1.0,
    most_of_set=1.0,
    splits_by_uploader=False,
    judges_double_checked_only=False,
    weighs_votes=False,
    least_voters=1,
    agreement=0.5,
    vote_age_hours=0,
    owner_weight=1.0,
    shared_hours=0,
    sightings_kept_days=90,
    escalation_votes=0,
    decides_own_photos=True,
    golds_before_weight=0,
    gold_shares=_GOLD_SHARES,
    mix_uncertain=0.4,
    mix_diverse=0.2,
    mix_suspect=0.2,
    mix_blind=0.2,
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
    twin_cosine_near=0.30,
    gate_worst_drop=0.005,
    gate_least_gain=0.003,
    gate_new_tag_f1=0.5,
    gate_tag_photos=50,
    gate_tag_drop=0.10,
    gate_calibration_error=0.05,
    gate_calibration_decisions=1000,
    gate_speed_ratio=1.1,
    gate_lower_bound_photos=0,
    gate_draws=400,
    rollback_drop=0.05,
    rollback_answers=200,
    blind_answers_each=0,
    drift_warning=0.1,
    drift_alert=0.2,
    versions_kept=5,
    retrain_after_days=7,
    tuning_photos=500,
    tuning_growth=0.20,
    tuning_kept_days=7,
    roll_up_show=0.78,
    golden_tolerance=1e-3,
)

PUBLIC = replace(
    COMMUNITY,
    name="public",
    learnable_photos=100,
    learnable_uploaders=10,
    most_of_tag=0.20,
    most_of_set=0.05,
    splits_by_uploader=True,
    judges_double_checked_only=True,
    weighs_votes=True,
    least_voters=3,
    agreement=2 / 3,
    vote_age_hours=48,
    owner_weight=0.5,
    shared_hours=24,
    escalation_votes=10,
    decides_own_photos=False,
    golds_before_weight=10,
    gate_lower_bound_photos=3000,
    blind_answers_each=40,
)

PRESETS = {preset.name: preset for preset in (COMMUNITY, PUBLIC)}

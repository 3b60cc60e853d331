"""What the review page may ask, computed from stored embeddings: the maths, and the job."""

from __future__ import annotations

import numpy as np
import pytest
from django.db import IntegrityError
from django_q.models import OrmQ
from pytest_django import Settings

from gallery.models import Image, User
from tagging.familiarity import Familiarity, unit_vectors
from tagging.head import Head
from tagging.models import ImageTag, ModelVersion, Promotion, ReviewCandidate, Tag
from tagging.services.curation import reject_tags
from tagging.services.suggestions import retag_library
from tagging.services.vocabulary import rename_tag
from tests.tagging.cast import make_tag, suggest
from tests.tagging.network_cast import publish
from tests.training.classroom import DIMENSION, add_photo, teach_world, vector_for
from training import review_queue
from training.learning.queue import (
    Nearest,
    deal_out,
    farthest_first,
    nearest_rows,
    suspected_errors,
)
from training.tasks import fill_review_queue

# --- The maths ---------------------------------------------------------------------------------


def test_what_lies_nearest_to_the_threshold_comes_first() -> None:
    scores = np.array([0.1, 0.72, 0.69, 0.95, 0.7, 0.71], dtype=np.float32)
    eligible = np.array([True, True, True, True, False, True])
    assert nearest_rows(scores, 0.7, eligible, 3).tolist() == [2, 5, 1]
    assert nearest_rows(scores, 0.7, ~eligible, 3).tolist() == [4]
    assert nearest_rows(scores, 0.7, np.zeros(6, dtype=np.bool_), 3).tolist() == []


def test_a_stream_keeps_the_nearest_and_never_much_more() -> None:
    nearest = Nearest(3)
    for number in np.random.default_rng(1).permutation(500).tolist():
        nearest.offer(abs(number - 250.2), number)
        assert len(nearest._kept) <= 6
    assert nearest.keys() == [250, 251, 249]


def test_k_centre_takes_one_of_each_kind_before_a_second_of_any() -> None:
    rng = np.random.default_rng(7)
    centres = rng.normal(size=(6, 32))
    kinds = np.repeat(np.arange(6), [50, 40, 30, 5, 3, 2])
    vectors = unit_vectors(centres[kinds] + 0.05 * rng.normal(size=(130, 32)), 32)
    nothing = np.empty((0, 32), dtype=np.float32)
    rows = farthest_first(vectors, nothing, 6)
    assert sorted(kinds[rows].tolist()) == [0, 1, 2, 3, 4, 5]
    # Kinds that people have spoken of already wait.
    known = vectors[kinds < 4]
    assert sorted(kinds[farthest_first(vectors[kinds >= 4], known, 2) + np.array(125)]) == [4, 5]


def test_k_centre_does_not_ask_the_same_picture_twice() -> None:
    vectors = unit_vectors(np.repeat(np.eye(3, 8), 5, axis=0), 8)
    assert len(farthest_first(vectors, np.empty((0, 8), dtype=np.float32), 15)) == 3
    assert farthest_first(np.empty((0, 8), np.float32), vectors, 15) == []


def test_planted_mistakes_are_found_by_confident_learning() -> None:
    rng = np.random.default_rng(3)
    truth = np.arange(240) % 3 == 0
    embeddings = rng.normal(size=(240, 200)) + np.where(truth[:, None], 0.6, -0.6)
    planted = rng.choice(240, 12, replace=False)
    said = truth.copy()
    said[planted] = ~said[planted]
    found = suspected_errors(embeddings.astype(np.float16), said, [str(n) for n in range(240)])
    assert set(planted) <= set(found)
    assert len(found) <= 16
    assert set(found[:8]) <= set(planted)


def test_a_mistake_is_not_excused_by_its_own_near_duplicates() -> None:
    """A wrongly named burst would vouch for itself if its photos were in different folds."""
    rng = np.random.default_rng(4)
    truth = np.arange(120) % 2 == 0
    embeddings = rng.normal(size=(120, 64)) + np.where(truth[:, None], 1.0, -1.0)
    burst = np.flatnonzero(truth)[:8]
    embeddings[burst] = embeddings[burst[0]] + 0.01 * rng.normal(size=(8, 64))
    said = truth.copy()
    said[burst] = False
    groups = ["burst" if row in burst else str(row) for row in range(120)]
    assert set(burst) <= set(suspected_errors(embeddings, said, groups))


@pytest.mark.parametrize("positives", [0, 9, 51, 60])
def test_too_few_answers_of_a_kind_accuse_nobody(positives: int) -> None:
    present = np.arange(60) < positives
    embeddings = np.random.default_rng(5).normal(size=(60, 32))
    assert suspected_errors(embeddings, present, [str(n) for n in range(60)]) == []


def test_questions_are_dealt_out_in_rounds() -> None:
    per_tag = {"common": ["c1", "c2", "c3", "c4"], "rare": ["r1"], "none": []}
    assert deal_out(per_tag, 4) == ["c1", "r1", "c2", "c3"]
    assert deal_out({}, 4) == []


# --- The job -----------------------------------------------------------------------------------

pytestmark = pytest.mark.django_db
TAGS = ("heron", "stork")


def learnt_head(*tags: str, familiar: bool = True) -> Head:
    """Return a head that knows the place of each tag among made-up vectors."""
    places = np.stack([vector_for(tag, 0, noise=0.0).astype(np.float64) for tag in tags], axis=1)
    kernel = places / (places**2).sum(axis=0)
    anchors = unit_vectors(places.T, DIMENSION)
    return Head(
        labels=tags,
        mean=np.zeros(DIMENSION),
        scale=np.ones(DIMENSION),
        kernel=8 * kernel,
        bias=np.full(len(tags), -4.0),
        show=np.full(len(tags), 0.6),
        suggest=np.full(len(tags), 0.3),
        familiarity=Familiarity(anchors, 0.3) if familiar else Familiarity.of_everything(),
    )


def go_live(settings: Settings, head: Head) -> ModelVersion:
    version = publish(settings.EYES_MODELS_STORE, 1, head)
    Promotion.objects.create(version=version)
    return version


def queued(kind: str) -> list[tuple[int, str | None]]:
    """Return the queue of one kind as (photo, tag), the first asked first."""
    rows = ReviewCandidate.objects.filter(kind=kind).order_by("rank", "pk")
    return list(rows.values_list("image_id", "tag__name"))


def between(owner: User, name: str, share: float, **fields: object) -> Image:
    """Return a photo that shows a heron to this degree."""
    vector = share * vector_for("heron", 0, noise=0.0) + 0.1 * vector_for(name, 1)
    return add_photo(owner, name, vector.astype(np.float16), **fields)


def test_before_anything_was_learnt_first_day_suggestions_near_their_threshold_are_asked(
    alice: User,
) -> None:
    sure, near, low = (add_photo(alice, f"photo {number}") for number in range(3))
    for image, score in ((sure, 0.95), (near, 0.36), (low, 0.12)):
        suggest(image, "heron", score)
    suggest(near, "stork", 0.5)
    suggest(add_photo(alice, "private", visibility="private"), "heron", 0.35)
    assert "uncertain" in fill_review_queue()
    assert queued("uncertain") == [
        (near.pk, "heron"), (near.pk, "stork"), (low.pk, "heron"), (sure.pk, "heron"),
    ]  # fmt: skip


def test_uncertain_are_those_nearest_to_the_threshold_of_the_live_head(
    alice: User, mona: User, settings: Settings
) -> None:
    make_tag("heron")
    go_live(settings, learnt_head("heron", familiar=False))
    shares = (0.1, 0.3, 0.52, 0.56, 0.8, 1.0)
    photos = [between(alice, f"photo {share}", share) for share in shares]
    between(alice, "hers alone", 0.55, visibility="private")
    between(alice, "hidden", 0.55, hidden_at="2026-01-01T00:00Z")
    settled = between(alice, "settled", 0.55)
    ImageTag.objects.create(image=settled, tag=make_tag("heron"), state="rejected")
    fill_review_queue()
    asked = [image_id for image_id, _ in queued("uncertain")]
    assert set(asked[:2]) == {photos[2].pk, photos[3].pk}
    assert settled.pk not in asked
    assert len(asked) == len(photos)


def test_a_learnt_tag_is_asked_about_under_its_present_name(
    alice: User, mona: User, settings: Settings
) -> None:
    heron = make_tag("heron")
    go_live(settings, learnt_head("heron", familiar=False))
    photo = between(alice, "photo", 0.55)
    rename_tag(moderator=mona, tag=heron, name="grey heron")
    fill_review_queue()
    assert queued("uncertain") == [(photo.pk, "grey heron")]


def test_what_an_import_or_the_mark_answers_is_not_asked(mona: User, settings: Settings) -> None:
    photos = teach_world(mona, TAGS, each=3)
    go_live(settings, learnt_head(*TAGS))
    fill_review_queue()
    assert queued("uncertain") == []
    assert {image_id for image_id, _ in queued("hard")} == {
        image.pk for some in photos.values() for image in some
    }


def test_planted_mistakes_of_an_import_become_suspects(mona: User, settings: Settings) -> None:
    photos = teach_world(mona, TAGS, each=24, noise=0.6)
    wrong = teach_world(mona, ("stork",), each=2, first=50, noise=0.6)["stork"]
    for image in wrong:
        ImageTag.objects.filter(image=image).update(tag=Tag.objects.get(name="heron"))
    fill_review_queue()
    assert {image_id for image_id, _ in queued("suspect")} == {image.pk for image in wrong}
    assert {name for _, name in queued("suspect")} == {"heron"}
    assert len(photos["heron"]) == 24


def test_diverse_photos_are_silent_ones_of_every_kind(alice: User, settings: Settings) -> None:
    for number in range(30):
        suggest(add_photo(alice, f"common {number}", vector_for("common", number, 0.1)), "reed")
    rare = add_photo(alice, "rare", vector_for("rare", 1))
    suggest(rare, "axolotl", 0.3)
    spoken = add_photo(alice, "spoken", vector_for("spoken", 1))
    suggest(spoken, "pond")
    ImageTag.objects.create(image=spoken, tag=make_tag("lake"), state="pending")
    fill_review_queue()
    diverse = queued("diverse")
    assert (rare.pk, "axolotl") in diverse[:2]
    assert spoken.pk not in {image_id for image_id, _ in diverse}


def test_photos_unlike_anything_are_asked_about_or_named(alice: User, settings: Settings) -> None:
    for tag in TAGS:
        make_tag(tag)
    go_live(settings, learnt_head(*TAGS))
    add_photo(alice, "usual", vector_for("heron", 1))
    guessed = add_photo(alice, "guessed", vector_for("axolotl", 1))
    suggest(guessed, "salamander", 0.4)
    strange = add_photo(alice, "strange", vector_for("nothing", 1))
    spoken = add_photo(alice, "spoken", vector_for("something", 1))
    ImageTag.objects.create(image=spoken, tag=make_tag("lake"), state="pending")
    fill_review_queue()
    assert queued("naming") == [(strange.pk, None)]
    assert queued("diverse")[0] == (guessed.pk, "salamander")


def test_hard_are_curated_photos_with_low_scores_and_rejected_ones_with_high(
    alice: User, mona: User, settings: Settings
) -> None:
    go_live(settings, learnt_head("heron"))
    photos = teach_world(mona, TAGS, each=4)
    odd = add_photo(mona, "odd heron", vector_for("owl", 1), visibility="private")
    like = add_photo(mona, "like a heron", vector_for("heron", 9))
    for image, state in ((odd, "curated"), (like, "rejected")):
        ImageTag.objects.create(image=image, tag=make_tag("heron"), state=state)
    fill_review_queue()
    hard = queued("hard")
    assert {image_id for image_id, _ in hard[:2]} == {odd.pk, like.pk}
    assert len(hard) == len(photos["heron"]) + 2


def test_a_tag_that_was_renamed_since_is_asked_about_and_shown_its_hard_photos(
    alice: User, mona: User, settings: Settings
) -> None:
    go_live(settings, learnt_head("heron", "stork"))
    teach_world(mona, TAGS, each=2)
    between(alice, "perhaps", 0.5)
    rename_tag(moderator=mona, tag=make_tag("heron"), name="grey heron")
    fill_review_queue()
    assert "grey heron" in {name for _, name in queued("uncertain")}
    assert "grey heron" in {name for _, name in queued("hard")}


def test_the_queue_is_replaced_as_a_whole_or_not_at_all(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = add_photo(alice, "photo")
    suggest(image, "heron", 0.4)
    fill_review_queue()
    first = queued("uncertain")
    gone = add_photo(alice, "gone")
    number, tag = gone.pk, make_tag("stork").pk
    gone.delete()
    fill_review_queue()
    assert queued("uncertain") == first
    written = review_queue.replace_candidates(pairs={"diverse": [(number, tag), (image.pk, tag)]})
    assert written == 1
    assert queued("uncertain") == []
    assert queued("diverse") == [(image.pk, "stork")]

    def fail(*_: object, **__: object) -> None:
        raise IntegrityError

    monkeypatch.setattr(ReviewCandidate.objects, "bulk_create", fail)
    with pytest.raises(IntegrityError):
        review_queue.replace_candidates(pairs={"diverse": []})
    assert queued("diverse") == [(image.pk, "stork")]


def test_every_retagging_asks_for_new_questions(alice: User) -> None:
    """The library is empty here, so that no network is needed to re-tag it."""
    retag_library()
    (job,) = OrmQ.objects.all()
    assert job.func() == "training.tasks.fill_review_queue"
    assert job.key == "training"


def test_an_empty_library_gives_an_empty_queue(db: None) -> None:
    assert fill_review_queue().startswith("The review queue holds 0 uncertain, 0 diverse")
    assert not ReviewCandidate.objects.exists()


def test_rejections_by_moderators_can_be_suspects_too(mona: User, settings: Settings) -> None:
    teach_world(mona, TAGS, each=24, noise=0.6)
    wrong = add_photo(mona, "a heron", vector_for("heron", 70, 0.6))
    row = ImageTag.objects.create(image=wrong, tag=make_tag("heron"), state="pending")
    reject_tags(moderator=mona, image_tags=[row])
    fill_review_queue()
    assert queued("suspect") == [(wrong.pk, "heron")]

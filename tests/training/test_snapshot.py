"""From people's decisions to an immutable dataset: what counts, what stays out, what is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gallery.models import Image, User
from tagging.models import Content, ImageTag, Tag, TagState, TwinGroup
from tagging.policy import COMMUNITY
from tagging.services.curation import approve_tags, curate_import, reject_tags
from tagging.services.marks import mark_fully_tagged
from tagging.services.votes import add_tag
from tests.training.classroom import BACKBONE, add_photo, hash_of, teach_world, vector_for
from training.learning.examples import read_manifest
from training.models import DatasetVersion
from training.snapshot import (
    WITHOUT_NEGATIVES,
    NothingToLearn,
    Snapshot,
    images_to_embed,
    load_embeddings,
    store_snapshot,
    take_snapshot,
)

pytestmark = pytest.mark.django_db


def snapshot() -> Snapshot:
    return take_snapshot(COMMUNITY, BACKBONE)


def answer(taken: Snapshot, sha256: str, tag: str) -> int:
    examples = taken.examples
    return int(examples.answers[examples.photos.index(sha256), examples.tags.index(tag)])


def missing() -> dict[str, str]:
    with pytest.raises(NothingToLearn) as told:
        snapshot()
    return told.value.missing


def test_a_closed_world_gives_present_and_absent(alice: User) -> None:
    photos = teach_world(alice, ["cat", "dog"])
    taken = snapshot()
    assert taken.examples.tags == ("cat", "dog")
    assert len(taken.examples.photos) == 48
    assert list(taken.examples.photos) == sorted(taken.examples.photos)
    for tag, other in (("cat", "dog"), ("dog", "cat")):
        for image in photos[tag]:
            assert answer(taken, image.sha256, tag) == 1
            assert answer(taken, image.sha256, other) == -1
    assert set(taken.examples.contests) == {(0, 1)}
    assert taken.missing == {}


def test_a_persons_tag_on_the_pair_lifts_the_negative_of_the_world(alice: User, bob: User) -> None:
    photos = teach_world(alice, ["cat", "dog"])
    both, doubted = photos["cat"][:2]
    curate_import(world_name="other", pairs=[(both.pk, "dog")], actor=alice, curated=True)
    add_tag(person=bob, image=doubted, name="dog", source="page")
    taken = snapshot()
    assert answer(taken, both.sha256, "dog") == 1
    assert answer(taken, doubted.sha256, "dog") == 0


def test_a_photo_taken_out_of_its_own_tag_is_no_longer_sorted(alice: User, mona: User) -> None:
    photos = teach_world(alice, ["cat", "dog"])
    stray = photos["cat"][0]
    reject_tags(moderator=mona, image_tags=ImageTag.objects.filter(image=stray))
    taken = snapshot()
    assert answer(taken, stray.sha256, "cat") == -1
    assert answer(taken, stray.sha256, "dog") == 0
    assert taken.examples.contests[taken.examples.photos.index(stray.sha256)] == ()


def test_absent_tags_outside_a_world_are_unknown(alice: User, mona: User) -> None:
    teach_world(alice, ["cat", "dog"])
    teach_world(alice, ["oak", "elm"], world="trees")
    taken = snapshot()
    oak = taken.examples.photos.index(hash_of("oak 0"))
    assert taken.examples.answers[oak].tolist() == [0, 0, -1, 1]


def test_only_photos_that_are_offered_and_not_hidden_teach(alice: User) -> None:
    photos = teach_world(alice, ["cat", "dog"])
    withheld, hidden, private = photos["cat"][:3]
    type(withheld).objects.filter(pk=withheld.pk).update(teaches=False)
    type(hidden).objects.filter(pk=hidden.pk).update(hidden_at="2026-01-01T00:00Z")
    type(private).objects.filter(pk=private.pk).update(visibility="private")
    kept = snapshot().examples.photos
    assert withheld.sha256 not in kept
    assert hidden.sha256 not in kept
    assert private.sha256 in kept
    assert withheld.pk not in images_to_embed(COMMUNITY)


def test_a_photo_between_two_sides_stays_out(alice: User) -> None:
    photos = teach_world(alice, ["cat", "dog"])
    Content.objects.filter(sha256=photos["dog"][0].sha256).update(straddles=True)
    assert photos["dog"][0].sha256 not in snapshot().examples.photos


def test_a_photo_without_an_embedding_stays_out_until_it_has_one(alice: User) -> None:
    photos = teach_world(alice, ["cat", "dog"])
    late = add_photo(alice, "late")
    curate_import(world_name="world", pairs=[(late.pk, "cat")], actor=alice, curated=True)
    assert late.pk in images_to_embed(COMMUNITY)
    assert len(snapshot().examples.photos) == sum(map(len, photos.values()))


def test_the_same_bytes_are_one_row_and_a_contradiction_is_unknown(
    alice: User, bob: User, mona: User
) -> None:
    photos = teach_world(alice, ["cat", "dog"])
    same, disputed = photos["cat"][:2]
    mine = add_photo(bob, "cat 0")
    yours = add_photo(bob, "cat 1")
    assert (mine.sha256, yours.sha256) == (same.sha256, disputed.sha256)
    curate_import(world_name="bob", pairs=[(mine.pk, "cat")], actor=bob, curated=True)
    rejected = add_tag(person=bob, image=yours, name="cat", source="page")
    reject_tags(moderator=mona, image_tags=[rejected])
    taken = snapshot()
    assert len(taken.examples.photos) == 48
    assert answer(taken, same.sha256, "cat") == 1
    assert answer(taken, disputed.sha256, "cat") == 0
    assert answer(taken, disputed.sha256, "dog") == -1


def test_too_few_photos_are_told_with_their_number(alice: User) -> None:
    teach_world(alice, ["heron", "duck"], each=14)
    assert missing() == {"duck": "14 of 20 curated photos", "heron": "14 of 20 curated photos"}


def test_an_empty_site_has_nothing_to_learn() -> None:
    assert missing() == {}


def test_a_small_tag_waits_beside_a_learnable_world(alice: User) -> None:
    teach_world(alice, ["cat", "dog"])
    teach_world(alice, ["heron"], each=3, world="birds")
    taken = snapshot()
    assert taken.examples.tags == ("cat", "dog")
    assert taken.missing == {"heron": "3 of 20 curated photos"}


def test_near_duplicates_do_not_count_as_distinct_photos(alice: User) -> None:
    photos = teach_world(alice, ["cat", "dog"])
    group = TwinGroup.objects.create()
    twins = [image.sha256 for image in photos["dog"][:20]]
    Content.objects.filter(sha256__in=twins).update(group=group)
    taken = snapshot()
    assert taken.examples.tags == ("cat",)
    assert taken.missing == {"dog": "needs 2 more distinct photos to judge it on"}


def test_a_tag_nobody_ever_denied_cannot_be_judged(alice: User) -> None:
    teach_world(alice, ["sunset"])
    assert missing() == {"sunset": WITHOUT_NEGATIVES}


def test_a_few_rejections_make_it_learnable(alice: User, mona: User) -> None:
    teach_world(alice, ["sunset"])
    for number in range(3):
        other = add_photo(alice, f"other {number}", vector_for("other", number))
        row = add_tag(person=alice, image=other, name="sunset", source="page")
        reject_tags(moderator=mona, image_tags=[row])
    taken = snapshot()
    assert taken.examples.tags == ("sunset",)
    assert taken.examples.count(-1, "test") == {"sunset": 1}


def add_photos(owner: User, name: str, count: int = 24) -> list[Image]:
    return [add_photo(owner, f"{name} {n}", vector_for(name, n)) for n in range(1, count + 1)]


def test_fully_tagged_photos_make_a_tag_learnable_without_any_import(
    alice: User, mona: User
) -> None:
    herons, others = add_photos(alice, "heron"), add_photos(alice, "street")
    rows = [add_tag(person=alice, image=image, name="heron", source="page") for image in herons]
    approve_tags(moderator=mona, image_tags=rows)
    assert missing() == {"heron": WITHOUT_NEGATIVES}
    mark_fully_tagged(moderator=mona, image_ids=[image.pk for image in others])
    taken = snapshot()
    assert taken.examples.tags == ("heron",)
    assert taken.examples.count(1) == {"heron": 24}
    assert taken.examples.count(-1) == {"heron": 24}
    assert answer(taken, others[0].sha256, "heron") == -1


def test_a_mark_says_nothing_of_kin_of_doubts_and_of_words_coined_later(
    alice: User, bob: User, mona: User
) -> None:
    teach_world(alice, ["cat", "dog"])
    kin, doubted, plain = add_photos(alice, "street", 3)
    add_tag(person=alice, image=kin, name="pug", source="page")
    add_tag(person=bob, image=doubted, name="cat", source="page")
    mark_fully_tagged(moderator=mona, image_ids=[kin.pk, doubted.pk, plain.pk])
    teach_world(alice, ["oak", "elm"], world="trees")
    taken = snapshot()
    assert taken.examples.tags == ("cat", "dog", "elm", "oak")
    rows = [taken.examples.photos.index(image.sha256) for image in (kin, doubted, plain)]
    assert taken.examples.answers[rows].tolist() == [
        [-1, 0, 0, 0],
        [0, -1, 0, 0],
        [-1, -1, 0, 0],
    ]


@pytest.mark.parametrize("field", ["is_blocked", "never_show"])
def test_words_that_no_machine_may_say_are_not_taught(alice: User, field: str) -> None:
    teach_world(alice, ["cat", "dog", "elf"])
    Tag.objects.filter(name="elf").update(**{field: True})
    assert snapshot().examples.tags == ("cat", "dog")
    assert "elf" not in snapshot().missing


def test_pending_and_confirmed_tags_do_not_teach(alice: User) -> None:
    teach_world(alice, ["cat", "dog"])
    ImageTag.objects.filter(tag__name="dog").update(state=TagState.CONFIRMED)
    assert "dog" not in missing()


def test_a_tag_brings_no_more_photos_than_its_ceiling(alice: User) -> None:
    teach_world(alice, ["cat", "dog"], each=30)
    few = replace(COMMUNITY, class_ceiling=22)
    counts = take_snapshot(few, BACKBONE).examples.count(1)
    assert counts == {"cat": 22, "dog": 22}


def test_sides_are_written_once_and_kept(alice: User) -> None:
    teach_world(alice, ["cat", "dog"])
    first, dataset = store_snapshot(COMMUNITY, BACKBONE)
    written = dict(Content.objects.values_list("sha256", "group__side"))
    assert written == dict(zip(first.examples.photos, first.examples.sides, strict=True))
    again, same = store_snapshot(COMMUNITY, BACKBONE)
    assert same == dataset
    assert again.manifest == first.manifest
    teach_world(alice, ["cat", "dog"], each=60, first=100)
    later, other = store_snapshot(COMMUNITY, BACKBONE)
    assert other != dataset
    now = dict(zip(later.examples.photos, later.examples.sides, strict=True))
    assert {sha256: now[sha256] for sha256 in written} == written


def test_looking_without_storing_leaves_no_trace(alice: User) -> None:
    teach_world(alice, ["cat", "dog"])
    snapshot()
    assert not DatasetVersion.objects.exists()
    assert not TwinGroup.objects.exclude(side="").exists()


def test_the_manifest_can_be_read_back_and_holds_no_ids_or_times(alice: User) -> None:
    teach_world(alice, ["cat", "dog"])
    taken, dataset = store_snapshot(COMMUNITY, BACKBONE)
    back = read_manifest(bytes(dataset.manifest))
    assert np.array_equal(back.answers, taken.examples.answers)
    assert back.sides == taken.examples.sides
    assert back.contests == taken.examples.contests
    assert dataset.photos == 48
    assert dataset.tags == ["cat", "dog"]


@pytest.mark.parametrize("damage", [lambda b: b[:40], lambda b: b"no", lambda b: b[:-9] + b"x" * 9])
def test_a_damaged_manifest_is_refused(alice: User, damage: object) -> None:
    teach_world(alice, ["cat", "dog"])
    with pytest.raises(ValueError, match="manifest is damaged"):
        read_manifest(damage(snapshot().manifest.packed))  # type: ignore[operator]


def test_embeddings_come_in_the_order_of_the_photos(alice: User) -> None:
    teach_world(alice, ["cat", "dog"])
    photos = snapshot().examples.photos
    vectors = load_embeddings(photos, BACKBONE)
    assert vectors.dtype == np.float16
    row = photos.index(hash_of("dog 3"))
    assert np.array_equal(vectors[row], vector_for("dog", 3))
    with pytest.raises(LookupError, match="1 photos have no embedding"):
        load_embeddings([*photos, "0" * 64], BACKBONE)

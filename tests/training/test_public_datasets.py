"""On a public site nobody teaches everybody, nobody judges alone, and a flood runs dry."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_django import Settings

from gallery.models import Image, User
from tagging.models import Content, Embedding, ImageTag, TagState, TwinGroup
from tagging.policy import PUBLIC
from tagging.services.curation import curate_import
from tagging.services.tags import find_or_create_tag
from tests.training.classroom import BACKBONE, add_photo, hash_of, vector_for
from training.learning.examples import TEST, read_manifest
from training.options import RetrainOptions
from training.runner import carry_out
from training.services import begin_run
from training.snapshot import NothingToLearn, Snapshot, store_snapshot, take_snapshot

pytestmark = pytest.mark.django_db

TAGS = ("heron", "lamp")


def make_people(count: int, first: int = 0) -> list[User]:
    return [User.objects.create(username=f"person {n}") for n in range(first, first + count)]


def teach(people: list[User], each: int = 5, tags: tuple[str, ...] = TAGS, first: int = 0) -> None:
    """Let every person bring so many photos of each tag, sorted in one closed world."""
    pairs = [
        (add_photo(person, name, vector_for(tag, int(hash_of(name)[:6], 16))).pk, tag)
        for person in people
        for tag in tags
        for name in (f"{tag} {number} of {person}" for number in range(first, first + each))
    ]
    curate_import(world_name="everybody", pairs=pairs, actor=people[0], curated=True)


def flood(person: User, tag: str, count: int) -> None:
    """Let one person bring very many curated photos of a tag, in a few statements."""
    names = [f"{tag} flood {number}" for number in range(count)]
    fields = {"file_format": "jpeg", "width": 96, "height": 64, "byte_size": 1000}
    hashes = [hash_of(name) for name in names]
    images = Image.objects.bulk_create(
        [Image(owner=person, sha256=each, dhash=each, **fields) for each in hashes]
    )
    groups = TwinGroup.objects.bulk_create([TwinGroup() for _ in hashes])
    contents = Content.objects.bulk_create(
        [
            Content(sha256=each, dhash=each, group=group)
            for each, group in zip(hashes, groups, strict=True)
        ]
    )
    vector = vector_for(tag, 0).astype("<f2").tobytes()
    Embedding.objects.bulk_create(
        [Embedding(content=each, backbone=BACKBONE, vector=vector) for each in contents],
        batch_size=500,
    )
    row = {"tag": find_or_create_tag(name=tag), "state": TagState.CURATED}
    ImageTag.objects.bulk_create(
        [ImageTag(image=image, is_double_checked=True, **row) for image in images]
    )


def snapshot() -> Snapshot:
    return take_snapshot(PUBLIC, BACKBONE)


def missing() -> dict[str, str]:
    with pytest.raises(NothingToLearn) as told:
        snapshot()
    return told.value.missing


def owners_of(taken: Snapshot) -> list[str]:
    owners = dict(Image.objects.order_by("-pk").values_list("sha256", "owner__username"))
    return [owners[sha256] for sha256 in taken.examples.photos]


def sides_by_owner(taken: Snapshot) -> dict[str, set[str]]:
    sides: dict[str, set[str]] = defaultdict(set)
    for owner, side in zip(owners_of(taken), taken.examples.sides, strict=True):
        sides[owner].add(side)
    return sides


def test_all_photos_of_one_person_stand_on_one_side() -> None:
    teach(make_people(30))
    taken = snapshot()
    assert taken.examples.tags == TAGS
    sides = sides_by_owner(taken)
    assert all(len(each) == 1 for each in sides.values())
    counts = Counter(side for each in sides.values() for side in each)
    assert counts == {"train": 21, "validation": 4, "test": 5}


def test_the_folds_keep_people_together_too() -> None:
    teach(make_people(30))
    taken = snapshot()
    owners = owners_of(taken)
    assert len(set(zip(owners, taken.examples.groups, strict=True))) == 30
    assert len(set(taken.examples.groups)) == 30


def test_too_few_photos_and_people_are_told_in_numbers() -> None:
    teach(make_people(4), each=16, tags=("heron",))
    assert missing() == {"heron": "64 of 100 curated photos, from 4 of 10 people"}
    teach(make_people(2, first=10), each=30, tags=("heron",))
    assert missing() == {"heron": "from 6 of 10 people"}


def test_a_set_of_too_few_people_is_told_so() -> None:
    teach(make_people(12), each=10)
    why = "needs photos of 20 people in the whole set, which has those of 12"
    assert missing() == {"heron": why, "lamp": why}


def test_an_account_that_floods_a_tag_brings_its_share_and_no_more() -> None:
    teach(make_people(30))
    greedy = User.objects.create(username="greedy")
    flood(greedy, "heron", 10_000)
    taken = snapshot()
    kept = Counter(owners_of(taken))
    assert kept.pop("greedy") == 15  # below a twentieth of 315
    assert set(kept.values()) == {10}
    assert taken.manifest == snapshot().manifest


def test_a_flood_does_not_fill_the_ceiling_of_a_tag() -> None:
    teach(make_people(30))
    flood(User.objects.create(username="greedy"), "heron", 1000)
    low = replace(PUBLIC, class_ceiling=120)
    taken = take_snapshot(low, BACKBONE)
    assert 110 < taken.examples.count(1)["heron"] <= 120
    kept = Counter(owners_of(taken))
    assert kept["greedy"] <= 0.05 * kept.total()


def test_a_tag_of_one_busy_person_is_told_why_it_waits() -> None:
    people = make_people(30)
    teach(people, tags=("lamp", "oak"))
    teach(people[:10], each=1, tags=("heron",))
    flood(people[0], "heron", 300)
    taken = snapshot()
    assert taken.examples.tags == ("lamp", "oak")
    assert taken.missing["heron"] == (
        "needs more people: 11 of 100 curated photos, "
        "when nobody brings more than 20% of a tag or 5% of the whole set"
    )


def test_copies_of_a_photo_count_for_whoever_brought_it_first() -> None:
    people = make_people(30)
    teach(people)
    before = snapshot()
    thief = User.objects.create(username="thief")
    stolen = [f"heron 0 of {person}" for person in people]
    copies = [add_photo(thief, name) for name in stolen]
    pairs = [(image.pk, "heron") for image in copies]
    curate_import(world_name="thief", pairs=pairs, actor=thief, curated=True)
    after = snapshot()
    assert after.manifest == before.manifest


def test_near_duplicates_by_others_stay_out_and_chain_nobody_together() -> None:
    people = make_people(30)
    teach(people)
    before = snapshot()
    thief = User.objects.create(username="thief")
    for number, person in enumerate(people):
        image = add_photo(thief, f"altered {number}", vector_for("heron", number))
        original = Content.objects.get(sha256=hash_of(f"heron 0 of {person}"))
        Content.objects.filter(sha256=image.sha256).update(group=original.group)
        curate_import(
            world_name="everybody", pairs=[(image.pk, "heron")], actor=thief, curated=True
        )
    assert snapshot().manifest == before.manifest


def test_newcomers_follow_the_side_their_person_has() -> None:
    people = make_people(30)
    teach(people)
    first, _ = store_snapshot(PUBLIC, BACKBONE)
    teach(people, each=9, first=100)
    teach(make_people(10, first=100), each=9)
    later, _ = store_snapshot(PUBLIC, BACKBONE)
    assert len(later.examples.photos) > 2 * len(first.examples.photos)
    before, after = sides_by_owner(first), sides_by_owner(later)
    assert {owner: after[owner] for owner in before} == before
    assert all(len(each) == 1 for each in after.values())


def test_a_person_on_two_sides_stays_on_that_with_more_photos_and_the_rest_stays_out() -> None:
    people = make_people(30)
    teach(people)
    torn = Image.objects.filter(owner=people[0]).order_by("pk")
    hashes = [image.sha256 for image in torn]
    TwinGroup.objects.filter(contents__sha256__in=hashes[:7]).update(side="train")
    TwinGroup.objects.filter(contents__sha256__in=hashes[7:]).update(side="test")
    taken = snapshot()
    assert sides_by_owner(taken)[people[0].username] == {"train"}
    assert not set(hashes[7:]) & set(taken.examples.photos)
    assert TwinGroup.objects.filter(side="test").count() == len(hashes[7:])


def test_when_the_first_owner_takes_a_photo_back_a_copy_cannot_carry_it_across() -> None:
    people = make_people(30)
    teach(people)
    taken, _ = store_snapshot(PUBLIC, BACKBONE)
    sides = {owner: each.copy().pop() for owner, each in sides_by_owner(taken).items()}
    giver = next(person for person in people if sides[person.username] == "train")
    judge = next(person for person in people if sides[person.username] == "test")
    name = f"heron 0 of {giver}"
    copy = add_photo(judge, name)
    curate_import(world_name="everybody", pairs=[(copy.pk, "heron")], actor=judge, curated=True)
    Image.objects.get(owner=giver, sha256=hash_of(name)).delete()
    later = snapshot()
    assert hash_of(name) not in later.examples.photos
    assert sides_by_owner(later)[judge.username] == {"test"}


def test_a_photo_that_was_not_offered_is_not_taught_through_a_copy() -> None:
    people = make_people(30)
    teach(people)
    name = f"heron 0 of {people[0]}"
    copy = add_photo(people[1], name)
    curate_import(world_name="everybody", pairs=[(copy.pk, "heron")], actor=people[1], curated=True)
    Image.objects.filter(owner=people[0], sha256=hash_of(name)).update(teaches=False)
    assert hash_of(name) not in snapshot().examples.photos


def test_only_what_moderators_checked_judges() -> None:
    people = make_people(30)
    teach(people)
    taken, _ = store_snapshot(PUBLIC, BACKBONE)
    judged = [
        sha256
        for sha256, side in zip(taken.examples.photos, taken.examples.sides, strict=True)
        if side == TEST
    ]
    unchecked = Image.objects.filter(sha256__in=judged, image_tags__tag__name="heron").order_by(
        "sha256"
    )[:3]
    rows = ImageTag.objects.filter(image__in=list(unchecked))
    assert rows.update(is_double_checked=False) == 3
    later = snapshot()
    assert set(taken.examples.photos) - set(later.examples.photos) == {
        image.sha256 for image in unchecked
    }


def test_unchecked_answers_still_teach() -> None:
    people = make_people(30)
    teach(people)
    ImageTag.objects.filter(image__owner__in=people[10:]).update(is_double_checked=False)
    taken = snapshot()
    assert len(taken.examples.photos) == 300
    sides = sides_by_owner(taken)
    assert {side for person in people[10:] for side in sides[person.username]} == {"train"}
    assert taken.examples.count(1, TEST)["heron"] == 15


def test_a_tag_without_checked_photos_cannot_be_judged() -> None:
    teach(make_people(30))
    ImageTag.objects.filter(tag__name="heron").update(is_double_checked=False)
    assert missing()["heron"] == (
        "needs 3 more people with photos of it, checked by moderators, to judge it on"
    )


def test_the_operators_import_is_one_person() -> None:
    teach(make_people(30))
    before = len(snapshot().examples.photos)
    operator = User.objects.create(username="operator")
    teach([operator], each=200)
    kept = Counter(owners_of(snapshot()))
    assert kept["operator"] == 15
    assert kept.total() == before + 15


@pytest.mark.network
@pytest.mark.django_db(transaction=True)
def test_a_public_site_retrains_from_photos_to_a_judged_version(
    settings: Settings, network_store: Path
) -> None:
    settings.EYES_POLICY = "public"
    teach(make_people(30))
    wishes = RetrainOptions()
    run = begin_run(backbone=BACKBONE, options=wishes.as_json())
    report = carry_out(run, wishes)
    assert report.version == 1, report.reason
    assert report.tags == TAGS
    run.refresh_from_db()
    assert run.dataset is not None
    examples = read_manifest(bytes(run.dataset.manifest))
    assert set(examples.sides) == {"train", "validation", "test"}
    assert len(set(examples.groups)) == 30

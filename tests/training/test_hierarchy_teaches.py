"""A curated pug is a dog, what is no dog is no pug, and nothing follows the other way."""

from __future__ import annotations

import pytest

from gallery.models import Image, User
from tagging.models import ImageTag, Tag
from tagging.policy import COMMUNITY
from tagging.services.curation import approve_tags, reject_tags
from tagging.services.marks import mark_fully_tagged
from tagging.services.tags import find_or_create_tag
from tagging.services.votes import add_tag
from tests.training.classroom import BACKBONE, add_photo, teach_world, vector_for
from training.decisions import Decisions, read_decisions
from training.snapshot import NothingToLearn, learnable_candidates, take_snapshot

pytestmark = pytest.mark.django_db

NAMES = ["wren", "bird", "creature", "lamp"]


@pytest.fixture(autouse=True)
def family(db: None) -> None:
    """A wren is a bird and a bird is a creature; a lamp is neither."""
    put_above("bird", "wren")
    put_above("creature", "bird")
    find_or_create_tag(name="lamp")


def put_above(parent: str, *children: str) -> None:
    for name in children:
        child = find_or_create_tag(name=name)
        child.parents.add(find_or_create_tag(name=parent))
        Tag.objects.filter(pk=child.pk).update(has_own_parents=True)


class Wall:
    """Alice's photos, on which Mona decides."""

    def __init__(self, alice: User, mona: User) -> None:
        self.alice, self.mona, self.count = alice, mona, 0

    def photo(self, owner: User | None = None) -> Image:
        self.count += 1
        return add_photo(owner or self.alice, f"wall {self.count}", vector_for("wall", self.count))

    def approve(self, image: Image, *names: str) -> Image:
        rows = [add_tag(person=self.alice, image=image, name=name) for name in names]
        approve_tags(moderator=self.mona, image_tags=rows)
        return image

    def reject(self, image: Image, *names: str) -> Image:
        rows = [add_tag(person=self.alice, image=image, name=name) for name in names]
        reject_tags(moderator=self.mona, image_tags=rows)
        return image


@pytest.fixture
def wall(alice: User, mona: User) -> Wall:
    return Wall(alice, mona)


def answers(image: Image, names: list[str] = NAMES) -> dict[str, int]:
    """Return the answers that are known of this photo."""
    told = read_decisions(names)
    row = told.photos.index(image.sha256)
    pairs = zip(told.tags, told.answers[row].tolist(), strict=True)
    return {tag: answer for tag, answer in pairs if answer}


def test_a_curated_child_makes_everything_above_it_true(wall: Wall) -> None:
    image = wall.approve(wall.photo(), "wren")
    assert answers(image) == {"wren": 1, "bird": 1, "creature": 1}


def test_a_rejected_parent_makes_everything_below_it_false(wall: Wall) -> None:
    image = wall.reject(wall.photo(), "creature")
    assert answers(image) == {"wren": -1, "bird": -1, "creature": -1}


def test_a_rejected_child_says_nothing_of_its_parent(wall: Wall) -> None:
    assert answers(wall.reject(wall.photo(), "wren")) == {"wren": -1}


def test_a_curated_parent_says_nothing_of_its_children(wall: Wall) -> None:
    assert answers(wall.approve(wall.photo(), "bird")) == {"bird": 1, "creature": 1}


def test_it_follows_also_where_only_the_parent_is_asked_about(wall: Wall) -> None:
    image, other = wall.approve(wall.photo(), "wren"), wall.reject(wall.photo(), "bird")
    assert answers(image, ["creature"]) == {"creature": 1}
    assert answers(other, ["wren"]) == {"wren": -1}


def test_a_rejected_parent_and_a_curated_child_leave_both_unknown(wall: Wall) -> None:
    image = wall.reject(wall.approve(wall.photo(), "wren"), "bird")
    assert answers(image) == {}


def test_what_is_disputed_implies_nothing_but_the_rest_still_does(wall: Wall) -> None:
    put_above("bird", "robin", "tern")
    image = wall.reject(wall.approve(wall.photo(), "wren"), "bird", "robin")
    assert answers(image, [*NAMES, "robin", "tern"]) == {"robin": -1}


def test_the_dispute_is_seen_across_uploads_of_the_same_bytes(wall: Wall, bob: User) -> None:
    image = wall.approve(add_photo(wall.alice, "same", vector_for("same", 0)), "wren")
    wall.reject(add_photo(bob, "same"), "bird")
    assert answers(image) == {}


def test_a_tag_nobody_approved_keeps_its_children_of_being_taken_for_absent(
    wall: Wall, bob: User
) -> None:
    image = wall.photo()
    add_tag(person=bob, image=image, name="wren")
    assert answers(wall.reject(image, "creature")) == {"bird": -1, "creature": -1}


def test_a_blocked_child_and_a_name_for_another_tag_say_nothing(wall: Wall) -> None:
    blocked = wall.approve(wall.photo(), "wren", "lamp")
    Tag.objects.filter(name="wren").update(is_blocked=True)
    assert answers(blocked) == {"lamp": 1}
    Tag.objects.filter(name="wren").update(is_blocked=False, alias_of=Tag.objects.get(name="lamp"))
    assert answers(blocked) == {"lamp": 1}


def test_a_word_only_people_may_use_still_tells_of_its_parent(wall: Wall) -> None:
    image = wall.approve(wall.photo(), "wren")
    Tag.objects.filter(name="wren").update(never_show=True)
    assert answers(image, ["bird"]) == {"bird": 1}


def test_the_folder_of_a_child_is_no_negative_for_the_folder_of_its_parent(alice: User) -> None:
    photos = teach_world(alice, ["wren", "bird", "lamp"], each=2)
    assert answers(photos["wren"][0]) == {"wren": 1, "bird": 1, "creature": 1, "lamp": -1}
    assert answers(photos["bird"][0]) == {"bird": 1, "creature": 1, "lamp": -1}
    assert answers(photos["lamp"][0]) == {"lamp": 1, "bird": -1, "wren": -1}


def test_what_a_world_denies_its_children_are_denied_too(alice: User) -> None:
    photos = teach_world(alice, ["bird", "lamp"], each=2)
    assert answers(photos["lamp"][0]) == {"lamp": 1, "bird": -1, "wren": -1}


def test_a_child_that_somebody_saw_lifts_what_the_world_says_of_its_parent(
    alice: User, bob: User
) -> None:
    photos = teach_world(alice, ["bird", "lamp"], each=2)
    add_tag(person=bob, image=photos["lamp"][0], name="wren")
    assert answers(photos["lamp"][0]) == {"lamp": 1}


def test_a_mark_spares_kin_as_moderators_order_them_now(wall: Wall) -> None:
    image = wall.approve(wall.photo(), "bird")
    mark_fully_tagged(moderator=wall.mona, image_ids=[image.pk])
    assert answers(image) == {"bird": 1, "creature": 1, "lamp": -1}
    Tag.objects.get(name="wren").parents.clear()
    assert answers(image) == {"bird": 1, "creature": 1, "lamp": -1, "wren": -1}


def test_photos_of_the_children_count_towards_the_parent(alice: User) -> None:
    put_above("bird", "robin")
    teach_world(alice, ["wren", "robin", "lamp"], each=12)
    names, missing = learnable_candidates(COMMUNITY)
    assert names == ["bird", "creature"]
    assert missing["wren"] == "12 of 20 curated photos"
    with pytest.raises(NothingToLearn, match="No tag can be learnt"):
        take_snapshot(COMMUNITY, BACKBONE)  # nothing is known not to be a bird


def test_a_parent_is_taught_by_its_children_alone(alice: User, mona: User) -> None:
    put_above("bird", "robin")
    teach_world(alice, ["wren", "robin", "lamp"], each=24)
    others = [add_photo(alice, f"street {n}", vector_for("street", n)) for n in range(24)]
    mark_fully_tagged(moderator=mona, image_ids=[image.pk for image in others])
    taken = take_snapshot(COMMUNITY, BACKBONE)
    assert taken.examples.tags == ("bird", "creature", "lamp", "robin", "wren")
    assert taken.examples.count(1)["bird"] == 48
    assert taken.examples.count(-1)["bird"] == 24


def test_a_word_of_the_first_day_above_curated_ones_is_left_to_the_first_days_network(
    alice: User,
) -> None:
    find_or_create_tag(name="animal")
    teach_world(alice, ["cat", "dog"])
    names, missing = learnable_candidates(COMMUNITY)
    assert names == ["cat", "dog"]
    assert "animal" not in missing
    ImageTag.objects.create(
        image=Image.objects.filter(image_tags__tag__name="cat")[0],
        tag=Tag.objects.get(name="animal"),
        state="curated",
    )
    assert learnable_candidates(COMMUNITY)[0] == ["animal", "cat", "dog"]


def test_a_world_speaks_of_a_merged_tag_under_its_present_name(alice: User) -> None:
    photos = teach_world(alice, ["wren", "lamp"], each=2)
    light = find_or_create_tag(name="light")
    old = Tag.objects.filter(name="lamp")
    ImageTag.objects.filter(tag__in=old).update(tag=light)
    old.update(alias_of=light)
    assert answers(photos["wren"][0], ["wren", "light"]) == {"wren": 1, "light": -1}
    assert answers(photos["lamp"][0], ["wren", "light"]) == {"wren": -1, "light": 1}


def test_only_what_a_moderator_checked_is_checked_even_when_it_follows(wall: Wall) -> None:
    seen, checked = wall.approve(wall.photo(), "wren"), wall.approve(wall.photo(), "wren")
    ImageTag.objects.filter(image=seen).update(is_double_checked=False, decided_by=None)

    def vouched(told: Decisions, image: Image) -> list[str]:
        row = told.checked[told.photos.index(image.sha256)]
        return [tag for tag, is_checked in zip(told.tags, row, strict=True) if is_checked]

    told = read_decisions(NAMES)
    assert vouched(told, seen) == []
    assert vouched(told, checked) == ["bird", "creature", "wren"]

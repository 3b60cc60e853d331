"""Words change while people speak: real threads, real transactions."""

from __future__ import annotations

import pytest

from gallery.models import User
from tagging.hierarchy import CycleError
from tagging.models import ImageTag, Tag, Vote
from tagging.services.curation import curate_import, decide_on_pair
from tagging.services.merging import merge_tags
from tagging.services.vocabulary import rename_tag, set_parents
from tagging.services.votes import add_tag, cast_vote
from tagging.services.word_changes import WordRefused
from tagging.services.word_history import undo_change
from tagging.words import current_hierarchy
from tests.tagging.cast import make_image, make_tag
from tests.tagging.test_voting_at_the_same_moment import at_once

PEOPLE = 5


@pytest.fixture
def people(transactional_db: None) -> list[User]:
    return [User.objects.create_user(f"person{number}") for number in range(PEOPLE)]


@pytest.fixture
def mona(transactional_db: None) -> User:
    return User.objects.create_superuser("mona")


def test_votes_decisions_and_imports_during_a_merge_all_end_with_the_tag(
    people: list[User], mona: User
) -> None:
    gray, grey = make_tag("gray heron"), make_tag("grey heron")
    photos = [make_image(person) for person in people]
    for person, photo in zip(people, photos, strict=True):
        cast_vote(person=person, image=photo, tag=gray, value="no")
    fresh = [make_image(person) for person in people]
    deeds = [
        *(
            lambda person=person, photo=photo: cast_vote(
                person=person, image=photo, tag=gray, value="yes"
            )
            for person, photo in zip(people, reversed(photos), strict=True)
        ),
        lambda: merge_tags(moderator=mona, tag=gray, into=grey),
        lambda: add_tag(person=people[0], image=fresh[0], name="gray heron"),
        lambda: cast_vote(person=people[1], image=fresh[1], tag=gray, value="yes"),
        lambda: decide_on_pair(moderator=mona, image=fresh[2], tag=gray, kind="approved"),
        lambda: curate_import(
            world_name="w",
            pairs=[(photo.pk, "gray heron") for photo in reversed(fresh[3:])],
            actor=people[3],
            curated=True,
        ),
    ]
    at_once(deeds)
    assert Tag.objects.get(pk=gray.pk).alias_of == grey
    for table in (Vote, ImageTag):
        assert not table.objects.filter(tag=gray).exists()
    assert ImageTag.objects.filter(tag=grey).count() == 2 * PEOPLE
    assert grey.closed_worlds.count() == 1


def test_merging_and_undoing_while_people_vote_loses_no_vote(
    people: list[User], mona: User
) -> None:
    gray, grey = make_tag("gray heron"), make_tag("grey heron")
    photos = [make_image(person) for person in people]

    def there_and_back() -> None:
        change = merge_tags(moderator=mona, tag=gray, into=grey)
        undo_change(moderator=mona, change=change)

    votes = [
        lambda person=person, photo=photo: cast_vote(
            person=person, image=photo, tag=gray, value="yes"
        )
        for person, photo in zip(people, photos, strict=True)
    ]
    at_once([*votes, there_and_back])
    assert Vote.objects.current().count() == PEOPLE
    assert ImageTag.objects.filter(state="confirmed").count() == PEOPLE
    assert Tag.objects.get(pk=gray.pk).alias_of is None


def test_two_moderators_cannot_close_a_circle_together(mona: User) -> None:
    one, other = make_tag("one"), make_tag("other")
    refused = []

    def put(tag: Tag, below: Tag) -> None:
        try:
            set_parents(moderator=mona, tag=tag, parents=[below])
        except CycleError as error:
            refused.append(error)

    at_once([lambda: put(one, other), lambda: put(other, one)])
    assert len(refused) == 1
    assert current_hierarchy().find_cycle() == ()


def test_two_merges_of_one_tag_and_a_rename_end_in_one_of_them(mona: User) -> None:
    tag, one, other = make_tag("gray"), make_tag("one"), make_tag("other")
    refused = []

    def attempt(deed: object) -> None:
        try:
            deed()  # type: ignore[operator]
        except WordRefused as error:
            refused.append(error)

    at_once(
        [
            lambda: attempt(lambda: merge_tags(moderator=mona, tag=tag, into=one)),
            lambda: attempt(lambda: merge_tags(moderator=mona, tag=tag, into=other)),
            lambda: attempt(lambda: rename_tag(moderator=mona, tag=one, name="uno")),
        ]
    )
    assert len(refused) == 1
    assert Tag.objects.get(pk=tag.pk).alias_of_id in {one.pk, other.pk}

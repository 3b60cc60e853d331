"""Two tags that mean the same become one, and apart again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.models import OrmQ

from gallery.models import Image, User
from tagging.hierarchy import CycleError
from tagging.models import (
    EventKind,
    ImageTag,
    ReviewCandidate,
    ReviewTask,
    Suggestion,
    Tag,
    TagChange,
    TagEvent,
    Vote,
)
from tagging.services.curation import approve_tags, curate_import, reject_tags
from tagging.services.merging import merge_tags, preview_merge
from tagging.services.settling import settle_undecided
from tagging.services.vocabulary import (
    add_alias,
    block_tag,
    remove_alias,
    rename_tag,
    set_parents,
    silence_tag,
)
from tagging.services.votes import add_tag, cast_vote, undo_event
from tagging.services.word_changes import WordRefused
from tagging.services.word_history import undo_change
from tagging.words import current_aliases, current_hierarchy
from tests.tagging.cast import make_image, make_tag, suggest
from training.models import Canary


@pytest.fixture
def gray(db: None) -> Tag:
    """The tag that is merged."""
    return make_tag("gray heron")


@pytest.fixture
def grey(db: None) -> Tag:
    """The tag that it is merged into."""
    return make_tag("grey heron")


def say(person: User, image: Image, tag: Tag, value: str = "yes", hours_ago: int = 0) -> Vote:
    """Return a person's vote, cast some hours ago."""
    cast_vote(person=person, image=image, tag=tag, value=value)
    vote = Vote.objects.current().get(person=person, image=image, tag=tag)
    Vote.objects.filter(pk=vote.pk).update(created_at=timezone.now() - timedelta(hours=hours_ago))
    return vote


def current(tag: Tag, image: Image) -> dict[str, str]:
    """Return who says what of the tag on the photo."""
    votes = Vote.objects.current().filter(tag=tag, image=image)
    return dict(votes.values_list("person__username", "value"))


def state(tag: Tag, image: Image) -> str:
    """Return the state of the tag on the photo, or nothing."""
    row = ImageTag.objects.filter(tag=tag, image=image).first()
    return row.state if row else ""


def everything() -> list[object]:
    """Return every row that merging and undoing may touch, but for what only grows."""
    tables = (Vote, ImageTag, ReviewTask, ReviewCandidate, Canary)
    rows: list[object] = [
        row
        for table in tables
        for row in table.objects.order_by("pk").values()
        if row.pop("changed_at", True)
    ]
    rows += list(TagEvent.objects.exclude(source="merge").order_by("pk").values())
    rows += list(Tag.objects.order_by("pk").values())
    rows += list(
        Tag.parents.through.objects.order_by("from_tag", "to_tag").values_list("from_tag", "to_tag")
    )
    worlds = Tag.closed_worlds.through.objects.order_by("closedworld", "tag")
    return rows + list(worlds.values_list("closedworld", "tag"))


class TestWhatMoves:
    def test_votes_states_and_events_move_and_the_name_stays(
        self, gray: Tag, grey: Tag, alice: User, bob: User, mona: User
    ) -> None:
        mine, theirs = make_image(alice), make_image(bob)
        say(alice, mine, gray)
        say(alice, theirs, gray)
        say(bob, theirs, gray, "no")
        change = merge_tags(moderator=mona, tag=gray, into=grey)
        gray.refresh_from_db()
        assert gray.alias_of == grey
        assert not gray.votes.exists() and not gray.image_tags.exists()
        assert state(grey, mine) == "confirmed"
        assert state(grey, theirs) == "rejected"
        assert grey.events.count() == 3
        assert (change.tag, change.other, change.actor) == (gray, grey, mona)
        assert change.after["photos"] == 2 and change.after["votes"] == 3

    def test_where_one_person_voted_on_both_the_newest_vote_holds(
        self, gray: Tag, grey: Tag, alice: User, bob: User, mona: User
    ) -> None:
        first, second = make_image(bob), make_image(bob)
        older = say(alice, first, gray, "yes", hours_ago=2)
        say(alice, first, grey, "no", hours_ago=1)
        say(alice, second, gray, "unsure", hours_ago=1)
        say(alice, second, grey, "yes", hours_ago=2)
        merge_tags(moderator=mona, tag=gray, into=grey)
        assert current(grey, first) == {"alice": "no"}
        assert state(grey, first) == "rejected"
        assert current(grey, second) == {"alice": "unsure"}
        assert state(grey, second) == "", "nobody says anything any more"
        older.refresh_from_db()
        assert older.replaced_at is not None and older.tag == grey, "kept as history"

    def test_a_tag_without_agreement_that_takes_over_a_decision_asks_nobody_any_more(
        self, gray: Tag, grey: Tag, alice: User, bob: User, mona: User
    ) -> None:
        image = make_image(alice)
        say(bob, image, grey)
        ImageTag.objects.filter(tag=grey).update(is_escalated=True)
        say(bob, image, gray)
        reject_tags(moderator=mona, image_tags=ImageTag.objects.filter(tag=gray))
        merge_tags(moderator=mona, tag=gray, into=grey)
        row = ImageTag.objects.get(image=image)
        assert (row.tag, row.state, row.is_escalated) == (grey, "rejected", False)

    def test_voices_for_either_tag_count_together(
        self, gray: Tag, grey: Tag, alice: User, bob: User, mona: User
    ) -> None:
        photo = make_image(User.objects.create_user("owner"))
        say(alice, photo, gray)
        say(bob, photo, grey)
        assert {state(gray, photo), state(grey, photo)} == {"pending"}
        merge_tags(moderator=mona, tag=gray, into=grey)
        assert state(grey, photo) == "confirmed"

    @pytest.mark.parametrize("decided_on_the_merged_one", [True, False])
    def test_a_moderators_decision_outweighs_the_votes_of_the_other_tag(
        self, gray: Tag, grey: Tag, alice: User, mona: User, decided_on_the_merged_one: bool
    ) -> None:
        photo = make_image(alice)
        decided, voted = (gray, grey) if decided_on_the_merged_one else (grey, gray)
        say(alice, photo, decided, "no")
        approve_tags(moderator=mona, image_tags=ImageTag.objects.filter(tag=decided))
        say(alice, photo, voted, "no")
        merge_tags(moderator=mona, tag=gray, into=grey)
        row = ImageTag.objects.get()
        assert (row.tag, row.state, row.decided_by) == (grey, "curated", mona)
        assert row.is_double_checked

    def test_where_moderators_decided_both_ways_the_photo_is_asked_about_again(
        self, gray: Tag, grey: Tag, alice: User, mona: User
    ) -> None:
        photo, other = make_image(alice), make_image(alice)
        approve_tags(
            moderator=mona,
            image_tags=[add_tag(person=alice, image=one, name=gray.name) for one in (photo, other)],
        )
        reject_tags(moderator=mona, image_tags=[add_tag(person=alice, image=photo, name=grey.name)])
        change = merge_tags(moderator=mona, tag=gray, into=grey)
        row = ImageTag.objects.get(image=photo)
        assert (row.state, row.decided_by, row.is_double_checked) == ("pending", None, False)
        assert row.is_escalated and row in ImageTag.objects.awaiting_approval()
        trace = TagEvent.objects.filter(image=photo).latest("pk")
        assert (trace.kind, trace.source, trace.actor) == (EventKind.REOPENED, "merge", mona)
        assert (trace.state_before, trace.state_after) == ("rejected", "pending")
        assert state(grey, other) == "curated"
        assert change.after["contradictions"] == 1
        undo_change(moderator=mona, change=change)
        assert state(gray, photo) == "curated" and state(grey, photo) == "rejected"

    def test_what_moderators_contradict_each_other_on_waits_for_them_whatever_the_job_does(
        self, gray: Tag, grey: Tag, alice: User, mona: User
    ) -> None:
        image = make_image(alice)
        say(alice, image, gray)
        say(alice, image, grey)
        approve_tags(moderator=mona, image_tags=ImageTag.objects.filter(tag=gray))
        reject_tags(moderator=mona, image_tags=ImageTag.objects.filter(tag=grey))
        merge_tags(moderator=mona, tag=gray, into=grey)
        assert settle_undecided() == (0, None)
        row = ImageTag.objects.get(image=image)
        assert (row.state, row.is_escalated) == ("pending", True)

    def test_questions_canaries_and_suggestions(
        self, gray: Tag, grey: Tag, alice: User, bob: User, mona: User
    ) -> None:
        first, second = make_image(alice), make_image(alice)
        for photo in (first, second):
            ReviewTask.objects.create(person=bob, image=photo, tag=gray, kind="blind")
            ReviewCandidate.objects.create(image=photo, tag=gray, kind="diverse", rank=1)
            Canary.objects.create(image=photo, tag=gray)
        ReviewTask.objects.create(person=bob, image=first, tag=grey, kind="blind")
        ReviewCandidate.objects.create(image=first, tag=grey, kind="diverse", rank=2)
        kept = Canary.objects.create(image=first, tag=grey, is_expected=False)
        suggest(first, gray.name)
        before = everything()
        change = merge_tags(moderator=mona, tag=gray, into=grey)
        for table in (ReviewTask, ReviewCandidate, Canary):
            rows = table.objects.filter(tag=grey).values_list("image_id", flat=True)
            assert sorted(rows) == [first.pk, second.pk]
            assert not table.objects.filter(tag=gray).exists()
        assert not Canary.objects.get(image=first).is_expected, "the tag's own one stays"
        assert Canary.objects.get(image=first) == kept
        assert not Suggestion.objects.exists(), "the network is asked anew"
        undo_change(moderator=mona, change=change)
        assert everything() == before

    def test_closed_worlds(self, gray: Tag, grey: Tag, alice: User, mona: User) -> None:
        for world, names in (("one", [gray.name]), ("two", [gray.name, grey.name])):
            pairs = [(make_image(alice).pk, name) for name in names]
            curate_import(world_name=world, pairs=pairs, actor=alice, curated=True)
        before = everything()
        change = merge_tags(moderator=mona, tag=gray, into=grey)
        assert grey.closed_worlds.count() == 2 and not gray.closed_worlds.exists()
        undo_change(moderator=mona, change=change)
        assert everything() == before

    def test_parents_children_and_names(self, gray: Tag, grey: Tag, mona: User) -> None:
        wader, bird, chick, young = map(make_tag, ("wader", "bird", "chick", "young"))
        set_parents(moderator=mona, tag=gray, parents=[wader])
        set_parents(moderator=mona, tag=grey, parents=[bird])
        set_parents(moderator=mona, tag=chick, parents=[gray, young])
        set_parents(moderator=mona, tag=young, parents=[gray, grey])
        add_alias(moderator=mona, tag=gray, name="ardea")
        before = everything()
        change = merge_tags(moderator=mona, tag=gray, into=grey)
        hierarchy = current_hierarchy()
        assert hierarchy.parents["grey heron"] == {"wader", "bird"}
        assert hierarchy.parents["chick"] == {"grey heron", "young"}
        assert hierarchy.parents["young"] == {"grey heron"}
        assert current_aliases() == {"ardea": "grey heron", "gray heron": "grey heron"}
        undo_change(moderator=mona, change=change)
        assert everything() == before

    def test_the_first_days_words_follow(self, mona: User) -> None:
        merge_tags(moderator=mona, tag=make_tag("dog"), into=make_tag("hound"))
        assert current_hierarchy().ancestors("pug") == {"hound", "animal"}

    def test_marks_of_the_merged_tag_do_not_linger(self, gray: Tag, grey: Tag, mona: User) -> None:
        silence_tag(moderator=mona, tag=gray)
        block_tag(moderator=mona, tag=gray)
        change = merge_tags(moderator=mona, tag=gray, into=grey)
        gray.refresh_from_db()
        assert not gray.is_blocked and not gray.never_show
        undo_change(moderator=mona, change=change)
        gray.refresh_from_db()
        assert gray.is_blocked and gray.never_show


class TestRefusals:
    def test_what_cannot_be_merged_says_why(self, gray: Tag, grey: Tag, mona: User) -> None:
        def refused(tag: Tag, into: Tag, why: str) -> None:
            for merge in (
                lambda: merge_tags(moderator=mona, tag=tag, into=into),
                lambda: preview_merge(tag=tag, into=into),
            ):
                with pytest.raises(WordRefused, match=why):
                    merge()

        refused(gray, gray, "cannot be merged into itself")
        block_tag(moderator=mona, tag=grey)
        refused(gray, grey, "“grey heron” is blocked")
        stork, adebar = make_tag("stork"), make_tag("adebar")
        merge_tags(moderator=mona, tag=adebar, into=stork)
        refused(adebar, gray, "another name for “stork” already")
        refused(stork, adebar, "Rename the tag instead")
        assert TagChange.objects.count() == 2

    def test_merging_into_another_name_merges_into_the_tag(
        self, gray: Tag, grey: Tag, mona: User
    ) -> None:
        add_alias(moderator=mona, tag=grey, name="ardea")
        merge_tags(moderator=mona, tag=gray, into=Tag.objects.get(name="ardea"))
        assert current_aliases() == {"ardea": "grey heron", "gray heron": "grey heron"}

    def test_a_merge_that_would_make_a_circle_changes_nothing(
        self, alice: User, mona: User
    ) -> None:
        pug, animal = make_tag("pug"), make_tag("animal")
        say(alice, make_image(alice), pug)
        before = everything()
        for tag, into in ((pug, animal), (animal, pug)):
            with pytest.raises(CycleError, match="dog"):
                merge_tags(moderator=mona, tag=tag, into=into)
        assert everything() == before
        assert not TagChange.objects.exists()

    def test_a_child_and_its_own_parent_may_be_merged_either_way(self, mona: User) -> None:
        heron, wader, chick = map(make_tag, ("heron", "wader", "chick"))
        set_parents(moderator=mona, tag=heron, parents=[wader])
        set_parents(moderator=mona, tag=chick, parents=[heron])
        for tag, into in ((heron, wader), (wader, heron)):
            before = everything()
            change = merge_tags(moderator=mona, tag=tag, into=into)
            assert current_hierarchy().parents["chick"] == {into.name}
            assert current_hierarchy().parents[into.name] == frozenset()
            undo_change(moderator=mona, change=change)
            assert everything() == before
        change = merge_tags(moderator=mona, tag=make_tag("pug"), into=make_tag("dog"))
        assert current_hierarchy().ancestors("dog") == {"animal"}

    def test_only_moderators_merge(self, gray: Tag, grey: Tag, alice: User) -> None:
        with pytest.raises(PermissionDenied):
            merge_tags(moderator=alice, tag=gray, into=grey)


class TestUndoing:
    def test_everything_goes_back(
        self, gray: Tag, grey: Tag, alice: User, bob: User, mona: User
    ) -> None:
        photos = [make_image(alice) for _ in range(6)]
        for tag, values in ((gray, "yn-yuy"), (grey, "nyy-yn")):
            for photo, value in zip(photos, values, strict=True):
                if value != "-":
                    full = {"y": "yes", "n": "no", "u": "unsure"}[value]
                    say(bob, photo, tag, full, hours_ago=photo.pk % 2 + len(tag.name))
        approve_tags(moderator=mona, image_tags=ImageTag.objects.filter(image=photos[0], tag=gray))
        reject_tags(moderator=mona, image_tags=ImageTag.objects.filter(image=photos[1], tag=grey))
        before = everything()
        change = merge_tags(moderator=mona, tag=gray, into=grey)
        assert everything() != before
        assert undo_change(moderator=mona, change=change) == []
        assert everything() == before
        again = merge_tags(moderator=mona, tag=gray, into=grey)
        assert undo_change(moderator=mona, change=again) == []
        assert everything() == before

    def test_photos_that_were_spoken_of_since_stay_and_are_counted(
        self, gray: Tag, grey: Tag, alice: User, bob: User, mona: User
    ) -> None:
        untouched, touched, new = (make_image(alice) for _ in range(3))
        for photo in (untouched, touched):
            say(alice, photo, gray)
        change = merge_tags(moderator=mona, tag=gray, into=grey)
        say(bob, touched, grey)
        add_tag(person=bob, image=new, name="gray heron")
        remarks = undo_change(moderator=mona, change=change)
        assert remarks == ["1 photo was spoken of since and keeps “grey heron”."]
        assert state(gray, untouched) == "confirmed" and state(grey, untouched) == ""
        assert state(gray, touched) == "" and state(grey, touched) == "confirmed"
        assert current(grey, touched) == {"alice": "yes", "bob": "yes"}
        assert state(grey, new) == "pending" and state(gray, new) == ""

    def test_parents_that_were_ordered_anew_stay(self, gray: Tag, grey: Tag, mona: User) -> None:
        wader, bird, chick, young = map(make_tag, ("wader", "bird", "chick", "young"))
        set_parents(moderator=mona, tag=gray, parents=[wader])
        for child in (chick, young):
            set_parents(moderator=mona, tag=child, parents=[gray])
        change = merge_tags(moderator=mona, tag=gray, into=grey)
        set_parents(moderator=mona, tag=grey, parents=[bird])
        set_parents(moderator=mona, tag=chick, parents=[bird])
        remarks = undo_change(moderator=mona, change=change)
        assert remarks == [
            "What stands above “grey heron” was changed since and stays.",
            "“chick” was put elsewhere since and stays there.",
        ]
        parents = current_hierarchy().parents
        assert parents["gray heron"] == {"wader"} and parents["grey heron"] == {"bird"}
        assert parents["young"] == {"gray heron"} and parents["chick"] == {"bird"}

    def test_it_is_undone_once_and_the_latest_first(
        self, gray: Tag, grey: Tag, alice: User, mona: User
    ) -> None:
        say(alice, make_image(alice), gray)
        first = merge_tags(moderator=mona, tag=gray, into=grey)
        second = merge_tags(moderator=mona, tag=make_tag("ardea"), into=grey)
        third = merge_tags(moderator=mona, tag=grey, into=make_tag("heron"))
        with pytest.raises(WordRefused, match="no longer another name for “grey heron”"):
            undo_change(moderator=mona, change=first)
        undo_change(moderator=mona, change=third)
        with pytest.raises(WordRefused, match="“ardea” was merged into “grey heron” later"):
            undo_change(moderator=mona, change=first)
        undo_change(moderator=mona, change=second)
        undo_change(moderator=mona, change=first)
        with pytest.raises(WordRefused, match="undone already"):
            undo_change(moderator=mona, change=first)
        assert gray.image_tags.count() == 1

    def test_a_name_that_was_taken_away_keeps_a_merge_from_being_undone(
        self, gray: Tag, grey: Tag, mona: User
    ) -> None:
        change = merge_tags(moderator=mona, tag=gray, into=grey)
        remove_alias(moderator=mona, tag=grey, name="gray heron")
        with pytest.raises(WordRefused, match="no longer another name"):
            undo_change(moderator=mona, change=change)

    def test_renaming_afterwards_does_not_matter(
        self, gray: Tag, grey: Tag, alice: User, mona: User
    ) -> None:
        photo = make_image(alice)
        say(alice, photo, gray)
        change = merge_tags(moderator=mona, tag=gray, into=grey)
        rename_tag(moderator=mona, tag=grey, name="heron")
        undo_change(moderator=mona, change=change)
        assert state(gray, photo) == "confirmed"

    def test_photos_and_people_that_are_gone_by_then_are_passed_over(
        self, gray: Tag, grey: Tag, alice: User, bob: User, mona: User
    ) -> None:
        gone, there = make_image(alice), make_image(alice)
        for photo in (gone, there):
            for tag in (gray, grey):
                say(bob, photo, tag)
                say(alice, photo, tag)
                Canary.objects.create(image=photo, tag=tag)
        change = merge_tags(moderator=mona, tag=gray, into=grey)
        gone.delete()
        bob.delete()
        undo_change(moderator=mona, change=change)
        assert current(gray, there) == current(grey, there) == {"alice": "yes"}
        assert Canary.objects.count() == 2

    def test_a_vote_cast_before_the_merge_can_be_undone_after_it(
        self, gray: Tag, grey: Tag, alice: User, mona: User
    ) -> None:
        photo = make_image(alice)
        event = cast_vote(person=alice, image=photo, tag=gray, value="yes")
        assert event is not None
        merge_tags(moderator=mona, tag=gray, into=grey)
        undo_event(person=alice, event=event)
        assert current(grey, photo) == {} and state(grey, photo) == ""


@pytest.mark.django_db(transaction=True)
def test_the_library_is_tagged_again_once_after_a_merge(gray: Tag, grey: Tag, mona: User) -> None:
    change = merge_tags(moderator=mona, tag=gray, into=grey)
    assert OrmQ.objects.count() == 1
    undo_change(moderator=mona, change=change)
    assert OrmQ.objects.count() == 2


def test_more_photos_take_hardly_more_queries(
    gray: Tag, grey: Tag, alice: User, mona: User
) -> None:
    def queries(photos: int) -> int:
        pairs = [(make_image(alice).pk, "gray heron") for _ in range(photos)]
        curate_import(world_name="", pairs=pairs, actor=alice, curated=False)
        with CaptureQueriesContext(connection) as captured:
            change = merge_tags(moderator=mona, tag=gray, into=grey)
        undo_change(moderator=mona, change=change)
        return len(captured)

    assert queries(2) == queries(60)

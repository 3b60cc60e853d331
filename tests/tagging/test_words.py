"""Ordering the words: other names, parents, marks, and undoing each of them."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django_q.models import OrmQ

from gallery.models import User
from tagging.hierarchy import CycleError
from tagging.models import Suggestion, Tag, TagChange
from tagging.names import TagNameError
from tagging.services.curation import curate_import, decide_on_pair
from tagging.services.tags import TagBlockedError, find_or_create_tag, find_or_create_tags
from tagging.services.vocabulary import (
    add_alias,
    block_tag,
    describe_tag,
    remove_alias,
    rename_tag,
    set_parents,
    silence_tag,
    unblock_tag,
    unsilence_tag,
)
from tagging.services.votes import add_tag, cast_vote, withdraw_vote
from tagging.services.word_changes import WordRefused
from tagging.services.word_history import undo_change
from tagging.words import current_aliases, current_hierarchy, current_words
from tests.tagging.cast import make_image, make_tag, suggest


@pytest.fixture
def heron(mona: User) -> Tag:
    """A tag that is also called “gray heron”."""
    tag = make_tag("grey heron")
    add_alias(moderator=mona, tag=tag, name=" Gray  Heron ")
    return tag


def alias(name: str) -> Tag:
    """Return the row of another name."""
    return Tag.objects.exclude(alias_of=None).get(name=name)


def last_change() -> TagChange:
    """Return what was done to a word last."""
    return TagChange.objects.latest("pk")


class TestOtherNames:
    def test_whoever_uses_another_name_means_the_tag(self, heron: Tag, alice: User) -> None:
        photo = make_image(alice)
        assert add_tag(person=alice, image=photo, name="Gray Heron").tag == heron
        assert find_or_create_tag(name="gray heron") == heron
        assert find_or_create_tags(names=["gray heron", "grey heron"]) == {
            "gray heron": heron,
            "grey heron": heron,
        }
        assert current_aliases() == {"gray heron": "grey heron"}
        assert Tag.objects.count() == 2

    def test_a_vote_or_decision_with_an_alias_goes_to_the_tag(
        self, heron: Tag, alice: User, mona: User
    ) -> None:
        photo, name = make_image(alice), alias("gray heron")
        event = cast_vote(person=alice, image=photo, tag=name, value="yes")
        assert event is not None and event.tag == heron
        assert withdraw_vote(person=alice, image=photo, tag=name) is not None
        decided = decide_on_pair(moderator=mona, image=photo, tag=name, kind="approved")
        assert decided.changed == 1
        assert heron.image_tags.get().state == "curated"
        assert not name.votes.exists() and not name.image_tags.exists()

    def test_an_import_by_another_name_joins_the_world_of_the_tag(
        self, heron: Tag, alice: User
    ) -> None:
        photo = make_image(alice)
        pairs = [(photo.pk, "gray heron"), (photo.pk, "grey heron")]
        assert curate_import(world_name="w", pairs=pairs, actor=alice, curated=True) == 1
        assert list(heron.closed_worlds.get().tags.all()) == [heron]

    def test_a_tag_is_no_name_for_itself(self, heron: Tag, mona: User) -> None:
        with pytest.raises(WordRefused, match="cannot be another name for itself"):
            add_alias(moderator=mona, tag=heron, name="Grey heron")

    def test_there_are_no_chains(self, heron: Tag, mona: User) -> None:
        with pytest.raises(WordRefused, match="is another name for “grey heron”"):
            add_alias(moderator=mona, tag=alias("gray heron"), name="big bird")
        stork = make_tag("stork")
        with pytest.raises(WordRefused, match="Take it away there first"):
            add_alias(moderator=mona, tag=stork, name="gray heron")
        with pytest.raises(WordRefused, match="Merge the two instead"):
            add_alias(moderator=mona, tag=stork, name="grey heron")
        with pytest.raises(WordRefused, match="already"):
            add_alias(moderator=mona, tag=heron, name="gray heron")

    def test_an_impossible_name_is_refused(self, heron: Tag, mona: User) -> None:
        with pytest.raises(TagNameError):
            add_alias(moderator=mona, tag=heron, name="<b>")
        assert heron.aliases.count() == 1

    def test_a_name_taken_away_stands_for_itself(self, heron: Tag, alice: User, mona: User) -> None:
        change = remove_alias(moderator=mona, tag=heron, name="gray heron")
        assert add_tag(person=alice, image=make_image(alice), name="gray heron").tag != heron
        with pytest.raises(WordRefused, match=r"a tag of its own by now. Merge it"):
            undo_change(moderator=mona, change=change)
        with pytest.raises(WordRefused, match="is no other name"):
            remove_alias(moderator=mona, tag=heron, name="gray heron")

    def test_giving_and_taking_a_name_can_be_undone(self, heron: Tag, mona: User) -> None:
        undo_change(moderator=mona, change=last_change())
        assert current_aliases() == {}
        add = TagChange.objects.get()
        with pytest.raises(WordRefused, match="undone already"):
            undo_change(moderator=mona, change=add)
        add.refresh_from_db()
        assert add.undone_by == mona and add.undone_at is not None
        add_alias(moderator=mona, tag=heron, name="gray heron")
        remove_alias(moderator=mona, tag=heron, name="gray heron")
        undo_change(moderator=mona, change=last_change())
        assert current_aliases() == {"gray heron": "grey heron"}

    def test_a_word_that_only_the_network_uses_can_become_another_name(
        self, heron: Tag, alice: User, mona: User
    ) -> None:
        suggest(make_image(alice), "great heron")
        add_alias(moderator=mona, tag=heron, name="great heron")
        assert not Suggestion.objects.exists()
        rename_tag(moderator=mona, tag=heron, name="heron")
        suggest(make_image(alice), "ardea cinerea")
        rename_tag(moderator=mona, tag=heron, name="ardea cinerea")
        assert set(current_aliases().values()) == {"ardea cinerea"}
        assert len(current_aliases()) == 4

    def test_a_name_that_the_first_day_puts_above_the_tag_is_refused(self, mona: User) -> None:
        pug = make_tag("pug")
        with pytest.raises(CycleError, match="cannot stand above itself"):
            add_alias(moderator=mona, tag=pug, name="animal")
        assert current_aliases() == {}

    def test_only_moderators_order_words(self, heron: Tag, alice: User) -> None:
        for deed in (
            lambda: add_alias(moderator=alice, tag=heron, name="x"),
            lambda: rename_tag(moderator=alice, tag=heron, name="x"),
            lambda: set_parents(moderator=alice, tag=heron, parents=[]),
            lambda: block_tag(moderator=alice, tag=heron),
            lambda: undo_change(moderator=alice, change=TagChange.objects.get()),
        ):
            with pytest.raises(PermissionDenied):
                deed()


class TestRenaming:
    def test_the_old_name_goes_on_leading_to_the_tag(self, alice: User, mona: User) -> None:
        tag = add_tag(person=alice, image=make_image(alice), name="gray heron").tag
        change = rename_tag(moderator=mona, tag=tag, name="  Grey Heron ")
        tag.refresh_from_db()
        assert (tag.name, tag.slug) == ("grey heron", "grey-heron")
        assert alias("gray heron").slug == "gray-heron"
        assert alias("gray heron").alias_of == tag
        assert tag.image_tags.count() == 1
        assert change is not None and change.actor == mona

    def test_renaming_to_one_of_its_names_swaps_the_two(self, heron: Tag, mona: User) -> None:
        rename_tag(moderator=mona, tag=heron, name="gray heron")
        heron.refresh_from_db()
        assert (heron.name, heron.slug) == ("gray heron", "gray-heron")
        assert current_aliases() == {"grey heron": "gray heron"}
        undo_change(moderator=mona, change=last_change())
        assert current_aliases() == {"gray heron": "grey heron"}

    def test_a_name_that_is_taken_or_impossible_is_refused(self, heron: Tag, mona: User) -> None:
        stork = make_tag("stork")
        with pytest.raises(WordRefused, match="Merge the two instead"):
            rename_tag(moderator=mona, tag=stork, name="Grey heron")
        with pytest.raises(WordRefused, match="another name for “grey heron”"):
            rename_tag(moderator=mona, tag=stork, name="gray heron")
        with pytest.raises(WordRefused, match="Change that tag"):
            rename_tag(moderator=mona, tag=alias("gray heron"), name="x")
        for impossible in ("", " ", "x" * 65, "<i>", "\u200b"):
            with pytest.raises(TagNameError):
                rename_tag(moderator=mona, tag=stork, name=impossible)
        assert rename_tag(moderator=mona, tag=stork, name=" Stork") is None
        assert TagChange.objects.count() == 1

    def test_undoing_restores_name_and_address(self, mona: User) -> None:
        tag = make_tag("stork")
        rename_tag(moderator=mona, tag=tag, name="adebar")
        first = last_change()
        rename_tag(moderator=mona, tag=tag, name="white stork")
        with pytest.raises(WordRefused, match="called “white stork” by now"):
            undo_change(moderator=mona, change=first)
        undo_change(moderator=mona, change=last_change())
        undo_change(moderator=mona, change=first)
        tag.refresh_from_db()
        assert (tag.name, tag.slug) == ("stork", "stork")

    def test_what_the_first_day_put_above_the_old_name_stays_above_the_new_one(
        self, mona: User
    ) -> None:
        rename_tag(moderator=mona, tag=make_tag("dog"), name="hound")
        hierarchy = current_hierarchy()
        assert hierarchy.ancestors("hound") == {"animal"}
        assert "hound" in hierarchy.ancestors("pug")
        assert "dog" not in hierarchy.ancestors("pug")


class TestParents:
    def test_the_first_days_words_hold_until_parents_are_set(self, mona: User) -> None:
        pug, lapdog = make_tag("pug"), make_tag("lapdog")
        assert current_hierarchy().ancestors("pug") == {"dog", "animal"}
        set_parents(moderator=mona, tag=pug, parents=[lapdog])
        assert current_hierarchy().ancestors("pug") == {"lapdog"}
        set_parents(moderator=mona, tag=pug, parents=[])
        assert current_hierarchy().ancestors("pug") == frozenset()
        set_parents(moderator=mona, tag=pug, parents=None)
        assert current_hierarchy().ancestors("pug") == {"dog", "animal"}
        assert set_parents(moderator=mona, tag=pug, parents=None) is None

    def test_a_circle_is_refused_with_its_way(self, mona: User) -> None:
        animal, pug = make_tag("animal"), make_tag("pug")
        with pytest.raises(CycleError, match="animal → pug → dog → animal"):
            set_parents(moderator=mona, tag=animal, parents=[pug])
        with pytest.raises(CycleError, match="pug → pug"):
            set_parents(moderator=mona, tag=pug, parents=[pug])
        assert not TagChange.objects.exists()

    def test_another_name_as_a_parent_is_the_tag_that_it_means(
        self, heron: Tag, mona: User
    ) -> None:
        chick = make_tag("heron chick")
        set_parents(moderator=mona, tag=chick, parents=[alias("gray heron")])
        assert list(chick.parents.all()) == [heron]
        with pytest.raises(CycleError):
            set_parents(moderator=mona, tag=heron, parents=[chick])

    def test_undoing_puts_the_tag_back_unless_it_was_moved_again(self, mona: User) -> None:
        pug, lapdog = make_tag("pug"), make_tag("lapdog")
        first = set_parents(moderator=mona, tag=pug, parents=[lapdog])
        second = set_parents(moderator=mona, tag=pug, parents=[])
        assert first is not None and second is not None
        with pytest.raises(WordRefused, match="changed since"):
            undo_change(moderator=mona, change=first)
        undo_change(moderator=mona, change=second)
        undo_change(moderator=mona, change=first)
        assert current_hierarchy().ancestors("pug") == {"dog", "animal"}

    def test_an_undo_that_would_close_a_circle_is_refused(self, mona: User) -> None:
        pug, lapdog = make_tag("pug"), make_tag("lapdog")
        set_parents(moderator=mona, tag=pug, parents=[lapdog])
        freed = set_parents(moderator=mona, tag=pug, parents=[])
        set_parents(moderator=mona, tag=lapdog, parents=[pug])
        assert freed is not None
        with pytest.raises(CycleError):
            undo_change(moderator=mona, change=freed)
        assert current_hierarchy().ancestors("lapdog") == {"pug"}


class TestMarks:
    def test_a_blocked_tag_is_refused_by_any_of_its_names(
        self, heron: Tag, alice: User, mona: User
    ) -> None:
        block_tag(moderator=mona, tag=heron)
        photo = make_image(alice)
        with pytest.raises(TagBlockedError, match="“grey heron” is blocked"):
            add_tag(person=alice, image=photo, name="gray heron")
        with pytest.raises(TagBlockedError):
            cast_vote(person=alice, image=photo, tag=alias("gray heron"), value="yes")
        assert {"grey heron", "gray heron"} <= current_words().unspoken
        assert block_tag(moderator=mona, tag=heron) is None
        unblock_tag(moderator=mona, tag=heron)
        add_tag(person=alice, image=photo, name="gray heron")

    def test_the_network_is_kept_from_a_word_and_back(self, mona: User) -> None:
        tag = make_tag("stork")
        silence_tag(moderator=mona, tag=tag)
        assert "stork" in current_words().unspoken
        unsilence_tag(moderator=mona, tag=tag)
        assert "stork" not in current_words().unspoken
        with pytest.raises(WordRefused, match="comes with eyes and stays"):
            unsilence_tag(moderator=mona, tag=make_tag("gorilla"))

    def test_what_no_machine_may_say_it_may_not_say_under_another_name(self, mona: User) -> None:
        rename_tag(moderator=mona, tag=make_tag("gorilla"), name="great ape")
        assert "great ape" in current_words().unspoken

    def test_a_description_is_tidied_and_has_a_limit(self, mona: User) -> None:
        tag = make_tag("heron")
        describe_tag(moderator=mona, tag=tag, description="  Any\n heron. ")
        tag.refresh_from_db()
        assert tag.description == "Any heron."
        assert describe_tag(moderator=mona, tag=tag, description="Any heron.") is None
        with pytest.raises(WordRefused, match="301 characters"):
            describe_tag(moderator=mona, tag=tag, description="x" * 301)

    def test_marks_and_descriptions_are_undone_unless_they_changed_since(self, mona: User) -> None:
        tag = make_tag("heron")
        blocked = block_tag(moderator=mona, tag=tag)
        first = describe_tag(moderator=mona, tag=tag, description="Any heron.")
        second = describe_tag(moderator=mona, tag=tag, description="Grey ones.")
        assert blocked is not None and first is not None and second is not None
        with pytest.raises(WordRefused, match="changed since"):
            undo_change(moderator=mona, change=first)
        for change in (second, first, blocked):
            undo_change(moderator=mona, change=change)
        tag.refresh_from_db()
        assert (tag.description, tag.is_blocked) == ("", False)


@pytest.mark.django_db(transaction=True)
def test_what_the_network_may_say_is_followed_by_one_re_tagging(mona: User) -> None:
    from django.db import transaction

    tag = make_tag("heron")
    describe_tag(moderator=mona, tag=tag, description="Any heron.")
    rename_tag(moderator=mona, tag=tag, name="grey heron")
    assert not OrmQ.objects.exists(), "neither changes what the network says of which photo"
    with transaction.atomic():
        set_parents(moderator=mona, tag=tag, parents=[make_tag("wader")])
        add_alias(moderator=mona, tag=tag, name="gray heron")
        silence_tag(moderator=mona, tag=tag)
        assert not OrmQ.objects.exists(), "not before the commit"
    assert [job.func() for job in OrmQ.objects.all()] == ["tagging.tasks.retag_library"]
    for deed in (block_tag, unblock_tag, unsilence_tag):
        deed(moderator=mona, tag=tag)
    assert OrmQ.objects.count() == 4

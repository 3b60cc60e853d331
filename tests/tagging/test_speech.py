"""What is said with a head and an order of words: names of today, the most specific, roll-up."""

from __future__ import annotations

import numpy as np
import pytest

from tagging.head import Head
from tagging.policy import COMMUNITY
from tagging.speech import ScoredTag, Speech
from tagging.vocabulary import load_vocabulary
from tagging.words import Words, order_words

Said = dict[str, tuple[float, bool]]


def head_that_says(**probabilities: float) -> Head:
    """Return a head that gives every photo these; shown from 0.9, offered from 0.3."""
    values = np.array(list(probabilities.values()))
    count = len(values)
    return Head(
        labels=tuple(name.replace("_", " ") for name in probabilities),
        mean=np.zeros(2),
        scale=np.ones(2),
        kernel=np.zeros((2, count)),
        bias=np.log(values / (1 - values)),
        show=np.full(count, 0.9),
        suggest=np.full(count, 0.3),
    )


def all_said(
    words: Words, head: Head, top: tuple[np.ndarray, np.ndarray] | None = None, **options: bool
) -> list[ScoredTag]:
    """Return everything that is said of a photo."""
    speech = Speech(head, top, words, COMMUNITY.roll_up_show)
    (said,) = speech.about(
        np.zeros((1, 2), dtype=np.float32), **{"only_suggested": True, **options}
    )
    return said


def said(words: Words, head: Head, **options: object) -> Said:
    """Return score and shown or only offered, by tag."""
    return {
        one.tag: (round(one.score, 2), one.shown)
        for one in all_said(words, head, **options)  # type: ignore[arg-type]
    }


def backbone_that_sees(**classes: float) -> tuple[np.ndarray, np.ndarray]:
    """Return a backbone's own head that gives its classes these probabilities, by synset.

    The rest is spread over everything that is no animal.
    """
    vocabulary = load_vocabulary()
    others = [
        synset
        for synset, tag in vocabulary.class_tags.items()
        if "animal" not in vocabulary.ancestors(tag) | {tag}
    ]
    spread = dict.fromkeys(others, (1 - sum(classes.values())) / len(others)) | classes
    values = np.array([spread.get(synset, 1e-9) for synset in vocabulary.class_tags])
    return np.zeros((2, len(values)), dtype=np.float32), np.log(values).astype(np.float32)


PUG, GOLDEN, BOXER = "n02110958", "n02099601", "n02108089"


class TestNames:
    def test_a_head_speaks_under_the_names_of_today(self) -> None:
        words = order_words({"gray heron": "grey heron"})
        assert said(words, head_that_says(gray_heron=0.95, stork=0.4)) == {
            "grey heron": (0.95, True),
            "stork": (0.4, False),
        }

    def test_where_it_knows_both_the_tags_own_output_speaks(self) -> None:
        words = order_words({"gray heron": "grey heron"})
        for labels in (
            {"gray_heron": 0.95, "grey_heron": 0.4},
            {"grey_heron": 0.4, "gray_heron": 0.95},
        ):
            assert said(words, head_that_says(**labels)) == {"grey heron": (0.4, False)}

    def test_of_two_former_names_the_first_speaks(self) -> None:
        words = order_words({"ardea": "heron", "gray heron": "heron"})
        assert said(words, head_that_says(ardea=0.95, gray_heron=0.4)) == {"heron": (0.95, True)}

    def test_the_first_day_speaks_under_the_names_of_today_too(self) -> None:
        words = order_words({"pug": "mops", "dog": "hound"})
        top = backbone_that_sees(**{PUG: 0.9})
        assert said(words, head_that_says(car=0.01), top=top) == {"mops": (0.9, True)}
        # Two of the first day's words that mean one thing by now are counted together.
        words = order_words({"pug": "dog"})
        top = backbone_that_sees(**{PUG: 0.3, GOLDEN: 0.3})
        assert said(words, head_that_says(car=0.01), top=top)["dog"] == (0.6, True)

    def test_what_no_machine_may_say_is_not_said_under_any_name(self) -> None:
        words = order_words({"heron": "grey heron"}, unspoken={"grey heron"})
        assert said(words, head_that_says(heron=0.95, stork=0.95)) == {"stork": (0.95, True)}
        assert said(order_words({}), head_that_says(gorilla=0.95)) == {}
        assert said(order_words({"gorilla": "big ape"}), head_that_says(gorilla=0.95)) == {}

    def test_the_scores_of_all_learnt_tags_come_when_asked_for(self) -> None:
        words = order_words({"gray heron": "grey heron"})
        head = head_that_says(gray_heron=0.95, stork=0.1)
        told = all_said(words, head, only_suggested=False)
        assert [(one.tag, one.suggested) for one in told] == [
            ("grey heron", True),
            ("stork", False),
        ]


class TestMostSpecific:
    WORDS = order_words({}, {"grey heron": {"heron"}, "heron": {"wader"}, "wader": set()})

    def test_what_stands_above_a_shown_tag_is_implied(self) -> None:
        head = head_that_says(grey_heron=0.93, heron=0.97, wader=0.6, stork=0.95)
        assert said(self.WORDS, head) == {"stork": (0.95, True), "grey heron": (0.93, True)}

    def test_what_stands_above_an_offered_tag_is_not(self) -> None:
        head = head_that_says(grey_heron=0.5, heron=0.97)
        assert said(self.WORDS, head) == {"heron": (0.97, True), "grey heron": (0.5, False)}

    def test_the_first_day_says_nothing_that_is_implied(self) -> None:
        words = order_words({}, {"my old pug": {"pug"}})
        head = head_that_says(my_old_pug=0.95)
        top = backbone_that_sees(**{PUG: 0.8})
        assert said(words, head, top=top) == {"my old pug": (0.95, True)}

    def test_moderators_parents_replace_those_of_the_first_day(self) -> None:
        top = backbone_that_sees(**{PUG: 0.2, GOLDEN: 0.25})
        head = head_that_says(car=0.01)
        assert said(order_words({}), head, top=top)["dog"] == (0.45, True)
        apart = order_words({}, {"pug": set()})
        assert said(apart, head, top=top)["dog"] == (0.25, False)


class TestRollUp:
    WORDS = order_words(
        {},
        {
            "tabby": {"house cat"},
            "siamese": {"house cat"},
            "house cat": {"pet"},
            "hamster cub": {"hamster"},
            "hamster": {"pet"},
        },
    )

    def test_a_kind_is_shown_where_none_below_it_is_certain_but_together_they_are(self) -> None:
        assert said(self.WORDS, head_that_says(tabby=0.4, siamese=0.4)) == {
            "house cat": (0.8, True),
            "tabby": (0.4, False),
            "siamese": (0.4, False),
        }
        (first, *_) = all_said(self.WORDS, head_that_says(tabby=0.4, siamese=0.4))
        assert first.source == "trained" and first.suggested

    def test_below_the_rules_figure_it_is_not(self) -> None:
        assert "house cat" not in said(self.WORDS, head_that_says(tabby=0.4, siamese=0.37))
        # What is not even offered does not count.
        assert "house cat" not in said(self.WORDS, head_that_says(tabby=0.6, siamese=0.29))

    def test_where_one_below_is_shown_the_kind_is_implied(self) -> None:
        assert said(self.WORDS, head_that_says(tabby=0.92, siamese=0.4)) == {
            "tabby": (0.92, True),
            "siamese": (0.4, False),
        }

    def test_a_kind_that_was_learnt_speaks_for_itself(self) -> None:
        head = head_that_says(tabby=0.45, siamese=0.45, house_cat=0.5)
        assert said(self.WORDS, head)["house cat"] == (0.5, False)

    def test_the_nearest_kind_that_is_sure_is_shown(self) -> None:
        head = head_that_says(tabby=0.45, hamster_cub=0.4)
        assert said(self.WORDS, head)["pet"] == (0.85, True)
        head = head_that_says(tabby=0.45, siamese=0.5, hamster_cub=0.4)
        shown = {tag for tag, (_, is_shown) in said(self.WORDS, head).items() if is_shown}
        assert shown == {"house cat"}

    def test_the_sum_stops_at_one_and_counts_no_tag_twice(self) -> None:
        head = head_that_says(tabby=0.85, siamese=0.85)
        assert said(self.WORDS, head)["house cat"] == (1.0, True)
        # The cub is part of the hamster's score.
        head = head_that_says(hamster=0.5, hamster_cub=0.45)
        assert "pet" not in said(self.WORDS, head)

    def test_hidden_words_neither_count_nor_are_rolled_up_to(self) -> None:
        told = {"tabby": {"house cat"}, "siamese": {"house cat"}}
        head = head_that_says(tabby=0.4, siamese=0.4)
        assert "house cat" not in said(order_words({}, told, {"siamese"}), head)
        assert "house cat" not in said(order_words({}, told, {"house cat"}), head)

    def test_the_same_kind_is_not_said_twice(self) -> None:
        words = order_words({}, {"rex": {"dog"}, "bello": {"dog"}})
        head = head_that_says(rex=0.45, bello=0.45)
        told = [one.tag for one in all_said(words, head, backbone_that_sees(**{GOLDEN: 0.2}))]
        assert sorted(told) == ["bello", "dog", "golden retriever", "rex"]
        (dog,) = [
            one
            for one in all_said(words, head, backbone_that_sees(**{BOXER: 0.6}))
            if one.tag == "dog"
        ]
        assert dog.shown and dog.source == "bootstrap", "the first day was sure by itself"


def test_many_photos_are_told_as_one_by_one() -> None:
    random = np.random.default_rng(3)
    vocabulary = load_vocabulary()
    labels = [*vocabulary.tags[::4], "rex", "bello", "grey heron", "gray heron"]
    count, size = len(labels), 40
    head = Head(
        labels=tuple(labels),
        mean=np.zeros(size),
        scale=np.ones(size),
        kernel=random.normal(size=(size, count)) * 0.3,
        bias=np.full(count, -1.5),
        show=np.full(count, 0.7),
        suggest=np.full(count, 0.4),
    )
    top = (random.normal(size=(size, 1000)).astype(np.float32), np.zeros(1000, np.float32))
    words = order_words({"gray heron": "grey heron"}, {"rex": {"dog"}, "bello": {"dog"}})
    speech = Speech(head, top, words, COMMUNITY.roll_up_show)
    photos = random.normal(size=(50, size)).astype(np.float32)
    together = speech.about(photos, only_suggested=True)
    for photo, told in zip(photos, together, strict=True):
        (alone,) = speech.about(photo[None], only_suggested=True)
        assert [(one.tag, one.shown) for one in alone] == [(one.tag, one.shown) for one in told]
        assert [one.score for one in alone] == pytest.approx([one.score for one in told], abs=1e-5)
        names = [one.tag for one in told]
        assert len(names) == len(set(names))
        shown = {one.tag for one in told if one.shown}
        implied = frozenset().union(*(words.hierarchy.ancestors(tag) for tag in shown))
        assert not implied & set(names), "what is implied is told nowhere"

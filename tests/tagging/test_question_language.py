"""The question language: how pieces join, what fields say, and what is wrong where."""

from __future__ import annotations

import random
from datetime import date

import pytest
from django.contrib.auth.models import AnonymousUser

from tagging.finding.errors import QuestionError
from tagging.finding.fields import FIELDS, understand_question
from tagging.finding.messages import SENTENCES, explain
from tagging.finding.periods import Period, read_first_day, read_period
from tagging.finding.text import split_words
from tagging.finding.tree import All, Either, Field, Node, Not, Word, read_question, terms_of

NOBODY = AnonymousUser()


def shape(node: Node) -> str:
    """Return the tree with a pair of parentheses around everything that is joined."""
    if isinstance(node, Word):
        return f'"{node.text}"' if node.is_quoted else node.text
    if isinstance(node, Field):
        return f"{node.name}:{node.value}"
    if isinstance(node, Not):
        return f"-{shape(node.node)}"
    sign = " & " if isinstance(node, All) else " | "
    return f"({sign.join(map(shape, node.nodes))})"


@pytest.mark.parametrize(
    ("question", "meant"),
    [
        ("", "()"),
        (" , ; ", "()"),
        ("heron", "(heron)"),
        ("heron boat", "(heron & boat)"),
        ("heron,boat; pond", "(heron & boat & pond)"),
        ("heron AND boat", "(heron & boat)"),
        ("heron and boat", "(heron & and & boat)"),
        ("heron OR boat pond", "((heron | (boat & pond)))"),
        ("a OR b OR c", "((a | b | c))"),
        ("-boat heron", "(-boat & heron)"),
        ("NOT boat", "(-boat)"),
        ("NOT NOT boat", "(--boat)"),
        ("--boat", "(--boat)"),
        ("heron NOT (boat OR ship)", "(heron & -((boat | ship)))"),
        ("heron -(boat ship)", "(heron & -(boat & ship))"),
        ("heron AND NOT boat", "(heron & -boat)"),
        ('"grey heron" pond', '("grey heron" & pond)'),
        ("“grey  heron”", '("grey heron")'),
        ("„grauer reiher“", '("grauer reiher")'),
        ("«le héron»", '("le héron")'),
        ('-"grey heron"', '(-"grey heron")'),
        ("t-shirt", "(t-shirt)"),
        ("12:30", "(12:30)"),
        ("tag:heron", "(tag:heron)"),
        ('-tag:"grey heron"', "(-tag:grey heron)"),
        ('camera:"EOS R5"', "(camera:EOS R5)"),
        ("Camera:R5", "(camera:R5)"),
        ("by:alice(pond)", "(by:alice & (pond))"),
        ('"AND"', '("AND")'),
        ("東京 -夜景", "(東京 & -夜景)"),
    ],
)
def test_a_question_is_joined_as_it_is_read(question: str, meant: str) -> None:
    assert shape(read_question(question)) == meant


@pytest.mark.parametrize(
    ("question", "code", "part"),
    [
        ("heron (boat", "no_close", "("),
        ("(heron) (", "no_close", "("),
        ("heron) boat", "no_open", ")"),
        (")", "no_open", ")"),
        ("heron ()", "empty_group", "()"),
        ('heron "boat', "open_quote", '"boat'),
        ('camera:"EOS', "open_quote", '"EOS'),
        ('heron ""', "empty_quotes", '""'),
        ("heron AND", "no_right", "AND"),
        ("heron OR", "no_right", "OR"),
        ("heron NOT", "no_right", "NOT"),
        ("heron AND OR boat", "no_right", "AND"),
        ("(heron OR)", "no_right", "OR"),
        ("heron -", "no_right", "-"),
        ("Berlin - Mitte", "no_right", "-"),
        ("AND heron", "no_left", "AND"),
        ("(OR heron)", "no_left", "OR"),
        ("heron tag:", "empty_field", "tag:"),
        ('tag:""', "empty_quotes", '""'),
        ("tags:heron", "unknown_field", "tags:heron"),
        ("http://example.org", "unknown_field", "http://example.org"),
        ("after:2025-13", "no_date", "after:2025-13"),
        ("before:yesterday", "no_date", "before:yesterday"),
        ("after:2025..2026", "no_date", "after:2025..2026"),
        ("taken:2025-02-30", "no_date", "taken:2025-02-30"),
        ("taken:2026..2024", "no_date", "taken:2026..2024"),
        ("taken:..", "no_date", "taken:.."),
        ("taken:9999", "no_date", "taken:9999"),
        ("taken:２０２４", "no_date", "taken:２０２４"),
        ("colour:bleu", "unknown_choice", "colour:bleu"),
        ("licence:mit", "unknown_choice", "licence:mit"),
        ("is:round", "unknown_choice", "is:round"),
        ("is:liked", "log_in_for_liked", "is:liked"),
        ("said:god", "unknown_choice", "said:god"),
        ("heron OR said:people", "said_inside", "said:people"),
        ("-said:people", "said_inside", "said:people"),
        ("said:people said:network", "said_inside", "said:people"),
        ("(" * 25 + "a" + ")" * 25, "too_deep", "("),
        ("-" * 30 + "a", "too_deep", "-"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(question: str, code: str, part: str) -> None:
    with pytest.raises(QuestionError) as caught:
        understand_question(question, NOBODY)
    error = caught.value
    assert (error.code, question[error.start : error.end]) == (code, part)
    sentence = explain(error)
    assert "%(" not in sentence
    assert f"(at character {error.start + 1})" in sentence


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("tags:heron", "There is no field “tags:”. Did you mean “tag:”?"),
        ("camra:R5", "There is no field “camra:”. Did you mean “camera:”?"),
        ("owner:alice", "There is no field “owner:”. Did you mean “by:”?"),
        ("zzz:1", "There is no field “zzz:”. To search for the words themselves"),
        ("colour:bleu", "“colour:bleu” is none of: red, orange,"),
        ("after:soon", "“soon” is no date. Write a year, a month or a day"),
        ("heron AND", "Nothing follows “AND”."),
    ],
)
def test_a_mistake_is_explained_in_a_sentence(question: str, sentence: str) -> None:
    with pytest.raises(QuestionError) as caught:
        understand_question(question, NOBODY)
    assert explain(caught.value).startswith(sentence)


def test_long_questions_are_refused_with_their_length() -> None:
    assert len(understand_question("x" * 1999, NOBODY).nodes) == 1
    with pytest.raises(QuestionError) as caught:
        understand_question("x" * 2000, NOBODY)
    assert explain(caught.value) == (
        "The question has 2000 characters; 1999 are the most it may have."
    )
    assert len(understand_question("a " * 24, NOBODY).nodes) == 24
    with pytest.raises(QuestionError) as caught:
        understand_question("a " * 25, NOBODY)
    assert explain(caught.value).startswith("The question asks 25 things at once; 24 are the most.")


def test_any_rubble_is_understood_or_refused_at_a_place_inside_it() -> None:
    pieces = ["heron", "AND", "OR", "NOT", "-", "(", ")", '"', "“", "tag:", "by:", ":", " ", ",",
              "2024", "..", "é", "\u200b", "🦀", "<b>", "taken:2024", "is:"]  # fmt: skip
    randomly = random.Random(5)
    understood = 0
    for _ in range(3000):
        question = "".join(randomly.choices(pieces, k=randomly.randint(1, 9)))
        try:
            tree = understand_question(question, NOBODY)
        except QuestionError as error:
            assert error.code in SENTENCES
            assert 0 <= error.start <= error.end <= len(question)
            assert explain(error)
        else:
            understood += 1
            for term in terms_of(tree):
                written = term.text if isinstance(term, Word) else term.value
                assert written in " ".join(question[term.start : term.end].split())
    assert understood > 300


def test_each_outermost_part_has_a_place_of_its_own() -> None:
    question = 'heron (boat OR ship) -"grey cat" by:alice'
    parts = [question[node.start : node.end] for node in read_question(question).nodes]
    assert parts == ["heron", "(boat OR ship)", '-"grey cat"', "by:alice"]


def test_two_spellings_of_a_field_mean_the_same() -> None:
    tree = understand_question("color:GRAY license:CC0", NOBODY)
    assert len(tree.nodes) == 2
    assert "colour" in FIELDS


def test_either_binds_weaker_than_all() -> None:
    (either,) = read_question("a b OR c d").nodes
    assert isinstance(either, Either)
    assert [shape(node) for node in either.nodes] == ["(a & b)", "(c & d)"]


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2024", date(2024, 1, 1), date(2025, 1, 1)),
        ("2024-12", date(2024, 12, 1), date(2025, 1, 1)),
        ("2024-2", date(2024, 2, 1), date(2024, 3, 1)),
        ("2024-02-29", date(2024, 2, 29), date(2024, 3, 1)),
        ("2023..2024-05", date(2023, 1, 1), date(2024, 6, 1)),
        ("2024-05..", date(2024, 5, 1), None),
        ("..2024", None, date(2025, 1, 1)),
    ],
)
def test_periods_begin_and_end_on_days(text: str, start: date | None, end: date | None) -> None:
    assert read_period(text) == Period(start, end)


def test_a_date_stands_for_its_first_day() -> None:
    assert read_first_day("2025-05") == date(2025, 5, 1)


def test_words_of_texts_are_compared_without_case_and_in_one_form() -> None:
    assert split_words("Grey-Heron, the GREY heron's «Été»") == ["grey", "heron", "the", "s", "été"]
    assert split_words("e\u0301te\u0301") == ["été"]
    assert split_words("") == split_words("!?… 🦀") == []
    assert split_words("x" * 500) == ["x" * 64]

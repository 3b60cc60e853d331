"""People's own words: what is kept of them, and how they are shown."""

from __future__ import annotations

import pytest

from gallery.plain_text import clean_text, in_one_line, show_text


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Lovely.  ", "Lovely."),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("one\n\n\n \n\n\ntwo", "one\n\ntwo"),
        ("nul\x00 bell\x07 escape\x1b", "nul bell escape"),
        ("turned \u202eround\u202c and \u2066isolated\u2069", "turned round and isolated"),
        ("e" + "\u0301" * 40, "\u00e9" + "\u0301" * 4),
        ("Q" + "\u0316" * 40 + "Z" + "\u0316" * 40, "Q" + "\u0316" * 4 + "Z" + "\u0316" * 4),
        ("Vietnamese: \u1ec7, Hindi: \u0928\u093f, Hebrew: \u05e9\u05b8\u05c1", None),
        ("👩‍👩‍👧 and ❤️", None),
        ("می‌خواهم", None),
    ],
)
def test_words_are_made_plain(typed: str, kept: str | None) -> None:
    assert clean_text(typed) == (typed if kept is None else kept)


@pytest.mark.parametrize(
    "typed", ["", "   ", "\n\t\n", "\u200b\u200b", "\ufeff", "\u0301", "\u00a0"]
)
def test_what_nobody_would_see_is_nothing(typed: str) -> None:
    assert clean_text(typed) == ""


def test_html_is_shown_as_text_and_addresses_become_links_that_lend_no_name() -> None:
    shown = show_text('<script>alert("1")</script>\nhttps://example.org/?a=1&b="2"')
    assert "&lt;script&gt;" in shown
    assert "<script" not in shown
    assert '<a href="https://example.org/?a=1&amp;b=" rel="nofollow ugc noopener">' in shown
    assert "<br>" in shown


@pytest.mark.parametrize(
    "typed", ["javascript:alert(1)", "data:text/html,hello", "vbscript:x", "file:///etc/passwd"]
)
def test_other_addresses_stay_words(typed: str) -> None:
    assert "<a" not in show_text(typed)


def test_paragraphs_and_line_breaks_are_kept() -> None:
    assert show_text("one\ntwo\n\nthree") == "<p>one<br>two</p>\n\n<p>three</p>"


def test_a_quote_is_one_line_and_not_too_long() -> None:
    assert in_one_line("a\n b\tc", 10) == "a b c"
    assert in_one_line("x" * 20, 10) == "x" * 9 + "…"

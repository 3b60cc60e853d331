"""What a tag may be called and which address it gets."""

from __future__ import annotations

import unicodedata

import pytest
from django.urls import resolve, reverse

from tagging.names import TagNameError, normalise_tag_name, tag_slug
from tagging.services.tags import find_or_create_tag, find_or_create_tags


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("  Grey   Heron ", "grey heron"),
        ("shoes", "shoes"),
        ("T-Shirt", "t-shirt"),
        ("cafe\u0301", "café"),
        ("ÄPFEL", "äpfel"),
        ("Кошка", "кошка"),
        ("猫", "猫"),
        ("🦀", "🦀"),
        ("कुत्ता", "कुत्ता"),
        ("a\tb", "a b"),
        ("👩‍👧", "👩‍👧"),
        ("x" * 64, "x" * 64),
        ("?", "?"),
    ],
)
def test_a_name_is_trimmed_composed_and_lowered_and_nothing_else(text: str, name: str) -> None:
    assert normalise_tag_name(text) == name
    assert normalise_tag_name(name) == name


@pytest.mark.parametrize("text", ["İstanbul", "ΣΑΣ", "ǅ", "ﬁsh", "é"])
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise_tag_name(text)
    assert normalise_tag_name(once) == once
    assert unicodedata.is_normalized("NFC", once)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "at least one"),
        ("   \t ", "at least one"),
        ("\u200d", "at least one"),
        ("\u0301", "at least one"),
        ("x" * 65, "65 characters"),
        ("<b>cat</b>", "plain words"),
        ("a > b", "plain words"),
        ("cat\x00", "control"),
        ("cat\x1b[0m", "control"),
        ("\u202egnp", "invisible"),
        ("zero\u200bwidth", "invisible"),
        ("\ud800", "invisible"),
    ],
)
def test_an_impossible_name_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(TagNameError, match=reason):
        normalise_tag_name(text)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("grey heron", "grey-heron"),
        ("t-shirt", "t-shirt"),
        ("c++", "c-u2b-u2b"),
        ("🦀", "u1f980"),
        ("i ❤️ cats", "i-u2764-cats"),
        ("猫", "猫"),
        ("कुत्ता", "कुत्ता"),
        ("..", "u2e-u2e"),
        ("a/b", "a-b"),
    ],
)
def test_an_address_keeps_the_script_and_spells_out_symbols(name: str, slug: str) -> None:
    assert tag_slug(name) == slug


def test_a_very_long_address_is_shortened_and_still_differs() -> None:
    crabs, whales = tag_slug("🦀" * 64), tag_slug("🦀" * 63 + "🐳")
    assert max(len(crabs), len(whales)) <= 150
    assert crabs != whales


@pytest.mark.django_db
def test_names_that_share_an_address_stay_two_tags_with_two_addresses() -> None:
    tags = [find_or_create_tag(name=name) for name in ("t-shirt", "t shirt", "t.shirt")]
    assert [tag.slug for tag in tags] == ["t-shirt", "t-shirt-2", "t-shirt-3"]
    assert find_or_create_tag(name="T  Shirt") == tags[1]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name", ["autocomplete", "🦀", "..", "猫", "c#", "کتاب‌ها", "x" * 64, "%2f"]
)
def test_every_tag_has_an_address_that_leads_to_its_page(name: str) -> None:
    tag = find_or_create_tag(name=name)
    address = reverse("tagging:tag", args=[tag.slug])
    assert resolve(f"/tags/{tag.slug}/").view_name == "tagging:tag"
    assert address.startswith("/tags/")


@pytest.mark.django_db
def test_many_names_become_tags_in_one_go_and_existing_ones_are_found() -> None:
    heron = find_or_create_tag(name="heron")
    tags = find_or_create_tags(names=["Heron", "stork", "STORK "])
    assert set(tags) == {"heron", "stork"}
    assert tags["heron"] == heron

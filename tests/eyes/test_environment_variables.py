"""A wrong setting stops the start with its name and value, never with a guess."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from eyes.env import env_choice, env_flag, env_list, env_minutes, env_number, env_text


def test_unset_and_empty_variables_give_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EYES_THING", raising=False)
    assert env_text("EYES_THING", "tea") == "tea"
    assert env_number("EYES_THING", 7) == 7
    assert env_flag("EYES_THING", default=True) is True
    monkeypatch.setenv("EYES_THING", "  ")
    assert env_text("EYES_THING", "tea") == "tea"


@pytest.mark.parametrize(("word", "meaning"), [("1", True), ("Yes", True), ("off", False)])
def test_a_flag_reads_common_words(
    monkeypatch: pytest.MonkeyPatch, word: str, meaning: bool
) -> None:
    monkeypatch.setenv("EYES_THING", word)
    assert env_flag("EYES_THING", default=not meaning) is meaning


def test_a_list_is_split_at_commas_without_empty_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EYES_THING", "a, b,,c ")
    assert env_list("EYES_THING") == ["a", "b", "c"]


@pytest.mark.parametrize("value", ["many", "-1", "1.5"])
def test_a_bad_number_is_refused_by_name_and_value(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("EYES_THING", value)
    with pytest.raises(ImproperlyConfigured, match=f"EYES_THING.*{value}"):
        env_number("EYES_THING", 7)


def test_minutes_may_be_fractions_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    assert env_minutes("EYES_THING", 15) == 15
    monkeypatch.setenv("EYES_THING", "0.5")
    assert env_minutes("EYES_THING", 15) == 0.5
    for value in ("soon", "-1", "nan", "inf"):
        monkeypatch.setenv("EYES_THING", value)
        with pytest.raises(ImproperlyConfigured, match=f"EYES_THING.*{value}"):
            env_minutes("EYES_THING", 15)


def test_a_bad_flag_or_choice_is_refused_and_the_choices_are_listed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EYES_THING", "perhaps")
    with pytest.raises(ImproperlyConfigured, match="EYES_THING='perhaps'"):
        env_flag("EYES_THING", default=True)
    with pytest.raises(ImproperlyConfigured, match="onnx, keras"):
        env_choice("EYES_THING", "onnx", ("onnx", "keras"))

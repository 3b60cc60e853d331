"""The German catalogue: compiled as committed, complete, and true to its placeholders."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import polib
import pytest
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(settings.BASE_DIR)
CATALOGUE = ROOT / "locale" / "de" / "LC_MESSAGES" / "django.po"
ROOMS = ("eyes", "gallery", "tagging", "training")
MARKS = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy",
         "pgettext", "pgettext_lazy", "npgettext", "npgettext_lazy"}  # fmt: skip
LITERAL = r"""u?(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")"""
MARKED_IN_TEMPLATES = re.compile(rf"\b(n?p?gettext)\(({LITERAL}(?:, {LITERAL})*)")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%s|%%\d?|\[\w+\]|\{\w+\}")


class Text(NamedTuple):
    """One text that people read, as the catalogue files it."""

    context: str | None
    one: str
    many: str


def read_call(name: str, arguments: list[str]) -> Text:
    """Return the text of a call such as `npgettext(context, one, many, number)`."""
    context = arguments.pop(0) if "pgettext" in name else None
    return Text(context, arguments[0], arguments[1] if name.startswith("n") else "")


def strings_of(call: ast.Call) -> list[str]:
    """Return the leading arguments of a call that are plain text."""
    values = [node.value for node in call.args if isinstance(node, ast.Constant)]
    return [value for value in values if isinstance(value, str)]


def marked_in(source: str) -> Iterator[Text]:
    """Yield every text that Python code marks."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            strings = strings_of(node) if node.func.id in MARKS else []
            if strings:
                yield read_call(node.func.id, strings)


def marked_texts() -> set[Text]:
    """Return every text that templates and code of this checkout mark."""
    found = set()
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            found.update(marked_in(path.read_text(encoding="utf-8")))
    for path in (ROOT / "templates").rglob("*.*"):
        if path.suffix in {".html", ".txt"}:
            code = templatize(path.read_text(encoding="utf-8"), origin=str(path))
            for name, arguments in MARKED_IN_TEMPLATES.findall(code):
                found.update(marked_in(f"{name}({arguments})"))
    return found


@pytest.fixture(scope="module")
def catalogue() -> polib.POFile:
    """The German catalogue as translators edit it."""
    return polib.pofile(str(CATALOGUE))


def test_every_text_is_translated(catalogue: polib.POFile) -> None:
    known = {(entry.msgctxt, entry.msgid, entry.msgid_plural) for entry in catalogue}
    texts = marked_texts()
    assert len(texts) > 400, "the search for texts is broken"
    missing = sorted(str(text.one) for text in texts if tuple(text) not in known)
    assert not missing, "`make words` collects new texts; then translate them"
    assert not [entry.msgid for entry in catalogue if not entry.translated() or entry.fuzzy]


def test_translations_keep_every_placeholder(catalogue: polib.POFile) -> None:
    for entry in catalogue:
        pairs = [(entry.msgid, entry.msgstr)]
        if entry.msgid_plural:
            pairs = [(entry.msgid_plural, entry.msgstr_plural[1])]
            # "One photo" needs no number, in either language.
            one = set(PLACEHOLDER.findall(entry.msgstr_plural[0]))
            assert one <= set(PLACEHOLDER.findall(entry.msgid_plural)), entry.msgid
        for text, translation in pairs:
            wanted = set(PLACEHOLDER.findall(text))
            assert set(PLACEHOLDER.findall(translation)) == wanted, entry.msgid


def test_quotes_are_german(catalogue: polib.POFile) -> None:
    for entry in catalogue:
        told = " ".join([entry.msgstr, *entry.msgstr_plural.values()])
        told = re.sub(r"<[^>]*>", "", told)
        assert '"' not in told
        assert told.count("„") == told.count("“"), entry.msgid
        assert not re.search(r"\bSie haben\b|\bIhre[nr]? (Fotos|Konto)\b", told), entry.msgid


def test_the_compiled_file_says_the_same(catalogue: polib.POFile) -> None:
    compiled = polib.mofile(str(CATALOGUE.with_suffix(".mo")))
    said = {(entry.msgctxt, entry.msgid): (entry.msgstr, entry.msgstr_plural) for entry in compiled}
    assert said == {
        (entry.msgctxt, entry.msgid): (entry.msgstr, entry.msgstr_plural) for entry in catalogue
    }, "`make words` compiles"

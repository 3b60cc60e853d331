"""Every text in a template that people read is marked for translation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings

TEMPLATES = Path(settings.BASE_DIR) / "templates"

# Moderators' own pages in the admin speak English, as the sentences of its log do.
UNTRANSLATED = {"admin"}
# Invented tags on the page of the design: examples, as people would type them.
EXAMPLES = {"_design_components.html": {"heron", "bird", "lake", "boat"}}

READ_ATTRIBUTES = {"alt", "title", "placeholder", "label", "aria-label", "aria-description",
                   "aria-roledescription", "aria-valuetext", "data-confirm"}  # fmt: skip
COMMENT = re.compile(r"{#.*?#}|{%\s*comment\b.*?{%\s*endcomment\s*%}", re.S)
# What `block width` holds are classes, not words.
CLASSES = re.compile(r"{%\s*block width\s*%}.*?{%\s*endblock\b.*?%}", re.S)
TRANSLATED = re.compile(r"{%\s*blocktrans(?:late)?\b.*?{%\s*endblocktrans(?:late)?\s*%}", re.S)
MARKED = re.compile(r"{%\s*trans(?:late)?\b.*?%}|\b_\((?:\"[^\"]*\"|'[^']*')\)", re.S)
CODE = re.compile(r"{%.*?%}|{{.*?}}", re.S)
GIVEN = re.compile(r"(\w+)[=:](?:\"([^\"]*)\"|'([^']*)')")
WORD = re.compile(r"[A-Za-z]{2,}")
SENTENCE = re.compile(r"^[A-Z][a-z]+\b")


class VisibleText(HTMLParser):
    """Collects what a page shows or reads out."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in {"script", "style"}
        self.found += [value for name, value in attrs if value and name in READ_ATTRIBUTES]

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in {"script", "style"}

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.found.append(data)


def without_marked(source: str) -> str:
    """Return a template without what is translated or never read."""
    for pattern in (COMMENT, CLASSES, TRANSLATED, MARKED):
        source = pattern.sub("", source)
    return source


def unmarked_in(source: str) -> Iterator[str]:
    """Yield the English that a template shows as it stands."""
    source = without_marked(source)
    page = VisibleText()
    page.feed(CODE.sub("", source))
    yield from (" ".join(text.split()) for text in page.found if WORD.search(text))
    for code in CODE.findall(source):
        for _name, double, single in GIVEN.findall(code):
            if SENTENCE.match(double or single):
                yield double or single


def templates() -> list[Path]:
    """Return every template that this test reads."""
    found = [path for path in TEMPLATES.rglob("*.*") if path.suffix in {".html", ".txt", ".xml"}]
    return [path for path in found if path.relative_to(TEMPLATES).parts[0] not in UNTRANSLATED]


def test_every_visible_text_of_a_template_is_marked() -> None:
    found = {}
    for path in templates():
        said = set(unmarked_in(path.read_text(encoding="utf-8")))
        said -= EXAMPLES.get(str(path.relative_to(TEMPLATES)), set())
        if said:
            found[str(path.relative_to(TEMPLATES))] = sorted(said)
    assert not found


def test_the_search_reads_enough_templates() -> None:
    assert len(templates()) > 120


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("<p>Delete it</p>", ["Delete it"]),
        ('<button aria-label="Delete {{ name }}">×</button>', ["Delete"]),
        ('{{ title|default:"No title" }}', ["No title"]),
        ('{% include "a.html" with label="Delete" %}', ["Delete"]),
        ('{% include "a.html" with class="icon icon--big" %}', []),
        ('<p>{% translate "Delete it" %}</p>', []),
        ('<p title="{% translate "Delete" %}">{{ name }}</p>', []),
        ("{% blocktranslate trimmed %}Delete it{% endblocktranslate %}", []),
        ('{% include "a.html" with label=_("Delete") %}', []),
        ("<!-- never read --><script>const word = 1;</script>{# nor this #}", []),
        ("<p>{{ photos }} × {{ size }} · ✓</p>", []),
    ],
)
def test_the_search_tells_marked_from_unmarked(template: str, said: list[str]) -> None:
    assert list(unmarked_in(template)) == said

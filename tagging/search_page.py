"""What the search page shows beside photos: chips, the number found, and ways on from nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import reduce
from operator import and_
from typing import Final

from django.db.models import Q
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext, gettext_noop

from gallery.models import Image, ImageQuerySet, Viewer
from gallery.paging import PhotoPage, Sort, page_of_photos
from tagging.filters import FIELD_PARAMETERS, ImageFilter
from tagging.finding.conditions import term_of
from tagging.finding.errors import QuestionError
from tagging.finding.fields import name_of
from tagging.finding.tree import Field, Node, Not, Word, terms_of
from tagging.models import Tag
from tagging.searching import MOST_COUNTED

# So many shorter questions are tried where nothing was found.
MOST_SHORTER: Final = 4
MOST_NEAR: Final = 5
# Tags that begin like a misspelt word: enough of them to find the one that was meant.
_TAGS_COMPARED: Final = 2000
EXAMPLES: Final = (
    ("heron -boat", gettext_noop("herons without a boat")),
    ('"grey heron" OR stork', gettext_noop("either of these; words in quotation marks together")),
    ("bird NOT (duck OR swan)", gettext_noop("parentheses hold together")),
    ("tag:heron said:people", gettext_noop("exactly this tag, given by people")),
    ("by:alice album:summer", gettext_noop("of one person, in an album")),
    ('camera:"EOS R5" is:portrait', gettext_noop("camera and shape: portrait, landscape, square")),
    ("taken:2024-05..2024-07", gettext_noop("when it was taken: a year, month, day, or from..to")),
    ("after:2025-05 before:2025-06-15", gettext_noop("when it was shared")),
    ("colour:blue licence:free", gettext_noop("by colour and licence: free, by, cc0 and so on")),
    ("is:liked", gettext_noop("photos that you like")),
)


@dataclass(frozen=True)
class Chip:
    """One thing that is asked, and the address of the search without it."""

    text: str
    url: str


@dataclass(frozen=True)
class Wrong:
    """The part of a question that cannot be understood, between what stands around it."""

    before: str
    part: str
    after: str


@dataclass(frozen=True)
class Example:
    """A question that may be tried, and what it asks."""

    question: str
    meaning: str


@dataclass
class SearchPage:
    """A search as it is shown. `is_asked` is whether anything was asked at all."""

    filter: ImageFilter
    question: str
    is_asked: bool = False
    page: PhotoPage = field(default_factory=lambda: PhotoPage([], ""))
    count: int = 0
    chips: list[Chip] = field(default_factory=list)
    near_tags: list[Chip] = field(default_factory=list)
    shorter: list[Chip] = field(default_factory=list)
    wrong: Wrong | None = None

    @property
    def has_more_than_counted(self) -> bool:
        """Return whether there are more photos than were counted."""
        return self.count > MOST_COUNTED

    @property
    def values(self) -> dict[str, str]:
        """Return the parameters of the address, checked or not."""
        return {name: str(value) for name, value in self.filter.data.items()}

    @property
    def other_values(self) -> list[tuple[str, str]]:
        """Return parameters that the form has no control for, to be kept."""
        shown = ("q", "by", "sort")
        names = self.filter.base_filters
        return [(name, self.values[name]) for name in names
                if name not in shown and self.values.get(name)]  # fmt: skip

    @property
    def sorts(self) -> list[tuple[str, str]]:
        """Return the orders to choose from."""
        return [(str(value), str(label)) for value, label in Sort.choices]

    @property
    def examples(self) -> list[Example]:
        """Return questions that show what can be asked."""
        return [Example(question, gettext(meaning)) for question, meaning in EXAMPLES]

    @property
    def status(self) -> int:
        """Return the HTTP status: 422 for what cannot be understood."""
        return 200 if self.filter.is_valid() else 422


def read_search(request: HttpRequest) -> SearchPage:
    """Return the search that an address asks for, for whoever asks.

    The number of queries does not grow with the question or the library.
    """
    asked = ImageFilter(request.GET, queryset=Image.objects.all(), request=request)
    found = SearchPage(asked, request.GET.get("q", "").strip())
    if not asked.is_valid():
        if asked.form.question_error:
            found.wrong = _cut_out(found.question, asked.form.question_error)
        return found
    found.chips = [_chip(request, node) for node in asked.understood.nodes]
    if request.GET.get("tag"):
        found.chips.append(Chip(f"tag:{request.GET['tag']}", _without(request, "tag")))
    found.is_asked = bool(found.chips)
    if not found.is_asked:
        return found
    found.count, photos = _find(request, asked)
    found.page = page_of_photos(request, photos, sort=asked.sort_order)
    if found.page.is_first and not found.page.older_url:
        found.count = len(found.page.images)
    if not found.count:
        found.near_tags = _near_tags(request, asked)
        found.shorter = _shorter(request, asked)
    return found


def _find(request: HttpRequest, asked: ImageFilter) -> tuple[int, ImageQuerySet]:
    """Return how many photos there are, at most one more than are counted, and a way to them.

    Of few all are known by then, and a page of them is quickly put in order. Of many a page is
    found sooner by walking along the newest.
    """
    seen = Image.objects.visible_to(request.user)
    if asked.surely() > MOST_COUNTED:
        return MOST_COUNTED + 1, asked.filter_queryset(seen)
    ids = list(asked.gather(seen).values_list("pk", flat=True)[: MOST_COUNTED + 1])
    if len(ids) > MOST_COUNTED:
        return len(ids), asked.filter_queryset(seen)
    return len(ids), Image.objects.filter(pk__in=ids)


def _cut_out(question: str, error: QuestionError) -> Wrong | None:
    """Return the question around what is wrong with it; None where it is wrong as a whole."""
    if error.end <= error.start:
        return None
    start, end = error.start, error.end
    return Wrong(question[:start], question[start:end], question[end:])


def _chip(request: HttpRequest, node: Node) -> Chip:
    """Return the chip of an outermost part of the question, or of a parameter."""
    if isinstance(node, Field) and node.end == 0:
        parameter = next(name for name, other in FIELD_PARAMETERS.items() if other == node.name)
        return Chip(f"{node.name}:{node.value}", _without(request, parameter))
    question = request.GET.get("q", "").strip()
    return Chip(question[node.start : node.end], _with_question(request, _cut(question, node)))


def _cut(question: str, node: Node) -> str:
    """Return the question without one of its outermost parts, which “AND” may have joined."""
    before = question[: node.start].rstrip(" ,;").removesuffix(" AND").strip()
    after = question[node.end :].lstrip(" ,;").removeprefix("AND ").strip()
    if before == "AND":
        before = ""
    return f"{before} {after}".strip()


def _without(request: HttpRequest, parameter: str) -> str:
    query = _fresh(request)
    query.pop(parameter, None)
    return f"?{query.urlencode()}"


def _with_question(request: HttpRequest, question: str) -> str:
    query = _fresh(request)
    query["q"] = question
    return f"?{query.urlencode()}"


def _fresh(request: HttpRequest) -> QueryDict:
    """Return the parameters of the address from the first page on."""
    query = request.GET.copy()
    query.pop("mark", None)
    return query


def _shorter(request: HttpRequest, asked: ImageFilter) -> list[Chip]:
    """Return searches with one part less that find something."""
    conditions = asked.understood.conditions
    if not len(conditions) > 1:
        return []
    seen = Image.objects.visible_to(request.user)
    shorter = []
    for place, node in enumerate(asked.understood.nodes[:MOST_SHORTER]):
        rest = [*conditions[:place], *conditions[place + 1 :]]
        if not reduce(and_, rest, Q()):
            continue
        if asked.narrow(seen, rest).order_by().exists():
            chip = _chip(request, node)
            words = QueryDict(chip.url[1:]).get("q", "")
            shorter.append(Chip(words or chip.text, chip.url))
    return shorter


def _near_tags(request: HttpRequest, asked: ImageFilter) -> list[Chip]:
    """Return the question with a word that no tag has replaced by tags that are spelled alike."""
    question = request.GET.get("q", "").strip()
    for node in asked.form.tree.nodes:
        if isinstance(node, Not):
            continue
        for term in terms_of(node):
            is_word = isinstance(term, Word) or name_of(term) == "tag"
            name = term_of(term).name if is_word else ""
            if not name or Tag.objects.filter(name=name).exists():
                continue
            near = _spelled_alike(name, request.user)
            if near:
                start, end = term.start, term.end
                return [
                    Chip(one, _with_question(request, question[:start] + _quoted(one, term)
                                             + question[end:]))
                    for one in near
                ]  # fmt: skip
    return []


def _spelled_alike(name: str, viewer: Viewer) -> list[str]:
    """Return tags that begin with the same letter and are spelled like this, the nearest first."""
    candidates = Tag.objects.usable().told_to(viewer).filter(name__startswith=name[0])
    ordered = candidates.order_by("-photos_by_people", "-photos_by_network", "name")
    names = list(ordered.values_list("name", flat=True)[:_TAGS_COMPARED])
    return get_close_matches(name, names, n=MOST_NEAR, cutoff=0.7)


def _quoted(name: str, term: Word | Field) -> str:
    words = f'"{name}"' if " " in name else name
    return f"tag:{words}" if isinstance(term, Field) else words

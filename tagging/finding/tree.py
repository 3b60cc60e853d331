"""What a question means as a tree: words, fields, and how they are joined. Pure: no Django.

    either := all (OR all)*
    all    := one (AND? one)*
    one    := (NOT | "-") one | "(" either ")" | word | field

AND, OR and NOT are operators in capitals only, so that nobody has to quote “and”.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from tagging.finding.errors import QuestionError
from tagging.finding.tokens import Kind, Token, cut_question

# A question of more words and fields is not more precise, only slower.
MOST_TERMS: Final = 24
# Deeper than any person nests; without an end a question of parentheses would exhaust the stack.
MOST_NESTED: Final = 24


@dataclass(frozen=True)
class Word:
    """A word, or several in quotation marks, that a tag or the photo's own text has."""

    text: str
    start: int
    end: int
    is_quoted: bool = False


@dataclass(frozen=True)
class Field:
    """Something said of one property, such as the camera."""

    name: str
    value: str
    start: int
    end: int


@dataclass(frozen=True)
class Not:
    """What must not hold."""

    node: Node
    start: int
    end: int


@dataclass(frozen=True)
class All:
    """Everything of this holds; nothing in particular where there is nothing."""

    nodes: tuple[Node, ...]
    start: int
    end: int


@dataclass(frozen=True)
class Either:
    """At least one of these holds."""

    nodes: tuple[Node, ...]
    start: int
    end: int


Node: TypeAlias = Word | Field | Not | All | Either


def read_question(question: str) -> All:
    """Return the tree of a question: its outermost parts, all of which must hold.

    Raises QuestionError with the place for what cannot be understood.
    """
    tokens = cut_question(question)
    terms = [token for token in tokens if token.kind in (Kind.WORD, Kind.FIELD)]
    if len(terms) > MOST_TERMS:
        raise QuestionError(
            "too_many", terms[MOST_TERMS].start, len(question), terms=len(terms), most=MOST_TERMS
        )
    if not tokens:
        return All((), 0, len(question))
    found = _Reader(tokens, len(question)).read()
    return found if isinstance(found, All) else All((found,), found.start, found.end)


def terms_of(node: Node) -> Iterator[Word | Field]:
    """Yield every word and field of a tree from left to right."""
    if isinstance(node, Word | Field):
        yield node
    elif isinstance(node, Not):
        yield from terms_of(node.node)
    else:
        for one in node.nodes:
            yield from terms_of(one)


class _Reader:
    """Reads tokens from left to right, one step of the grammar a method."""

    def __init__(self, tokens: list[Token], length: int) -> None:
        self.tokens = tokens
        self.length = length
        self.place = 0
        self.depth = 0

    def read(self) -> Node:
        """Return the tree of all tokens."""
        found = self._either()
        left = self._next()
        if left is not None:
            # `_either` stops early only at a parenthesis that nothing opened.
            raise QuestionError("no_open", left.start, left.end)
        return found

    def _either(self) -> Node:
        nodes = [self._all()]
        while self._at(Kind.OR):
            self._take()
            nodes.append(self._all())
        return nodes[0] if len(nodes) == 1 else Either(tuple(nodes), *_span(nodes))

    def _all(self) -> Node:
        nodes = [self._one()]
        while True:
            token = self._next()
            if token is None or token.kind in (Kind.OR, Kind.CLOSE):
                break
            if token.kind == Kind.AND:
                self._take()
            nodes.append(self._one())
        return nodes[0] if len(nodes) == 1 else All(tuple(nodes), *_span(nodes))

    def _one(self) -> Node:
        token = self._next()
        if token is None or token.kind in (Kind.AND, Kind.OR, Kind.CLOSE):
            raise self._nothing_before(token)
        self._take()
        if token.kind in (Kind.NOT, Kind.MINUS):
            self._go_deeper(token)
            inner = self._one()
            self.depth -= 1
            return Not(inner, token.start, inner.end)
        if token.kind == Kind.OPEN:
            return self._grouped(token)
        if token.kind == Kind.FIELD:
            return Field(token.field, token.text, token.start, token.end)
        return Word(token.text, token.start, token.end, token.is_quoted)

    def _grouped(self, opening: Token) -> Node:
        """Return what stands in parentheses, with their places."""
        self._go_deeper(opening)
        closing = self._next()
        if closing is not None and closing.kind == Kind.CLOSE:
            raise QuestionError("empty_group", opening.start, closing.end)
        if closing is None:
            raise QuestionError("no_close", opening.start, opening.end)
        inner = self._either()
        closing = self._next()
        if closing is None:
            raise QuestionError("no_close", opening.start, opening.end)
        self._take()
        self.depth -= 1
        # A group of its own keeps its parentheses as its place.
        nodes = inner.nodes if isinstance(inner, All) else (inner,)
        return All(nodes, opening.start, closing.end)

    def _go_deeper(self, token: Token) -> None:
        self.depth += 1
        if self.depth > MOST_NESTED:
            raise QuestionError("too_deep", token.start, token.end, most=MOST_NESTED)

    def _nothing_before(self, token: Token | None) -> QuestionError:
        """Return the complaint that something is missing where this token stands."""
        before = self.tokens[self.place - 1] if self.place else None
        operators = (Kind.AND, Kind.OR, Kind.NOT, Kind.MINUS)
        if before is not None and before.kind in operators:
            return QuestionError("no_right", before.start, before.end, operator=before.text)
        if token is None:
            return QuestionError("no_right", self.length, self.length, operator="")
        if token.kind == Kind.CLOSE:
            return QuestionError("no_open", token.start, token.end)
        return QuestionError("no_left", token.start, token.end, operator=token.text)

    def _next(self) -> Token | None:
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    def _at(self, kind: Kind) -> bool:
        token = self._next()
        return token is not None and token.kind == kind

    def _take(self) -> None:
        self.place += 1


def _span(nodes: list[Node]) -> tuple[int, int]:
    """Return where the first of these begins and the last ends."""
    return nodes[0].start, nodes[-1].end

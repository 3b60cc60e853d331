"""Reads and checks the files of the bootstrap vocabulary."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TypeAlias

import numpy as np

from tagging.vocabulary.table import Floats, Vocabulary

CLASSES_FILE = "imagenet.csv"
INNER_TAGS_FILE = "tags.csv"
NEVER_SHOW_FILE = "never_show.txt"
CLASS_COUNT = 1000

Parents: TypeAlias = dict[str, tuple[str, ...]]


class BrokenVocabulary(ValueError):
    """Raised when a file of the vocabulary contradicts itself; names the file and the place."""


@cache
def load_vocabulary() -> Vocabulary:
    """Return the vocabulary that comes with eyes, read and checked once per process."""
    return read_vocabulary(Path(__file__).parent)


def read_vocabulary(folder: Path) -> Vocabulary:
    """Return the vocabulary in a folder; raise BrokenVocabulary where it is not sound.

    `imagenet.csv` (index, synset, tag, parents) has a line per class in the order of the network's
    outputs; `tags.csv` (tag, parents) holds the tags that no class carries; `never_show.txt` a
    word per line. Several parents are separated by ";". Raises OSError for a missing file.
    """
    class_tags, parents = _read_classes(folder / CLASSES_FILE)
    _read_inner_tags(folder / INNER_TAGS_FILE, parents)
    never_show = _read_never_show(folder / NEVER_SHOW_FILE)
    return build_vocabulary(class_tags, parents, never_show)


def reword_vocabulary(
    vocabulary: Vocabulary,
    meanings: Mapping[str, str],
    parents_of: Mapping[str, frozenset[str]],
) -> Vocabulary:
    """Return the vocabulary in other words: with the names that its tags have now, and below the
    tags that stand above them now.

    `meanings` holds the tag that another name means. `parents_of` must be free of circles; tags
    that are not among its keys stand below nothing. What must not be said under one name must not
    be said under another one either.
    """

    def meaning(tag: str) -> str:
        return meanings.get(tag, tag)

    parents: Parents = {}
    waiting = [meaning(tag) for tag in vocabulary.tags]
    while waiting:
        tag = waiting.pop()
        if tag not in parents:
            parents[tag] = tuple(sorted(parents_of.get(tag, ())))
            waiting.extend(parents[tag])
    class_tags = {synset: meaning(tag) for synset, tag in vocabulary.class_tags.items()}
    never_show = vocabulary.never_show | {meaning(word) for word in vocabulary.never_show}
    return build_vocabulary(class_tags, parents, never_show)


def build_vocabulary(
    class_tags: Mapping[str, str], parents: Parents, never_show: frozenset[str]
) -> Vocabulary:
    """Return the vocabulary of these classes; raise BrokenVocabulary for a circle of parents."""
    ancestors = {tag: _climb(tag, parents) for tag in parents}
    tags = tuple(sorted(parents))
    return Vocabulary(
        tags=tags,
        never_show=never_show,
        class_tags=class_tags,
        parents_of={tag: frozenset(above) for tag, above in parents.items()},
        ancestors_of=ancestors,
        coarse=_kinds(class_tags.values(), ancestors),
        membership=_membership(class_tags.values(), tags, ancestors, never_show),
    )


def _read_classes(path: Path) -> tuple[dict[str, str], Parents]:
    """Return the tag of each synset in class order, and the parents of those tags."""
    class_tags: dict[str, str] = {}
    parents: Parents = {}
    previous = ""
    for number, row in enumerate(_read_rows(path, ["index", "synset", "tag", "parents"])):
        where = f"{path.name}, line {number + 2}"
        synset, tag = row["synset"], _checked_word(row["tag"], where)
        if row["index"] != str(number) or synset <= previous:
            # ImageNet numbers its classes in the order of their synsets.
            raise BrokenVocabulary(f"{where}: class {row['index']} {synset} is out of order.")
        above = _split_parents(row["parents"], where)
        if parents.setdefault(tag, above) != above:
            raise BrokenVocabulary(f"{where}: {tag!r} had other parents on an earlier line.")
        class_tags[synset] = tag
        previous = synset
    if len(class_tags) != CLASS_COUNT:
        raise BrokenVocabulary(f"{path.name} has {len(class_tags)} classes, not {CLASS_COUNT}.")
    return class_tags, parents


def _read_inner_tags(path: Path, parents: Parents) -> None:
    """Add the tags that no class carries to `parents`."""
    for number, row in enumerate(_read_rows(path, ["tag", "parents"])):
        where = f"{path.name}, line {number + 2}"
        tag = _checked_word(row["tag"], where)
        if tag in parents:
            raise BrokenVocabulary(f"{where}: {tag!r} has its parents elsewhere already.")
        parents[tag] = _split_parents(row["parents"], where)


def _read_never_show(path: Path) -> frozenset[str]:
    """Return the words of the list, without its comments."""
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
    return frozenset(
        _checked_word(line, f"{path.name}, line {number}")
        for number, line in lines
        if line.strip() and not line.startswith("#")
    )


def _read_rows(path: Path, columns: list[str]) -> list[dict[str, str]]:
    """Return the rows of a CSV file that must have exactly these columns."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        rows = list(reader)
    if reader.fieldnames != columns or any(None in row or None in row.values() for row in rows):
        raise BrokenVocabulary(f"{path.name} must have the columns {', '.join(columns)}.")
    return rows


def _checked_word(word: str, where: str) -> str:
    """Return the word; raise BrokenVocabulary unless it is trimmed, lower case and not empty."""
    if not word or word != " ".join(word.lower().split()) or ";" in word:
        raise BrokenVocabulary(f"{where}: {word!r} is not a trimmed lower-case tag.")
    return word


def _split_parents(text: str, where: str) -> tuple[str, ...]:
    return tuple(_checked_word(word, where) for word in text.split(";")) if text else ()


def _climb(tag: str, parents: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    """Return all tags above one; raise BrokenVocabulary for an unknown parent or a circle."""
    above: set[str] = set()
    waiting = [tag]
    while waiting:
        lower = waiting.pop()
        for upper in parents[lower]:
            if upper not in parents:
                raise BrokenVocabulary(f"{lower!r} has the unknown parent {upper!r}.")
            if upper == tag:
                raise BrokenVocabulary(f"{tag!r} stands above itself.")
            if upper not in above:
                above.add(upper)
                waiting.append(upper)
    return frozenset(above)


def _kinds(class_tags: Iterable[str], ancestors: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Return the tags that have more classes under the tags below them than of their own."""
    own = Counter(class_tags)
    below = Counter[str]()
    for tag, count in own.items():
        below.update(dict.fromkeys(ancestors[tag], count))
    return frozenset(tag for tag in below if below[tag] > own[tag])


def _membership(
    class_tags: Iterable[str],
    tags: tuple[str, ...],
    ancestors: Mapping[str, frozenset[str]],
    never_show: frozenset[str],
) -> Floats:
    """Return float32 [classes, tags], read-only: 1 where a class counts for a tag."""
    column = {tag: number for number, tag in enumerate(tags)}
    matrix = np.zeros((CLASS_COUNT, len(tags)), dtype=np.float32)
    for row, tag in enumerate(class_tags):
        counted = {tag} if tag in never_show else {tag, *ancestors[tag]}
        matrix[row, [column[one] for one in sorted(counted)]] = 1
    matrix.setflags(write=False)
    return matrix

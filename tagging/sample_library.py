"""What people and the network say of the photos of a sample library."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray

from gallery.models import Image, User
from tagging.backbones.cards import get_card
from tagging.models import (
    Content,
    Embedding,
    ImageTag,
    ModelVersion,
    Suggestion,
    Tag,
    TagState,
    TwinGroup,
    Vote,
    VoteValue,
)
from tagging.names import tag_slug
from tagging.registry import live_backbone, live_version
from tagging.vocabulary import load_vocabulary

# People name what a photo shows and up to so many other things; the network offers some more.
_MORE_TAGS: Final = 3
_SUGGESTED: Final = 4
_CURATED, _CONFIRMED, _PENDING = 0.35, 0.8, 0.96


class TagsOfLibrary:
    """Writes tags, votes and suggestions of one slice of photos; words fall by Zipf's law."""

    def __init__(
        self, subjects: Mapping[int, str], people: Sequence[User], random: np.random.Generator
    ) -> None:
        self.subjects, self.people, self.random = subjects, people, random

    def write(self) -> None:
        """Write what people say first, then what the network says of other things."""
        said = {photo: self._named(subject) for photo, subject in self.subjects.items()}
        rows = [row for photo, names in said.items() for row in self._rows(photo, names)]
        ImageTag.objects.bulk_create(rows)
        Vote.objects.bulk_create(
            Vote(
                image_id=row.image_id,
                tag_id=row.tag_id,
                person_id=cast(int, row.added_by_id),
                value=VoteValue.NO if row.state == TagState.REJECTED else VoteValue.YES,
            )
            for row in rows
        )
        Suggestion.objects.bulk_create(
            suggestion for photo, names in said.items() for suggestion in self._offers(photo, names)
        )

    def _named(self, subject: str) -> list[str]:
        """Return the names that people give to a photo, the subject first."""
        more = int(self.random.integers(0, _MORE_TAGS + 1))
        return list(dict.fromkeys([subject, *self._words(more)]))

    def _words(self, number: int) -> list[str]:
        """Return some words, common ones more often."""
        places = np.searchsorted(self._shares, self.random.random(number))
        return [self._names[place] for place in places.tolist()]

    def _rows(self, photo: int, names: Sequence[str]) -> list[ImageTag]:
        chances = self.random.random(len(names)).tolist()
        people = self.random.integers(0, len(self.people), len(names)).tolist()
        return [
            ImageTag(
                image_id=photo,
                tag=self._tags[name],
                state=_state_for(chance),
                added_by=self.people[person],
            )
            for name, chance, person in zip(names, chances, people, strict=True)
        ]

    def _offers(self, photo: int, names: Sequence[str]) -> list[Suggestion]:
        words = [word for word in dict.fromkeys(self._words(_SUGGESTED)) if word not in names]
        scores = self.random.uniform(0.12, 0.99, len(words)).tolist()
        return [
            Suggestion(
                image_id=photo,
                tag=self._tags[word],
                version=self._version,
                score=score,
                is_shown=score > 0.35,
                source=Suggestion.Source.BOOTSTRAP,
            )
            for word, score in zip(words, scores, strict=True)
        ]

    @cached_property
    def _version(self) -> ModelVersion:
        return live_version()

    @cached_property
    def _names(self) -> list[str]:
        """The words of the library: what photos show, then those of the first day."""
        vocabulary = load_vocabulary()
        known = [name for name in vocabulary.tags if name not in vocabulary.never_show]
        return list(dict.fromkeys([*sorted(set(self.subjects.values())), *known]))

    @cached_property
    def _shares(self) -> NDArray[np.float64]:
        """Up to which share each word is drawn, rising to 1."""
        weights = 1.0 / (np.arange(len(self._names)) + 1.0)
        return np.asarray(np.cumsum(weights / weights.sum()))

    @cached_property
    def _tags(self) -> dict[str, Tag]:
        """Every word as a tag; those that are missing are made."""
        known = set(Tag.objects.filter(name__in=self._names).values_list("name", flat=True))
        Tag.objects.bulk_create(
            (Tag(name=name, slug=tag_slug(name)) for name in self._names if name not in known),
            ignore_conflicts=True,
        )
        tags = Tag.objects.select_related("alias_of").filter(name__in=self._names)
        return {tag.name: tag.meaning for tag in tags}


def _state_for(chance: float) -> str:
    """Return a state: most tags are confirmed or approved, few wait or were rejected."""
    if chance < _CURATED:
        return TagState.CURATED
    if chance < _CONFIRMED:
        return TagState.CONFIRMED
    return TagState.PENDING if chance < _PENDING else TagState.REJECTED


def add_vectors(subjects: Mapping[int, str], random: np.random.Generator) -> None:
    """Give the photos embeddings: those that show the same lie close together."""
    backbone = live_backbone()
    dimension = get_card(backbone).dimension
    photos = list(Image.with_trash.filter(pk__in=subjects).values_list("pk", "sha256", "dhash"))
    groups = TwinGroup.objects.bulk_create(TwinGroup() for _ in photos)
    contents = Content.objects.bulk_create(
        Content(sha256=sha256, dhash=dhash, group=group)
        for (_, sha256, dhash), group in zip(photos, groups, strict=True)
    )
    centres = {word: _centre_of(word, dimension) for word in set(subjects.values())}
    Embedding.objects.bulk_create(
        (
            Embedding(
                content=content,
                backbone=backbone,
                vector=_near(centres[subjects[pk]], random).tobytes(),
            )
            for (pk, _, _), content in zip(photos, contents, strict=True)
        ),
        batch_size=200,
    )


def _centre_of(word: str, dimension: int) -> NDArray[np.float32]:
    """Return where photos of this word lie: the same place in every library."""
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8])
    return np.random.default_rng(seed).gamma(0.5, 0.5, dimension).astype(np.float32)


def _near(centre: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float16]:
    noise = random.gamma(0.5, 0.4, len(centre))
    return (centre + noise).astype("<f2")

"""How far the network is with a tag: known, on the way, or untouched."""

from __future__ import annotations

from dataclasses import dataclass

from tagging.models import Tag
from tagging.presets import current_policy
from tagging.registry import live_version
from tagging.vocabulary import load_vocabulary


@dataclass(frozen=True)
class Knowledge:
    """What the live version knows of one tag, and what it would need to learn it."""

    version_number: int
    is_learnt: bool
    is_known_from_start: bool
    is_never_shown: bool
    learnable_photos: int
    photos_needed: int

    @property
    def is_ready(self) -> bool:
        """Return whether there are enough photos for the next lesson."""
        return self.learnable_photos >= self.photos_needed

    @property
    def photos_missing(self) -> int:
        """Return how many approved photos are still missing."""
        return max(self.photos_needed - self.learnable_photos, 0)


def knowledge_of(tag: Tag) -> Knowledge:
    """Return what the network knows of a tag that `with_learnable_photos` has counted."""
    version = live_version()
    vocabulary = load_vocabulary()
    # Versions remember names as they were when they learnt them.
    names = {tag.name, *tag.aliases.values_list("name", flat=True)}
    return Knowledge(
        version_number=version.number,
        is_learnt=not names.isdisjoint(version.labels),
        is_known_from_start=not names.isdisjoint(vocabulary.tags),
        is_never_shown=tag.never_show or not names.isdisjoint(vocabulary.never_show),
        learnable_photos=tag.learnable_photos,
        photos_needed=current_policy().learnable_photos,
    )

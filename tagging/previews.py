"""What a version would change if it went live, as figures and as the JSON that keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

# Photos named as examples; a moderator looks at a dozen, not at three hundred.
MOST_EXAMPLES = 12


@dataclass(frozen=True)
class Example:
    """A photo on show, by id, and the tags that would come and go."""

    photo: int
    gained: list[str]
    lost: list[str]


@dataclass
class Preview:
    """How many shown tags would come and go, and on how many photos.

    `looked_at` photos have a vector that the version reads, `unseen` ones have none yet.
    `per_tag` is [gained, lost] by name, `owners` the number of changes by the id (as text) of
    whose photos they are on. `against` is the number of the version that was live.
    """

    against: int
    computed_at: str = ""
    looked_at: int = 0
    unseen: int = 0
    photos: int = 0
    gained: int = 0
    lost: int = 0
    per_tag: dict[str, list[int]] = field(default_factory=dict)
    owners: dict[str, int] = field(default_factory=dict)
    examples: list[Example] = field(default_factory=list)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Preview | None:
        """Return what `as_json` gave; None where no preview was computed, or it failed."""
        if "computed_at" not in kept:
            return None
        names = set(cls.__dataclass_fields__)
        values = {name: value for name, value in kept.items() if name in names}
        examples = [Example(**each) for each in values.pop("examples", [])]
        return cls(**values, examples=examples)

    def as_json(self) -> dict[str, Any]:
        """Return the figures as a version keeps them."""
        return asdict(self)

    @property
    def moment(self) -> datetime:
        """Return when it was computed."""
        return datetime.fromisoformat(self.computed_at)

    @property
    def sentence(self) -> str:
        """Return for example `+412 / −97 tags on 300 photos, against version 13.`"""
        if not self.photos:
            text = f"No shown tag comes or goes on {_photos(self.looked_at)}"
        else:
            text = f"+{self.gained:,} / −{self.lost:,} tags on {_photos(self.photos)}"
        return f"{text}, against version {self.against}."

    @property
    def rows(self) -> list[tuple[str, int, int]]:
        """Return (tag, gained, lost), the most changed tag first."""
        rows = [(name, gained, lost) for name, (gained, lost) in self.per_tag.items()]
        return sorted(rows, key=lambda row: (-row[1] - row[2], row[0]))


def _photos(number: int) -> str:
    return f"{number:,} photo{'' if number == 1 else 's'}"

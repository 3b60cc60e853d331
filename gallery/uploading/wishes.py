"""What a person wants done with a photo that they upload."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Wishes:
    """Who may see a photo, what it is called and where it belongs, asked before it arrives.

    `album` is the id of an album that the person may add to. `new_album` comes before it: the title
    of one that is made if they have none of that name.
    """

    visibility: str
    licence: str
    teaches: bool
    title: str = ""
    description: str = ""
    alt: str = ""
    album: int | None = None
    new_album: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the wishes as they are kept with an upload; `Wishes(**kept)` reads them."""
        return asdict(self)

    @property
    def of_the_photo(self) -> dict[str, Any]:
        """Return those that are columns of the photo itself, by name."""
        return {
            name: value
            for name, value in asdict(self).items()
            if name not in ("album", "new_album")
        }

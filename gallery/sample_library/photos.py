"""The rows of a sample library's photos: who, what, when and for whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from django.utils import timezone
from numpy.typing import NDArray

from gallery.models import Colour, Image, Licence, User, Visibility
from gallery.sample_library.words import CAMERAS, MOODS, SUBJECTS

if TYPE_CHECKING:
    from gallery.sample_library.making import LibraryPlan

YEARS: Final = 4
VISIBILITIES: Final = {
    Visibility.PUBLIC: 0.88,
    Visibility.UNLISTED: 0.04,
    Visibility.FOLLOWERS: 0.04,
    Visibility.PRIVATE: 0.04,
}
LICENCES: Final = {
    Licence.ALL_RIGHTS: 0.6,
    Licence.BY: 0.15,
    Licence.BY_SA: 0.1,
    Licence.BY_NC: 0.1,
    Licence.ZERO: 0.05,
}
# Of so many photos one is hidden by a moderator, one lies in the trash.
_HIDDEN, _IN_TRASH = 0.003, 0.005
_TITLED: Final = 0.7


@dataclass(frozen=True)
class Pictures:
    """The drawings: the columns a photo of each has, and the folder with its files."""

    rows: list[dict[str, Any]]
    folders: list[Path]

    def folder_of(self, photo: Image) -> Path:
        """Return the folder with the files of the drawing that this photo shows."""
        return self.folders[self._places[photo.original_name]]

    @cached_property
    def _places(self) -> dict[str, int]:
        return {row["original_name"]: place for place, row in enumerate(self.rows)}


def zipf(number: int, *, flattened: float = 1.0) -> NDArray[np.float64]:
    """Return shares that fall as Zipf's law says: the n-th is 1/n of the first, summing to 1."""
    weights = 1.0 / (np.arange(number) + flattened)
    return np.asarray(weights / weights.sum())


def photos_of_slice(
    people: list[User],
    pictures: Pictures,
    random: np.random.Generator,
    plan: LibraryPlan,
    *,
    after: int,
    number: int,
) -> tuple[list[Image], list[str]]:
    """Return unsaved photos and what each shows; `after` is how many the library has already.

    The last photo of the library was uploaded just now, the first years ago.
    """
    owners = random.choice(len(people), number, p=zipf(len(people), flattened=10))
    shown = random.choice(len(SUBJECTS), number, p=zipf(len(SUBJECTS)))
    drawn = random.integers(0, len(pictures.rows), number)
    chance = random.random((number, 4))
    visible = random.choice(list(VISIBILITIES), number, p=list(VISIBILITIES.values()))
    licences = random.choice(list(LICENCES), number, p=list(LICENCES.values()))
    beginning = timezone.now() - timedelta(days=365 * YEARS)
    step = timedelta(days=365 * YEARS) / max(plan.photos, 1)
    photos = []
    for place in range(number):
        moment = beginning + step * (after + place + chance[place, 0])
        columns = {
            **pictures.rows[drawn[place]],
            **_own_columns(SUBJECTS[shown[place]], moment, chance[place], random),
            "owner_id": people[owners[place]].pk,
            "visibility": str(visible[place]),
            "licence": str(licences[place]),
            "teaches": plan.teaches,
        }
        photos.append(Image(**columns))
    return photos, [SUBJECTS[subject] for subject in shown]


def _own_columns(
    subject: str, moment: datetime, chance: NDArray[np.float64], random: np.random.Generator
) -> dict[str, Any]:
    """Return what this photo has for itself; what the caller sets is left out."""
    mood, camera = random.integers(0, len(MOODS)), random.integers(0, len(CAMERAS))
    is_titled = chance[1] < _TITLED
    return {
        "sha256": random.bytes(32).hex(),
        "title": f"{MOODS[mood]} {subject}" if is_titled else "",
        "description": f"A drawing that stands for a {subject}." if chance[1] < 0.2 else "",
        "alt": f"A {subject}" if chance[2] < 0.3 else "",
        "colour_name": str(random.choice(Colour.values)),
        "taken_at": moment - timedelta(days=30 * chance[2]) if CAMERAS[camera] else None,
        "camera": CAMERAS[camera],
        "exif": {"iso": 100 * int(random.integers(1, 32))} if CAMERAS[camera] else {},
        "link_key": random.bytes(11).hex(),
        "hidden_at": moment if chance[3] < _HIDDEN else None,
        "deleted_at": moment if chance[3] > 1 - _IN_TRASH else None,
        "created_at": moment,
    }

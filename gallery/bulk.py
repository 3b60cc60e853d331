"""What can be done to many photos of one's own at once; other rooms add their deeds to the list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from django.utils.functional import Promise

from gallery.models import Image, ImageQuerySet, User

Text: TypeAlias = "str | Promise"


class BulkRefused(ValueError):
    """Raised where nothing of it can be done; the message says why to a person."""


@dataclass(frozen=True)
class BulkDeed:
    """Locked photos of the person who asks, and what was chosen or written for them.

    `photos` finds the same ones in the database, however many they are.
    """

    images: Sequence[Image]
    photos: ImageQuerySet
    by: User
    value: str = ""
    word: str = ""

    @property
    def ids(self) -> list[int]:
        """Return the ids of the photos."""
        return [image.pk for image in self.images]


@dataclass(frozen=True)
class BulkAction:
    """One entry of the menu, or one for each of its choices.

    `apply` returns how many photos it changed, and runs inside the one transaction of the whole
    deed. It raises BulkRefused with a sentence where it cannot be done.
    """

    name: str
    label: Text
    apply: Callable[[BulkDeed], int]
    choices: Callable[[User], Sequence[tuple[str, Text]]] | None = None
    takes_word: bool = False

    def options(self, person: User) -> list[tuple[str, Text]]:
        """Return (value, label) of each entry of the menu: `name`, or `name:choice`."""
        if self.choices is None:
            return [(self.name, self.label)]
        return [(f"{self.name}:{value}", label) for value, label in self.choices(person)]


_ACTIONS: dict[str, BulkAction] = {}


def register_bulk_action(action: BulkAction) -> None:
    """Add a deed to the menu, or put it in the place of the one with its name."""
    _ACTIONS[action.name] = action


def bulk_actions() -> list[BulkAction]:
    """Return everything that can be done, in the order of the menu."""
    return list(_ACTIONS.values())


def find_bulk_action(deed: str) -> tuple[BulkAction, str] | None:
    """Return the action and the choice that this value of the menu means, None for neither."""
    name, _, value = deed.partition(":")
    action = _ACTIONS.get(name)
    if action is None or bool(value) != (action.choices is not None):
        return None
    return action, value

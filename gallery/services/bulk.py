"""Doing one thing to many photos of one's own: in one transaction, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gallery.bulk import BulkAction, BulkDeed, BulkRefused, Text, register_bulk_action
from gallery.chunks import chunks
from gallery.models import Album, Image, ImageQuerySet, Licence, User, Visibility
from gallery.services.albums import AlbumRefusal, add_to_album
from gallery.services.trash import trash_images

# More would keep others waiting for the transaction, and nobody oversees it.
MOST_PHOTOS: Final = 5000


@dataclass(frozen=True)
class BulkOutcome:
    """How many photos were chosen and are there, how many of them changed, and how many ids were
    nobody's, gone, or somebody else's."""

    chosen: int
    changed: int
    passed_over: int


@transaction.atomic
def do_in_bulk(
    *, action: BulkAction, value: str, word: str, images: ImageQuerySet, by: User, asked: int
) -> BulkOutcome:
    """Apply the action to those of these photos that belong to the person; return the numbers.

    The photos are locked in order of id, so that two tabs wait for each other. `asked` is how
    many the person meant. Raises BulkRefused where it cannot be done, or are too many.
    """
    own = images.filter(owner=by).order_by("pk")
    locked = list(own.select_for_update(of=("self",), no_key=True)[: MOST_PHOTOS + 1])
    if len(locked) > MOST_PHOTOS:
        raise BulkRefused(_("At most %(most)s photos at once.") % {"most": MOST_PHOTOS})
    changed = 0
    if locked:
        changed = action.apply(BulkDeed(locked, own.order_by(), by, value, word))
    return BulkOutcome(len(locked), changed, max(0, asked - len(locked)))


def update_many(deed: BulkDeed, field: str, value: object) -> int:
    """Give the photos this value of a field and return how many had another one."""
    ids = [image.pk for image in deed.images if getattr(image, field) != value]
    for part in chunks(ids):
        Image.objects.filter(pk__in=part).update(**{field: value})
    return len(ids)


def _set_visibility(deed: BulkDeed) -> int:
    return update_many(deed, "visibility", _one_of(deed.value, Visibility.values))


def _set_licence(deed: BulkDeed) -> int:
    return update_many(deed, "licence", _one_of(deed.value, Licence.values))


def _set_teaching(deed: BulkDeed) -> int:
    return update_many(deed, "teaches", _one_of(deed.value, ["yes", "no"]) == "yes")


def _add_to_album(deed: BulkDeed) -> int:
    number = deed.value[:18]
    fillable = Album.objects.fillable_by(deed.by)
    album = fillable.filter(pk=int(number)).first() if number.isdecimal() else None
    if album is None:
        raise BulkRefused(_("That album is gone."))
    try:
        return add_to_album(album=album, images=deed.images, by=deed.by)
    except AlbumRefusal as refusal:
        raise BulkRefused(str(refusal)) from refusal


def _trash(deed: BulkDeed) -> int:
    return trash_images(images=deed.photos, by=deed.by)


def _one_of(value: str, known: Sequence[str]) -> str:
    if value not in known:
        raise BulkRefused(_("There is no such choice."))
    return value


def _albums_of(person: User) -> Sequence[tuple[str, Text]]:
    titles = Album.objects.fillable_by(person).order_by("title", "pk").values_list("pk", "title")
    return [(str(pk), title) for pk, title in titles[:200]]


register_bulk_action(
    BulkAction("album", gettext_lazy("Add to album"), _add_to_album, choices=_albums_of)
)
register_bulk_action(
    BulkAction(
        "visibility",
        gettext_lazy("Who may see them"),
        _set_visibility,
        choices=lambda person: Visibility.choices,
    )
)
register_bulk_action(
    BulkAction(
        "licence", gettext_lazy("Licence"), _set_licence, choices=lambda person: Licence.choices
    )
)
register_bulk_action(
    BulkAction(
        "teaches",
        gettext_lazy("May the network learn from them?"),
        _set_teaching,
        choices=lambda person: [
            ("yes", gettext_lazy("They may teach it")),
            ("no", gettext_lazy("Keep them out of its lessons")),
        ],
    )
)
register_bulk_action(BulkAction("trash", gettext_lazy("Delete"), _trash))

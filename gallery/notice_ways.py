"""How people hear of things: in which language; on the page, by mail, both or not at all."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from typing import NamedTuple

from django.conf import settings
from django.utils import translation

from gallery.models import NoticeChoice, NoticeKind, User


class Way(NamedTuple):
    """The two ways in which a notice reaches a person."""

    on_page: bool
    by_mail: bool


# What holds for whoever has not chosen. Mail is for what waits for an answer or is handed over.
USUAL_WAYS: Mapping[str, Way] = {
    NoticeKind.COMMENT: Way(on_page=True, by_mail=True),
    NoticeKind.LIKE: Way(on_page=True, by_mail=False),
    NoticeKind.FOLLOW: Way(on_page=True, by_mail=False),
    NoticeKind.ALBUM: Way(on_page=True, by_mail=True),
    NoticeKind.LEARNING: Way(on_page=True, by_mail=False),
    NoticeKind.TRANSFER: Way(on_page=True, by_mail=True),
    # Moderators get a mail of its own where a version was rolled back.
    NoticeKind.MODERATION: Way(on_page=True, by_mail=False),
}


def language_of(person: User) -> AbstractContextManager[None]:
    """Return a context in which texts come in this person's language."""
    return translation.override(person.language or settings.LANGUAGE_CODE)


def kinds_for(person: User) -> list[NoticeKind]:
    """Return the kinds that may reach this person, in the order of the table above."""
    kinds = [NoticeKind(kind) for kind in USUAL_WAYS]
    return kinds if person.is_staff else [kind for kind in kinds if kind != NoticeKind.MODERATION]


def ways_by_person(people: Collection[int], kind: str) -> dict[int, Way]:
    """Return how each of these people wants to hear of this kind, in one query."""
    chosen = NoticeChoice.objects.filter(person_id__in=people, kind=kind)
    ways = dict.fromkeys(people, USUAL_WAYS[kind])
    for choice in chosen:
        ways[choice.person_id] = Way(choice.on_page, choice.by_mail)
    return ways


def ways_by_kind(person: User) -> dict[str, Way]:
    """Return how this person wants to hear of each kind, in one query."""
    ways = dict(USUAL_WAYS)
    for choice in NoticeChoice.objects.filter(person=person, kind__in=USUAL_WAYS):
        ways[choice.kind] = Way(choice.on_page, choice.by_mail)
    return ways


def choose_ways(*, person: User, ways: Mapping[str, Way]) -> None:
    """Remember how this person wants to hear of these kinds, in one statement."""
    NoticeChoice.objects.bulk_create(
        [
            NoticeChoice(person=person, kind=kind, on_page=way.on_page, by_mail=way.by_mail)
            for kind, way in ways.items()
        ],
        update_conflicts=True,
        unique_fields=["person", "kind"],
        update_fields=["on_page", "by_mail"],
    )


def stop_mails(*, person: User, kind: str) -> None:
    """Send this person no more mails of this kind; the notices on the page stay as they are."""
    way = ways_by_person([person.pk], kind)[person.pk]
    choose_ways(person=person, ways={kind: way._replace(by_mail=False)})

"""Questions that people keep under a name."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from django.db import transaction
from django.http import QueryDict
from django.utils.translation import gettext as _

from gallery.models import User
from tagging.models import SavedSearch

MOST: Final = 100
LONGEST_ADDRESS: Final = 2000
LONGEST_NAME: Final = 100


class SavedSearchError(ValueError):
    """The search cannot be kept so; the message tells a person why."""


@transaction.atomic
def save_search(*, person: User, name: str, address: str) -> SavedSearch:
    """Return the search kept under this name; one that had the name before is replaced.

    `address` is the query string of the search page; the place in the list is left out of it.
    Raises SavedSearchError for a hundred and first search, for an empty or over-long name and for
    an over-long address.
    """
    clean = clean_name(name)
    query = kept_part(address)
    _lock(person)
    known = SavedSearch.objects.filter(person=person, name=clean).first()
    if known is not None:
        known.address = query
        known.save(update_fields=["address"])
        return known
    return _keep(person, clean, query)


@transaction.atomic
def bring_in_search(*, person: User, name: str, address: str) -> bool:
    """Keep a search of a takeout and return True; False where the name is taken, which stays so.

    Raises SavedSearchError for a hundred and first search, and where nothing is asked.
    """
    query = kept_part(address)
    _lock(person)
    if SavedSearch.objects.filter(person=person, name=name).exists():
        return False
    _keep(person, name, query)
    return True


@transaction.atomic
def rename_search(*, search: SavedSearch, name: str) -> SavedSearch:
    """Return the search under another name; raise SavedSearchError for one that is taken."""
    clean = clean_name(name)
    _lock(search.person)
    others = SavedSearch.objects.filter(person=search.person, name=clean).exclude(pk=search.pk)
    if others.exists():
        raise SavedSearchError(
            _("Another of your searches is called “%(name)s”.") % {"name": clean}
        )
    search.name = clean
    search.save(update_fields=["name"])
    return search


def clean_name(name: str) -> str:
    """Return the name with single spaces; raise SavedSearchError for an impossible one."""
    clean = " ".join(name.replace("\x00", "").split())
    if not clean:
        raise SavedSearchError(_("Give the search a name."))
    if len(clean) > LONGEST_NAME:
        raise SavedSearchError(
            _("A name has at most %(most)s characters; this one has %(length)s.")
            % {"most": LONGEST_NAME, "length": len(clean)}
        )
    return clean


def kept_part(address: str) -> str:
    """Return the parameters that make a search, without the place in the list and empty ones."""
    query = QueryDict(address.replace("\x00", "").removeprefix("?"))
    pairs = [(key, value) for key, value in query.items() if value and key != "mark"]
    kept = urlencode(pairs)
    if not kept:
        raise SavedSearchError(_("There is no question to save."))
    if len(kept) > LONGEST_ADDRESS:
        raise SavedSearchError(_("This question is too long to be saved."))
    return kept


def _keep(person: User, name: str, query: str) -> SavedSearch:
    """Return the new search; raise SavedSearchError for a hundred and first."""
    if SavedSearch.objects.filter(person=person).count() >= MOST:
        raise SavedSearchError(
            _("You keep %(most)s searches already. Delete one first.") % {"most": MOST}
        )
    return SavedSearch.objects.create(person=person, name=name, address=query)


def _lock(person: User) -> None:
    """Let two tabs of one person save one after the other."""
    list(User.objects.filter(pk=person.pk).select_for_update(no_key=True).values_list("pk"))

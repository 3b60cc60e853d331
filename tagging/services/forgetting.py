"""What goes when a person leaves: everything that names them or tells where they were."""

from __future__ import annotations

from gallery.models import User
from tagging.models import ClosedWorld, ReviewTask, SavedSearch, Sighting, TwinChoice


def forget_person(*, person: User) -> None:
    """Delete the person's searches, sightings and open questions, and their name in imports.

    Votes, answers and events stay: they belong to a row that has no name any more. Runs inside
    the transaction that closes the account, while the row still has its name.
    """
    SavedSearch.objects.filter(person=person).delete()
    Sighting.objects.filter(person=person).delete()
    TwinChoice.objects.filter(owner=person).delete()
    ReviewTask.objects.filter(person=person).open().delete()
    # An import is called after who made it and the folder on their disk.
    begins = f"{person.username}: "
    worlds = ClosedWorld.objects.filter(name__startswith=begins)
    for world in worlds:
        world.name = f"import {world.pk} of somebody who left"
        world.save(update_fields=["name"])

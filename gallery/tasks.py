"""Jobs of this room. Each may run twice without harm."""

from __future__ import annotations


def prune_notices() -> str:
    """Delete what people were told long ago; return in words how much that was."""
    from gallery import notices

    return f"{notices.prune_notices()} old notices deleted."


def empty_expired_trash() -> str:
    """Delete for good what has been in the trash for thirty days; for every day."""
    from gallery.services import trash

    return f"{trash.empty_expired_trash()} photos left the trash for good."


def write_takeout(key: str, ticket: str) -> str:
    """Write everything of a person into one file; only the newest ticket does anything."""
    from gallery.services import takeout

    return takeout.write_takeout(key=key, ticket=ticket)


def read_takeout(key: str, ticket: str) -> str:
    """Bring an uploaded takeout in; only the newest ticket does anything."""
    from gallery.services import takeout_import

    return takeout_import.read_takeout(key=key, ticket=ticket)


def resume_transfers() -> str:
    """Hand out again what a killed job left of takeouts and imports; for every hour."""
    from gallery.services import transfers

    return f"{transfers.resume_transfers()} takeouts and imports were handed out again."


def sweep_transfers() -> str:
    """Remove takeouts that nobody fetched within a week; for every day."""
    from gallery.services import transfers

    return f"{transfers.sweep_transfers()} takeouts and imports removed."


def delete_what_was_left(person_id: int) -> str:
    """Delete what a person who left had here; may be repeated until nothing is left."""
    from gallery.services import leaving

    return leaving.delete_what_was_left(person_id=person_id)


def finish_leavings() -> str:
    """Go on where a job that deletes what people left was killed; for every day."""
    from gallery.services import leaving

    return f"{leaving.finish_leavings()} people who left are gone entirely."

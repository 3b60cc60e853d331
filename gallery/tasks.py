"""Jobs of this room. Each may run twice without harm."""

from __future__ import annotations

from django_q.tasks import async_task

from gallery.imaging.errors import UnreadablePhoto


def prune_notices() -> str:
    """Delete what people were told long ago; return in words how much that was."""
    from gallery import notices

    return f"{notices.prune_notices()} old notices deleted."


def make_renditions(image_id: int, stepped_aside: bool = False) -> str:
    """Make the further formats of a new photo; return in words what was done.

    The job steps aside once: whatever was asked for together with it, tags first of all, goes
    before it.
    """
    from gallery.services.renditions import complete_renditions

    if not stepped_aside:
        async_task("gallery.tasks.make_renditions", image_id, True, save=False)
        return f"Photo {image_id} waits for what is more urgent."
    try:
        made = complete_renditions(image_id=image_id)
    except UnreadablePhoto as problem:
        return f"Photo {image_id}: {problem}"
    return f"Photo {image_id} has {'its' if made else 'no'} new renditions."


def complete_photos(after: int = 0) -> str:
    """Give the next photo after this id that lacks something what it lacks, and go on; nightly.

    One photo a job, so that nobody's tags wait for a library that was imported or is older than
    these renditions. A photo that cannot be completed is passed over until the next night.
    """
    from gallery.services.renditions import complete_image, incomplete_images

    pk = incomplete_images().filter(pk__gt=after).values_list("pk", flat=True).first()
    if pk is None:
        return "Every photo has what it can have."
    problem = complete_image(image_id=pk)
    async_task("gallery.tasks.complete_photos", pk, save=False)
    return f"Photo {pk}: {problem or 'complete'}"


def forget_expired_uploads() -> str:
    """Give up uploads that nobody went on with in time; return in words how many."""
    from gallery.services import uploads

    return f"{uploads.forget_expired_uploads()} unfinished uploads forgotten."


def mail_notice(notice_id: int) -> str:
    """Mail one notice, unless that happened or nobody wants it; return in words what came of it."""
    from gallery.mailing import send_notice
    from gallery.models import Notice

    notice = Notice.objects.select_related("person").filter(pk=notice_id).first()
    if notice is None:
        return "The notice is gone."
    return "Mailed." if send_notice(notice=notice) else "Nobody to mail to, or mailed before."


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

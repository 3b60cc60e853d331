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

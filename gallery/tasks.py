"""Jobs of this room. Each may run twice without harm."""

from __future__ import annotations


def prune_notices() -> str:
    """Delete what people were told long ago; return in words how much that was."""
    from gallery import notices

    return f"{notices.prune_notices()} old notices deleted."


def mail_notice(notice_id: int) -> str:
    """Mail one notice, unless that happened or nobody wants it; return in words what came of it."""
    from gallery.mailing import send_notice
    from gallery.models import Notice

    notice = Notice.objects.select_related("person").filter(pk=notice_id).first()
    if notice is None:
        return "The notice is gone."
    return "Mailed." if send_notice(notice=notice) else "Nobody to mail to, or mailed before."

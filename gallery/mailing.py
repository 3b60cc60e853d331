"""Notices by mail: to whom, in which language, and how to hear no more of them.

Mails carry full addresses, and a job knows of no request to take the site's name from: without
EYES_ADDRESS no mail is sent.
"""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import signing
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django_q.tasks import async_task

from gallery.models import Notice, NoticeKind, User
from gallery.notice_ways import language_of, ways_by_person
from gallery.plain_text import in_one_line

SALT = "gallery.mailing.stop"
LONGEST_SUBJECT = 120


def mails_are_on() -> bool:
    """Return whether the site knows its own address, without which a mail leads nowhere."""
    return bool(settings.EYES_ADDRESS)


def full_address(path: str) -> str:
    """Return the address of a page of this site as it stands in a mail."""
    return f"{settings.EYES_ADDRESS}{path}"


def mail_on_commit(notice: Notice) -> None:
    """Ask a worker to mail this notice once it is truly there."""
    if mails_are_on():
        transaction.on_commit(lambda: async_task("gallery.tasks.mail_notice", notice.pk) and None)


def mail_address_of(person: User) -> str:
    """Return where mail reaches this person, "" where that is not known to be theirs.

    Their verified primary address; where the site verifies none, the one they gave.
    """
    if settings.ACCOUNT_EMAIL_VERIFICATION == "none":
        return person.email
    verified = EmailAddress.objects.filter(user=person, primary=True, verified=True)
    return verified.values_list("email", flat=True).first() or ""


def send_notice(*, notice: Notice) -> bool:
    """Mail one notice; return whether a mail went out. It goes out once, however often asked.

    The moment is noted before and taken back if the mail server refuses, so that the job may try
    again: a process killed in between loses a mail rather than sending it twice.
    """
    person = notice.person
    address = mail_address_of(person)
    wanted = ways_by_person([person.pk], notice.kind)[person.pk].by_mail
    if not (mails_are_on() and person.is_active and wanted and address):
        return False
    mine = Notice.objects.filter(pk=notice.pk, mailed_at=None)
    if not mine.update(mailed_at=timezone.now()):
        return False
    try:
        letter_of(notice, address).send()
    except BaseException:
        Notice.objects.filter(pk=notice.pk).update(mailed_at=None)
        raise
    return True


def letter_of(notice: Notice, address: str) -> EmailMultiAlternatives:
    """Return the mail in words and in HTML, in the person's language."""
    stop = full_address(reverse("gallery:stop_mails", args=[stop_token(notice)]))
    with language_of(notice.person):
        context = {
            "notice": notice,
            "site_name": settings.SITE_NAME,
            "kind": NoticeKind(notice.kind).label,
            "link": full_address(notice.url or reverse("gallery:notices")),
            "stop": stop,
            "choices": full_address(reverse("gallery:notice_choices")),
        }
        letter = EmailMultiAlternatives(
            subject=in_one_line(notice.text, LONGEST_SUBJECT),
            body=render_to_string("gallery/mail/notice.txt", context),
            to=[address],
            headers={
                "List-Unsubscribe": f"<{stop}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            },
        )
        letter.attach_alternative(
            render_to_string("gallery/mail/notice.html", context), "text/html"
        )
    return letter


def stop_token(notice: Notice) -> str:
    """Return what lets whoever has the mail stop mails of its kind, and nothing else."""
    return signing.dumps([notice.person_id, notice.kind], salt=SALT)


def read_stop_token(token: str) -> tuple[User, NoticeKind] | None:
    """Return whose mails of which kind the token stops; None where nobody of ours signed it."""
    try:
        person_id, kind = signing.loads(token, salt=SALT)
        return User.objects.get(pk=person_id, is_active=True), NoticeKind(kind)
    except (signing.BadSignature, User.DoesNotExist, ValueError, TypeError):
        return None

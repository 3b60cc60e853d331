"""Notices by mail: once, to an address that is surely theirs, and stopped with one click."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django_q.models import OrmQ
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings
from pytest_django.asserts import assertContains

from gallery import mailing
from gallery.models import Notice, NoticeChoice, NoticeKind, User
from gallery.notice_ways import Way, choose_ways
from gallery.notices import tell
from gallery.tasks import mail_notice

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def address(settings: Settings) -> Iterator[None]:
    """The site knows where it stands, and verifies addresses."""
    settings.EYES_ADDRESS = "https://eyes.example.org"
    settings.ACCOUNT_EMAIL_VERIFICATION = "optional"
    return


@pytest.fixture
def verified(alice: User) -> User:
    EmailAddress.objects.create(user=alice, email="real@example.org", primary=True, verified=True)
    return alice


def write(person: User, text: str = "bob wrote about “A hill”: Fine.") -> Notice:
    tell(texts={person.pk: text}, url="/images/7/#comment-3", kind=NoticeKind.COMMENT)
    return Notice.objects.get(person=person)


def stop_path(letter: mail.EmailMessage) -> str:
    return (
        letter.extra_headers["List-Unsubscribe"]
        .strip("<>")
        .removeprefix("https://eyes.example.org")
    )


def test_a_mail_says_it_in_words_and_in_html_with_full_addresses(verified: User) -> None:
    assert mail_notice(write(verified, "bob wrote:\n<b>Fine</b> & good").pk) == "Mailed."
    [letter] = mail.outbox
    assert letter.to == ["real@example.org"]
    assert letter.subject == "bob wrote: <b>Fine</b> & good"
    assert "bob wrote: <b>Fine</b> & good" in str(letter.body)
    assert "https://eyes.example.org/images/7/#comment-3" in str(letter.body)
    html = str(letter.alternatives[0][0])  # type: ignore[attr-defined]
    assert "&lt;b&gt;Fine&lt;/b&gt; &amp; good" in html
    assert 'href="https://eyes.example.org/images/7/#comment-3"' in html
    assert letter.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_it_goes_out_once_however_often_the_job_runs(verified: User) -> None:
    notice = write(verified)
    for _ in range(3):
        mail_notice(notice.pk)
    assert len(mail.outbox) == 1


def test_a_mail_server_that_refuses_is_asked_again(
    verified: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    notice = write(verified)

    def refuse(*_: object) -> None:
        raise ConnectionRefusedError

    with monkeypatch.context() as patched:
        patched.setattr("django.core.mail.EmailMultiAlternatives.send", refuse)
        with pytest.raises(ConnectionRefusedError):
            mail_notice(notice.pk)
    assert mail_notice(notice.pk) == "Mailed."


def test_an_address_that_was_not_confirmed_gets_none(alice: User, settings: Settings) -> None:
    EmailAddress.objects.create(user=alice, email="real@example.org", primary=True)
    mail_notice(write(alice).pk)
    assert mail.outbox == []
    settings.ACCOUNT_EMAIL_VERIFICATION = "none"
    mail_notice(Notice.objects.get().pk)
    assert mail.outbox[0].to == ["alice@example.org"]


def test_nobody_is_mailed_who_is_gone_or_changed_their_mind(verified: User) -> None:
    notice = write(verified)
    choose_ways(person=verified, ways={NoticeKind.COMMENT: Way(on_page=True, by_mail=False)})
    mail_notice(notice.pk)
    NoticeChoice.objects.all().delete()
    verified.is_active = False
    verified.save()
    mail_notice(notice.pk)
    notice.delete()
    assert mail_notice(12345) == "The notice is gone."
    assert mail.outbox == []


def test_the_job_is_asked_for_after_the_commit_and_only_where_mail_is_wanted(
    verified: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        tell(texts={verified.pk: "A version is live."}, url="/models/2/")
    assert OrmQ.objects.count() == 0
    with django_capture_on_commit_callbacks(execute=True):
        notice = write_quietly(verified)
        assert OrmQ.objects.count() == 0
    [job] = OrmQ.objects.all()
    assert job.task["func"] == "gallery.tasks.mail_notice"
    assert job.task["args"] == (notice.pk,)


def write_quietly(person: User) -> Notice:
    tell(texts={person.pk: "An album."}, url="/albums/1/", kind=NoticeKind.ALBUM)
    return Notice.objects.get(kind=NoticeKind.ALBUM)


def test_a_site_that_does_not_know_where_it_stands_mails_nothing(
    verified: User,
    settings: Settings,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    settings.EYES_ADDRESS = ""
    with django_capture_on_commit_callbacks(execute=True):
        notice = write_quietly(verified)
    assert OrmQ.objects.count() == 0
    mail_notice(notice.pk)
    assert mail.outbox == []


def test_one_click_stops_mails_of_this_kind_without_logging_in(verified: User) -> None:
    mail_notice(write(verified).pk)
    program = Client(enforce_csrf_checks=True)
    path = stop_path(mail.outbox[0])
    assertContains(program.get(path), "No more of these mails?")
    assert not NoticeChoice.objects.exists()
    answer = program.post(path, {"List-Unsubscribe": "One-Click"})
    assertContains(answer, "No more mails of this kind")
    choice = NoticeChoice.objects.get(person=verified)
    assert (choice.kind, choice.on_page, choice.by_mail) == ("comment", True, False)
    program.post(path)
    assert NoticeChoice.objects.count() == 1


@pytest.mark.parametrize("token", ["nonsense", "a:b:c", "%00", "x" * 500])
def test_a_link_that_nobody_signed_stops_nothing(verified: User, token: str) -> None:
    answer = Client().post(f"/notices/stop/{token}/")
    assertContains(answer, "This link is not complete", status_code=404)
    assert not NoticeChoice.objects.exists()


def test_a_link_of_somebody_who_is_gone_stops_nothing(verified: User) -> None:
    token = mailing.stop_token(write(verified))
    verified.delete()
    assert Client().post(f"/notices/stop/{token}/").status_code == 404

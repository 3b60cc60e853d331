"""The jobs and pages of takeouts: asked for once, fetched by their owners, gone in a week."""

from __future__ import annotations

import errno
import os
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import DjangoCaptureOnCommitCallbacks

from gallery.models import (
    Image,
    Notice,
    Takeout,
    TakeoutImport,
    TransferState,
    User,
)
from gallery.services.takeout import ask_for_takeout, cancel_takeout, write_takeout
from gallery.services.takeout_import import read_takeout
from gallery.services.transfers import resume_transfers, sweep_transfers
from gallery.storage import transfers_directory
from gallery.takeout.archive import Archive
from tests.gallery.cast import client_of, store
from tests.gallery.own_cast import fill_account, take_out

pytestmark = pytest.mark.django_db


def test_asking_twice_is_asking_once(
    alice: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    client = client_of(alice)
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/takeout/ask/")
        page = client.post("/takeout/ask/", follow=True).content.decode()
    assert Takeout.objects.count() == 1
    assert OrmQ.objects.count() == 1
    assert OrmQ.objects.get().key == "training"
    assert "waits for its turn" in page
    assert 'hx-trigger="every 2s"' in page


def test_only_the_owner_fetches_it_and_a_cut_download_goes_on(
    alice: User, bob: User, mona: User
) -> None:
    store(alice)
    path = take_out(alice)
    takeout = Takeout.objects.get()
    url = f"/takeout/{takeout.pk}.zip"
    for person in (bob, mona):
        assert client_of(person).get(url).status_code == 404
    assert Client().get(url).status_code == 302
    client, data = client_of(alice), path.read_bytes()
    whole = client.get(url)
    assert b"".join(whole.streaming_content) == data
    assert "attachment" in whole["Content-Disposition"]
    part = client.get(url, headers={"Range": "bytes=100-199"})
    assert (part.status_code, b"".join(part.streaming_content)) == (206, data[100:200])
    assert part["Content-Range"] == f"bytes 100-199/{len(data)}"
    tail = client.get(url, headers={"Range": "bytes=-10", "If-Range": whole["ETag"]})
    assert b"".join(tail.streaming_content) == data[-10:]
    other = client.get(url, headers={"Range": "bytes=5-", "If-Range": '"another"'})
    assert other.status_code == 200
    assert client.get(url, headers={"Range": f"bytes={len(data)}-"}).status_code == 416
    assert client.get(url, headers={"Range": "bytes=9-3"}).status_code == 416
    assert client.get(url, headers={"Range": "lines=1-2"}).status_code == 200


def test_a_notice_tells_when_it_is_ready(alice: User) -> None:
    take_out(alice)
    notice = Notice.objects.get(person=alice)
    assert notice.kind == "transfer"
    assert notice.text == "Your takeout is ready to be fetched."
    assert client_of(alice).get(notice.url.split("#")[0]).status_code == 200


def test_news_and_problems_of_takeouts_come_in_the_language_of_their_person(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice.language = "de"
    alice.save()
    data = take_out(alice).read_bytes()
    assert (
        Notice.objects.get(person=alice).text == "Dein Export ist fertig und kann abgeholt werden."
    )
    upload(alice, data)
    begun = TakeoutImport.objects.get()
    read_takeout(key=str(begun.pk), ticket=begun.ticket)
    assert Notice.objects.filter(person=alice, text="Dein Export ist importiert.").exists()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("gallery.services.takeout._write", full)
    failed = ask_for_takeout(person=alice)
    write_takeout(key=str(failed.pk), ticket=failed.ticket)
    failed.refresh_from_db()
    assert "Speicherplatz" in failed.problem


def test_a_void_ticket_and_a_cancelled_takeout_do_nothing(alice: User) -> None:
    takeout = ask_for_takeout(person=alice)
    key = str(takeout.pk)
    write_takeout(key=key, ticket="old")
    assert not takeout.path.exists()
    cancel_takeout(takeout=takeout)
    write_takeout(key=key, ticket=takeout.ticket)
    assert list(transfers_directory().glob("*")) == []


def test_a_takeout_that_is_cancelled_while_it_is_written_leaves_nothing(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(alice)
    takeout = ask_for_takeout(person=alice)
    add = Archive.add_file

    def cancelling(self: Archive, name: str, source: Path) -> None:
        Takeout.objects.all().delete()
        add(self, name, source)

    monkeypatch.setattr("gallery.services.transfers.NOTED_EVERY", 0)
    monkeypatch.setattr(Archive, "add_file", cancelling)
    assert "not wanted" in write_takeout(key=str(takeout.pk), ticket=takeout.ticket)
    assert list(transfers_directory().glob("*")) == []


def test_a_full_disk_is_said_and_can_be_tried_again(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(alice)
    takeout = ask_for_takeout(person=alice)

    def full(self: Archive, name: str, source: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Archive, "add_file", full)
        write_takeout(key=str(takeout.pk), ticket=takeout.ticket)
    page = client_of(alice).get("/takeout/").content.decode()
    assert "The disk of this site is full." in page
    assert "Try again" in page
    assert list(transfers_directory().glob("*")) == []
    assert take_out(alice).is_file()


def test_a_photo_whose_file_is_gone_is_told_without_it(alice: User) -> None:
    image = store(alice)
    image.original_path.unlink()
    with zipfile.ZipFile(take_out(alice)) as opened:
        photos = [name for name in opened.namelist() if name.startswith("photos/")]
        assert photos == ["photos/00001 p1.json"]


def test_a_killed_job_is_handed_out_again_with_another_ticket(alice: User) -> None:
    takeout = ask_for_takeout(person=alice)
    Takeout.objects.update(
        state=TransferState.RUNNING, seen_at=timezone.now() - timedelta(minutes=20)
    )
    assert resume_transfers() == 1
    assert resume_transfers() == 0
    present = Takeout.objects.get()
    assert present.state == TransferState.WAITING
    assert present.ticket != takeout.ticket
    write_takeout(key=str(takeout.pk), ticket=takeout.ticket)
    assert not takeout.path.exists()


def test_the_page_hears_when_it_is_ready_and_asks_no_longer(alice: User) -> None:
    client = client_of(alice)
    takeout = ask_for_takeout(person=alice)
    waiting = client.get("/takeout/state/").content.decode()
    assert 'hx-trigger="every 2s"' in waiting and "hx-swap-oob" not in waiting
    write_takeout(key=str(takeout.pk), ticket=takeout.ticket)
    ready = client.get("/takeout/state/").content.decode()
    assert "hx-trigger" not in ready and "hx-swap-oob" in ready
    assert f"/takeout/{takeout.pk}.zip" in ready


def test_what_a_killed_job_was_writing_is_swept_after_a_day(alice: User) -> None:
    transfers_directory().mkdir(parents=True)
    old, fresh = (transfers_directory() / f"{name}.part" for name in ("old", "fresh"))
    for part in (old, fresh):
        part.write_bytes(b"half")
    a_day_ago = timezone.now().timestamp() - 25 * 3600
    os.utime(old, (a_day_ago, a_day_ago))
    sweep_transfers()
    assert (old.exists(), fresh.exists()) == (False, True)


def test_a_week_later_it_is_gone(
    alice: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    path = take_out(alice)
    assert sweep_transfers() == 0
    Takeout.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    url = f"/takeout/{Takeout.objects.get().pk}.zip"
    assert client_of(alice).get(url).status_code == 404
    with django_capture_on_commit_callbacks(execute=True):
        assert sweep_transfers() == 1
    assert not path.exists()


# --- Bringing in over the page ------------------------------------------------------------------


def upload(person: User, data: bytes) -> Any:
    file = SimpleUploadedFile("takeout.zip", data, "application/zip")
    return client_of(person).post("/takeout/bring-in/", {"file": file}, follow=True)


def test_an_uploaded_takeout_is_brought_in_by_a_job_and_reported(alice: User, bob: User) -> None:
    fill_account(alice, bob)
    data = take_out(alice).read_bytes()
    carl = User.objects.create_user("carl")

    assert "waits for its turn to be brought in" in upload(carl, data).content.decode()
    begun = TakeoutImport.objects.get()
    assert upload(carl, data).status_code == 409
    assert read_takeout(key=str(begun.pk), ticket=begun.ticket)

    page = client_of(carl).get("/takeout/").content.decode()
    assert "Photos that came in" in page
    assert Image.with_trash.filter(owner=carl).count() == 4
    assert not begun.path.exists()
    assert Notice.objects.filter(person=carl, text="Your takeout has been brought in.").exists()


def test_what_is_no_takeout_is_refused_at_once_and_not_kept(alice: User) -> None:
    for data in (b"not a zip", b"PK\x05\x06" + bytes(18)):
        answer = upload(alice, data)
        assert answer.status_code == 422
        assert not TakeoutImport.objects.exists()
        assert list(transfers_directory().glob("*")) == []
    nothing = client_of(alice).post("/takeout/bring-in/", {})
    assert nothing.status_code == 422
    assert "Please choose the zip file." in nothing.content.decode()


def test_an_import_that_failed_goes_on_by_its_button(
    alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_account(alice, bob)
    data = take_out(alice).read_bytes()
    carl = User.objects.create_user("carl")
    upload(carl, data)
    begun = TakeoutImport.objects.get()

    def full(**_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("gallery.services.takeout_import.store_image", full)
        with pytest.raises(OSError, match="No space"):
            read_takeout(key=str(begun.pk), ticket=begun.ticket)
    assert "disk of this site is full" in client_of(carl).get("/takeout/").content.decode()

    client_of(carl).post(f"/takeout/{begun.pk}/again/")
    begun.refresh_from_db()
    read_takeout(key=str(begun.pk), ticket=begun.ticket)
    assert Image.objects.filter(owner=carl).count() == 3


def test_the_command_brings_in_and_compares(
    alice: User, bob: User, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill_account(alice, bob)
    kept = tmp_path / "kept.zip"
    take_out(alice).rename(kept)
    carl = User.objects.create_user("carl")
    call_command("import_takeout", kept, owner="carl")
    assert "4 photos came in" in capsys.readouterr().out
    call_command("compare_takeouts", kept, take_out(carl))
    with pytest.raises(CommandError, match="nobody called"):
        call_command("import_takeout", kept, owner="dora")
    with pytest.raises(CommandError, match="no zip file"):
        call_command("import_takeout", Path(__file__), owner="carl")

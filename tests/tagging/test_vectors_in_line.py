"""The files of vectors follow the database: after a backup was put back, and when written twice."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.conf import settings
from django_q.models import OrmQ

from gallery.models import User
from tagging import vector_files as files_module
from tagging.models import Content, Embedding
from tagging.services import vectors
from tagging.services.spaces import forget_space
from tagging.services.vectors import catch_up_vectors, forget_vector, tend_vectors, vector_files
from tagging.similar import similar_photos
from tests.tagging.test_similar_photos import BACKBONE, images_of, seen_photo

pytestmark = pytest.mark.django_db


@contextmanager
def somebody_writes(backbone: str = BACKBONE) -> Iterator[None]:
    """Hold the lock as another process does that writes everything anew."""
    with (vector_files(backbone).folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for another process."""
    monkeypatch.setattr(files_module.VectorFiles.writing.__wrapped__, "__defaults__", (0.0,))


def jobs() -> list[str]:
    return [job.func() for job in OrmQ.objects.all()]


def put_back(kept: int) -> None:
    """Put a backup back that had only so many contents; the next ones get the same ids again."""
    gone = Content.objects.order_by("pk").values_list("pk", flat=True)[kept:]
    Content.objects.filter(pk__in=list(gone)).delete()


def test_a_backup_that_was_put_back_is_noticed_with_the_next_photo(alice: User) -> None:
    asked, *_ = (seen_photo(alice, angle) for angle in (0, 80, 5, 6))
    catch_up_vectors(backbone=BACKBONE)
    put_back(kept=2)
    assert catch_up_vectors(backbone=BACKBONE) == 2
    stored = vector_files(BACKBONE).open()
    assert stored is not None
    assert set(stored.contents) == set(Content.objects.values_list("pk", flat=True))
    assert similar_photos(image=asked, viewer=alice) == []


@pytest.mark.parametrize("tend", [catch_up_vectors, tend_vectors])
def test_a_backup_is_noticed_where_all_ids_are_taken_again(
    alice: User, tend: Callable[..., object]
) -> None:
    asked, other = seen_photo(alice, 0), seen_photo(alice, 5)
    catch_up_vectors(backbone=BACKBONE)
    another = seen_photo(alice, 80)
    gone, come = (Content.objects.get(sha256=each.sha256) for each in (other, another))
    vector = come.embeddings.get().vector
    Embedding.objects.filter(content=come).delete()
    come.delete()
    Content.objects.filter(pk=gone.pk).update(sha256=another.sha256)
    Embedding.objects.filter(content=gone).update(vector=vector)
    tend(**({"backbone": BACKBONE} if tend is catch_up_vectors else {}))
    assert similar_photos(image=asked, viewer=alice) == []
    assert tend_vectors() == {BACKBONE: 0}


def test_a_deleted_newest_photo_is_no_reason_to_write_everything_anew(alice: User) -> None:
    seen_photo(alice, 0)
    newest = seen_photo(alice, 5)
    catch_up_vectors(backbone=BACKBONE)
    content_id = Content.objects.get(sha256=newest.sha256).pk
    Content.objects.filter(pk=content_id).delete()
    forget_vector(content_id=content_id)
    seen_photo(alice, 9)
    assert catch_up_vectors(backbone=BACKBONE) == 1
    assert tend_vectors() == {BACKBONE: 0}


def test_much_is_written_by_one_job_and_keeps_no_upload_waiting(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "CHUNK", 2)
    asked, *others = (seen_photo(alice, angle) for angle in (0, 5, 9, 12))
    for _ in range(2):
        assert catch_up_vectors(backbone=BACKBONE) == 0
    assert jobs() == ["tagging.tasks.tend_vectors"]
    assert tend_vectors() == {BACKBONE: 4}
    assert images_of(similar_photos(image=asked, viewer=alice)) == others
    seen_photo(alice, 1)
    assert catch_up_vectors(backbone=BACKBONE) == 1
    put_back(kept=4)
    assert catch_up_vectors(backbone=BACKBONE) == 0
    assert similar_photos(image=asked, viewer=alice) == [], "rather nothing than what was"
    assert len(jobs()) == 2


def test_whoever_finds_another_process_writing_goes_on(
    alice: User, impatient: None, caplog: pytest.LogCaptureFixture
) -> None:
    asked, other = seen_photo(alice, 0), seen_photo(alice, 5)
    catch_up_vectors(backbone=BACKBONE)
    seen_photo(alice, 9)
    with somebody_writes():
        assert catch_up_vectors(backbone=BACKBONE) == 0
        forget_vector(content_id=Content.objects.get(sha256=other.sha256).pk)
    assert jobs() == ["tagging.tasks.tend_vectors"]
    assert not caplog.records
    assert catch_up_vectors(backbone=BACKBONE) == 1
    assert images_of(similar_photos(image=asked, viewer=alice))[0] == other


def test_forgetting_a_space_leaves_no_vectors_in_files(alice: User) -> None:
    seen_photo(alice, 0)
    Embedding.objects.update(backbone="vgg16")
    catch_up_vectors(backbone="vgg16")
    assert vector_files("vgg16").folder.is_dir()
    forget_space(backbone="vgg16")
    assert not vector_files("vgg16").folder.exists()


def test_one_folder_that_refuses_keeps_no_other_from_being_tended(
    alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    seen_photo(alice, 0)
    settings.EYES_VECTORS.mkdir()
    (settings.EYES_VECTORS / BACKBONE).write_text("a file where the folder should be")
    seen_photo(alice, 5)
    Embedding.objects.filter(pk=Embedding.objects.latest("pk").pk).update(backbone="vgg16")
    assert tend_vectors() == {BACKBONE: 0, "vgg16": 1}
    assert "could not be written" in caplog.text

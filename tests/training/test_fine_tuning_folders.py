"""What a killed fine-tuning leaves: gone on with where that is right, removed where it is not."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from django.utils import timezone

from gallery.models import Image, User
from tagging.models import ImageTag
from tagging.policy import COMMUNITY
from tagging.services.curation import reject_tags
from tagging.services.vocabulary import rename_tag
from tests.tagging.cast import make_tag
from tests.training.classroom import BACKBONE, teach_world
from training.learning.examples import UNKNOWN, Examples
from training.learning.fine_tuning.starting import answers_to_learn
from training.learning.fine_tuning.task import (
    TASK_FILE,
    Answers,
    Point,
    Task,
    TuningSettings,
    add_point,
    write_task,
)
from training.learning.fine_tuning.tethered import LOCK_FILE
from training.learning.lesson import StartingHead
from training.models import RunState, TrainingRun, Tuning
from training.progress import Progress
from training.snapshot import store_snapshot, taught_by
from training.tasks import tidy_fine_tunings
from training.tuning import story
from training.tuning.folders import (
    folder_of,
    laid_out,
    scratch,
    take_over,
    tidy_folders,
    tunings_folder,
)
from training.tuning.process import TuningFailed, work_in
from training.tuning.wishes import TuningWish

pytestmark = pytest.mark.django_db

SETTINGS = TuningSettings(blocks=1, epochs=2)


def killed_run() -> TrainingRun:
    """Return a run that was killed while it fine-tuned on everything that is known now."""
    _, dataset = store_snapshot(COMMUNITY, BACKBONE)
    run = TrainingRun.objects.create(
        state=RunState.FAILED, backbone=BACKBONE, dataset=dataset, heartbeat_at=timezone.now()
    )
    photos, tags = len(taught_by(dataset).photos), len(dataset.tags)
    entries = np.ones((photos, tags), np.float32)
    judges = np.arange(photos) % 5 == 0
    answers = Answers(entries, entries, judges, np.zeros((1792, tags), np.float32), entries[0])
    with laid_out(run) as folder:
        write_task(folder, Task(BACKBONE, tuple(dataset.tags), dataset.sha256, SETTINGS), answers)
        add_point(folder, Point(0, 0.0, None, None, 0.5, 0.9))
    return run


def running() -> TrainingRun:
    return TrainingRun.objects.create(state=RunState.RUNNING, heartbeat_at=timezone.now())


def test_the_next_run_of_the_same_goes_on_in_it(alice: User) -> None:
    photos = teach_world(alice, ["cat", "dog"])
    killed, run = killed_run(), running()
    teach_world(alice, ["cat"], each=3, first=50)
    assert tidy_folders(run=run) == 0, "more to learn takes nothing away"
    assert take_over(run, "vgg16", SETTINGS) is None
    assert take_over(run, BACKBONE, TuningSettings(blocks=2, epochs=2)) is None
    assert take_over(run, BACKBONE, SETTINGS) == folder_of(run)
    assert not folder_of(killed).exists()
    assert (folder_of(run) / TASK_FILE).is_file()
    assert tidy_folders(run=run) == 0, "one's own is never in the way"
    assert photos


@pytest.mark.parametrize("what", ["deleted", "withheld", "hidden", "rejected", "renamed"])
def test_what_was_taken_away_is_not_gone_on_with(
    alice: User, mona: User, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    teach_world(alice, ["cat", "dog"])
    killed = killed_run()
    taught = taught_by(killed.dataset)  # type: ignore[arg-type]
    image = Image.objects.get(sha256=taught.photos[0])
    match what:
        case "deleted":
            image.delete()
        case "withheld":
            Image.objects.filter(pk=image.pk).update(teaches=False)
        case "hidden":
            Image.objects.filter(pk=image.pk).update(hidden_at=timezone.now())
        case "rejected":
            reject_tags(moderator=mona, image_tags=ImageTag.objects.filter(image=image))
        case "renamed":
            rename_tag(moderator=mona, tag=make_tag("cat"), name="house cat")
    assert take_over(running(), BACKBONE, SETTINGS) is None
    TrainingRun.objects.running().update(state=RunState.KEPT)
    assert tidy_fine_tunings() == "1 left fine-tunings and 0 contact sheets removed."
    assert "something that it learns from was taken away" in caplog.text
    assert not list(tunings_folder().iterdir())


def test_a_test_photo_may_go(alice: User) -> None:
    teach_world(alice, ["cat", "dog"])
    killed = killed_run()
    Image.objects.exclude(sha256__in=taught_by(killed.dataset).photos).delete()  # type: ignore[arg-type]
    assert take_over(running(), BACKBONE, SETTINGS) is not None


@pytest.mark.parametrize("state", [RunState.PROMOTED, RunState.REFUSED, RunState.KEPT])
def test_of_a_run_that_ended_nothing_stays(alice: User, state: RunState) -> None:
    teach_world(alice, ["cat", "dog"])
    killed = killed_run()
    TrainingRun.objects.filter(pk=killed.pk).update(state=state)
    assert take_over(running(), BACKBONE, SETTINGS) is None
    assert tidy_folders() == 0, "nothing is touched while somebody works"
    TrainingRun.objects.running().delete()
    assert tidy_folders() == 1


def test_what_is_old_unknown_or_beyond_understanding_goes(
    alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    teach_world(alice, ["cat", "dog"])
    old, broken = killed_run(), killed_run()
    TrainingRun.objects.filter(pk=old.pk).update(heartbeat_at=timezone.now() - timedelta(days=8))
    (folder_of(broken) / TASK_FILE).write_text("{")
    (tunings_folder() / "4711").mkdir()
    (tunings_folder() / "12.unfinished").mkdir()
    (tunings_folder() / "scratch-abc").mkdir()
    assert tidy_folders() == 5
    for reason in ("in 7 days", "does not say what is to be done", "unknown", "not laid out"):
        assert reason in caplog.text


def test_a_layout_that_fails_leaves_nothing() -> None:
    run = running()

    def fail() -> None:
        with laid_out(run) as folder:
            (folder / "photos.bin").write_bytes(b"1")
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        fail()
    assert not list(tunings_folder().iterdir())


def test_scratch_copies_of_photos_are_gone_also_where_something_fails() -> None:
    with pytest.raises(OSError, match="No space"), scratch() as folder:
        assert folder.parent == tunings_folder()
        (folder / "photos.bin").write_bytes(b"1")
        raise OSError(28, "No space left on device")
    assert not tunings_folder().exists()


def test_a_folder_with_damaged_photos_is_given_up(alice: User) -> None:
    teach_world(alice, ["cat", "dog"])
    killed_run()
    run, wish = running(), TuningWish(SETTINGS)
    run.backbone = BACKBONE
    snapshot, _ = store_snapshot(COMMUNITY, BACKBONE)
    with pytest.raises(TuningFailed, match="begins anew"):
        story.tune(
            run=run, wish=wish, snapshot=snapshot, policy=COMMUNITY, progress=Progress(run),
            teach_first=lambda part: pytest.fail("it goes on"), show=lambda sheet: None,
        )  # fmt: skip
    assert not list(tunings_folder().iterdir()), "the next one would fail in the same way"
    assert not Tuning.objects.exists()


def test_a_folder_that_says_nothing_is_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(TuningFailed, match="does not say what is to be done") as failure:
        work_in(tmp_path, lambda points: None)
    assert failure.value.is_hopeless


def test_who_listens_can_stop_it(tmp_path: Path) -> None:
    class Lost(Exception):
        pass

    def lose(points: list[Point]) -> None:
        raise Lost

    (tmp_path / TASK_FILE).write_text("{}")
    with pytest.raises(Lost):
        work_in(tmp_path, lose)


def test_unknown_answers_teach_a_little_and_judge_nothing() -> None:
    from tagging.head import Head

    examples = Examples(
        photos=("a", "b", "c", "d"),
        tags=("cat", "dog"),
        answers=np.array([[1, 0], [-1, 1], [1, 0], [-1, 1]], np.int8),
        sides=("train", "train", "validation", "validation"),
        groups=("a", "b", "c", "d"),
        contests=((),) * 4,
    )
    head = Head(
        labels=("cat", "dog"),
        mean=np.full(3, 0.5, np.float32),
        scale=np.full(3, 2.0, np.float32),
        kernel=np.arange(6, dtype=np.float32).reshape(3, 2),
        bias=np.ones(2, np.float32),
        show=np.full(2, 0.9, np.float32),
        suggest=np.full(2, 0.6, np.float32),
    )
    start = StartingHead(*head.folded)
    answers = answers_to_learn(examples, np.zeros((4, 2), bool), start, 0.3)
    unknown = examples.answers == UNKNOWN
    assert answers.judges.tolist() == [False, False, True, True]
    assert answers.weights[0, 1] > 0 and unknown[0, 1]
    assert answers.weights[2, 1] == 0 and unknown[2, 1]
    photo = np.array([[1.0, 2.0, 3.0]], np.float32)
    logits = photo @ answers.kernel + answers.bias
    np.testing.assert_allclose(1 / (1 + np.exp(-logits)), head.scores(photo), rtol=1e-5)
    with pytest.raises(ValueError, match="test side"):
        answers_to_learn(
            Examples(**{**vars(examples), "sides": ("train", "test", "train", "validation")}),
            np.zeros((4, 2), bool), start, 0.3,
        )  # fmt: skip


def test_a_process_that_the_system_kills_is_told_from_one_that_fails(tmp_path: Path) -> None:
    def kill(points: list[Point]) -> None:
        for children in Path(f"/proc/{os.getpid()}/task").glob("*/children"):
            for child in children.read_text().split():
                if "tethered" in Path(f"/proc/{child}/cmdline").read_text():
                    os.kill(int(child), signal.SIGKILL)

    with (tmp_path / LOCK_FILE).open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # so that it waits to be killed
        with pytest.raises(TuningFailed, match="want of memory") as failure:
            work_in(tmp_path, kill)
    assert not failure.value.is_hopeless, "asked for again, it goes on"


def test_it_ends_with_whoever_started_it(tmp_path: Path) -> None:
    script = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-m',"
        " 'training.learning.fine_tuning.tethered', sys.argv[1]], stdin=subprocess.PIPE,"
        " start_new_session=True)\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    with (tmp_path / LOCK_FILE).open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        parent = subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path)], cwd=settings.BASE_DIR,
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert parent.stdout is not None
        child = Path("/proc") / parent.stdout.readline().strip()
        while not any(path.resolve().name == LOCK_FILE for path in (child / "fd").iterdir()):
            time.sleep(0.05)
        parent.kill()
        parent.communicate()
        deadline = time.monotonic() + 30
        while is_alive(child):
            assert time.monotonic() < deadline, "it lives on"
            time.sleep(0.05)


def is_alive(process: Path) -> bool:
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False

"""Retraining, told in one readable story: `retrain`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django_q.tasks import async_task
from numpy.typing import NDArray

from gallery.models import Image
from tagging.backbones.cards import get_card
from tagging.head import GoldenOutputs
from tagging.models import ModelVersion
from tagging.policy import Policy
from tagging.presets import current_policy
from tagging.previews import Preview
from tagging.registry import LoadedVersion, serving_version
from tagging.services.embeddings import embed_images, photos_without_vector
from tagging.services.previews import PreviewRefused, preview_version, request_preview
from tagging.services.spaces import FEW
from tagging.services.suggestions import retag_library
from tagging.services.versions import promote_version
from training.canaries import check_canaries
from training.clock import Clock
from training.learning.comparison import Answers
from training.learning.examples import TEST
from training.learning.gate import Outcome, Verdict, decide
from training.learning.lesson import Lesson, teach
from training.learning.metrics import measure
from training.live import ask_live, speed_ratio
from training.models import RunState, TrainingRun
from training.progress import Progress
from training.publishing import Judged, publish_version, remove_unfinished
from training.report import RetrainReport
from training.services import RETAGGING
from training.snapshot import (
    NothingToLearn,
    Snapshot,
    images_to_embed,
    load_embeddings,
    never_shown_names,
    store_snapshot,
    take_snapshot,
)
from training.tuning.folders import remove_folder
from training.tuning.lineage import photos_it_would_forget
from training.tuning.process import NotBetter
from training.tuning.story import FirstLesson, end_tuning, how_long, try_out, tune
from training.tuning.wishes import TuningWish, original_of
from training.writing import write_file

# A few outputs of every tag show a wrong load as well as many, and weigh less.
_GOLDEN_PHOTOS = 8

_WOULD = {
    Outcome.PASSED: "It would be promoted",
    Outcome.A_MODERATOR_DECIDES: "A moderator would decide",
    Outcome.REFUSED: "It would be refused",
}


@dataclass(frozen=True)
class RetrainOptions:
    """What the person who asked wants: `dry_run` keeps nothing at all, not even the dataset."""

    dry_run: bool = False
    promote: bool = True
    # Naming a backbone is consent to its speed; one that changed by itself has to be as fast.
    backbone_was_named: bool = False
    # The network itself is taught as well, before the head.
    tuning: TuningWish | None = None
    # A file for the photos as they will teach; only somebody at a terminal has one.
    contact_sheet: str = ""

    @classmethod
    def of(cls, run: TrainingRun) -> RetrainOptions:
        """Return the options a run's row remembers."""
        return cls(
            dry_run=bool(run.options.get("dry_run", False)),
            promote=bool(run.options.get("promote", True)),
            backbone_was_named=bool(run.options.get("backbone_was_named", False)),
            tuning=TuningWish.of_json(told) if (told := run.options.get("tuning")) else None,
        )

    def as_json(self) -> dict[str, Any]:
        """Return the options as a run's row keeps them."""
        told = {name: value for name, value in vars(self).items() if value not in (None, "")}
        return told | ({"tuning": self.tuning.as_json()} if self.tuning else {})


def retrain(run: TrainingRun, options: RetrainOptions, progress: Progress) -> RetrainReport:
    """Teach, judge and, if it is better, promote; return what happened and why.

    The run must hold the only place. Whatever goes wrong is raised, and the live version stays.
    """
    policy, clock = current_policy(), Clock()
    remove_unfinished(Path(settings.EYES_MODELS_STORE))
    report = RetrainReport(
        state=RunState.NOTHING, reason="", backbone=run.backbone, dry_run=options.dry_run,
        seconds=clock.seconds,
    )  # fmt: skip
    with clock.total():
        try:
            if options.tuning is not None:
                with clock.step("tune"):
                    goes_on = _tune(run, options, policy, progress.narrowed(0.0, 0.8), report)
                if not goes_on:
                    return report
                progress = progress.narrowed(0.8, 1.0)
            with clock.step("snapshot"):
                snapshot = _take_snapshot(run, options, policy, progress)
        except NothingToLearn as nothing:
            report.reason, report.missing = str(nothing), nothing.missing
            return report
        report.photos, report.tags = len(snapshot.examples.photos), snapshot.examples.tags
        report.dataset_sha256, report.missing = snapshot.manifest.sha256, snapshot.missing

        with clock.step("train"):
            live, classroom = _open_classroom(run.backbone, snapshot, progress)
            lesson = teach(
                snapshot.examples, classroom.embeddings, classroom.believed, policy,
                get_card(run.backbone).top_features, progress.within("Teaching", 0.40, 0.70),
            )  # fmt: skip
        with clock.step("evaluate"):
            progress.tell("Judging on unseen photos", 0.70)
            judged = _judge(run, options, live, snapshot, classroom, lesson, policy)
        report.figures, report.gate = judged.figures, judged.verdict.lines
        report.reason = judged.verdict.reason
        if options.dry_run:
            would = _WOULD[judged.verdict.outcome]
            report.state, report.reason = RunState.KEPT, f"{would}: {report.reason}"
            return report

        with clock.step("publish"):
            progress.tell("Publishing", 0.78)
            version = publish_version(judged)
            _remember_version(run, version)
            remove_folder(run)
        report.version = version.number
        report.state = _outcome(judged.verdict, options)
        if report.promoted:
            with clock.step("retag"):
                report.preview = _go_live(version, run, judged, progress)
        elif report.state != RunState.REFUSED:
            # Whoever decides about it later will want to know what it changes.
            request_preview(version=version)
    return report


def _take_snapshot(
    run: TrainingRun, options: RetrainOptions, policy: Policy, progress: Progress
) -> Snapshot:
    """Embed what is missing, then freeze what is known."""
    progress.tell("Reading what people decided", 0.01)
    _embed(images_to_embed(policy), run.backbone, progress, 0.02, 0.32)
    progress.tell("Freezing the dataset", 0.33)
    if options.dry_run:
        return take_snapshot(policy, run.backbone)
    snapshot, run.dataset = store_snapshot(policy, run.backbone)
    run.save(update_fields=["dataset"])
    return snapshot


def _tune(
    run: TrainingRun,
    options: RetrainOptions,
    policy: Policy,
    progress: Progress,
    report: RetrainReport,
) -> bool:
    """Teach the network itself, so that the run goes on with what came of it; return whether it
    does. Where it does not, the report says why."""
    assert options.tuning is not None
    run.backbone = original_of(run.backbone)
    run.save(update_fields=["backbone"])
    snapshot = _take_snapshot(run, options, policy, progress.narrowed(0.0, 0.06))
    report.backbone, report.photos = run.backbone, len(snapshot.examples.photos)
    if options.dry_run:
        report.state = RunState.KEPT
        report.reason = how_long(run.backbone, snapshot, options.tuning.settings)
        if options.contact_sheet:
            write_file(
                options.contact_sheet, try_out(run.backbone, snapshot, options.tuning.settings)
            )
        return False

    def teach_first(part: Progress) -> FirstLesson:
        _, classroom = _open_classroom(run.backbone, snapshot, part)
        lesson = teach(
            snapshot.examples, classroom.embeddings, classroom.believed, policy,
            get_card(run.backbone).top_features, part.within("Teaching", 0.40, 1.0),
        )  # fmt: skip
        return FirstLesson(classroom.believed, lesson.head)

    def show(sheet: bytes) -> None:
        if options.contact_sheet:
            write_file(options.contact_sheet, sheet)

    try:
        tune(
            run=run, wish=options.tuning, snapshot=snapshot, teach_first=teach_first, show=show,
            policy=policy, progress=progress.narrowed(0.06, 1.0),
        )  # fmt: skip
    except NotBetter as not_better:
        end_tuning(run.tuning)
        remove_folder(run)
        report.state, report.reason = RunState.REFUSED, str(not_better)
        return False
    report.backbone = run.backbone
    return True


@dataclass(frozen=True)
class _Classroom:
    """The vectors to learn from and those the live version reads (the same, where it has the
    same backbone), what it says of the test photos, and what it believes of all."""

    embeddings: NDArray[np.float16]
    believed: NDArray[np.bool_]
    live_on_test: Answers


def _open_classroom(
    backbone: str, snapshot: Snapshot, progress: Progress
) -> tuple[LoadedVersion, _Classroom]:
    progress.tell("Asking the live network", 0.36)
    examples, live = snapshot.examples, serving_version()
    embeddings = load_embeddings(examples.photos, backbone)
    read = []
    for key in live.spaces:
        if key != backbone:
            ids = Image.objects.filter(sha256__in=examples.photos).values_list("pk", flat=True)
            _embed(list(ids), key, progress, 0.36, 0.39)
        read.append(embeddings if key == backbone else load_embeddings(examples.photos, key))
    first_day = read[1] if len(read) > 1 else None
    opinion = ask_live(live, read[0], examples.tags, first_day=first_day)
    test = examples.rows_on(TEST)
    said = opinion.answers
    on_test = Answers(said.scores[test], said.shown[test], said.knows, said.learnt)
    return live, _Classroom(embeddings, opinion.believed, on_test)


def _judge(
    run: TrainingRun,
    options: RetrainOptions,
    live: LoadedVersion,
    snapshot: Snapshot,
    classroom: _Classroom,
    lesson: Lesson,
    policy: Policy,
) -> Judged:
    """Judge the very head that would be published, against the live one on the same photos."""
    rows = snapshot.examples.rows_on(TEST)
    test, head = snapshot.examples.part(rows), lesson.head
    spoken, tags = head.speak(classroom.embeddings[rows]), frozenset(head.labels)
    candidate = Answers(spoken.scores, spoken.shown, tags, tags)
    slower = None
    agreed = options.tuning is not None
    if run.backbone != live.engine.card.key and (agreed or not options.backbone_was_named):
        slower = speed_ratio(run.backbone, live.engine.card.key)
    before = classroom.live_on_test
    return Judged(
        backbone=run.backbone,
        snapshot=snapshot,
        lesson=lesson,
        golden=GoldenOutputs.of(head, classroom.embeddings[:_GOLDEN_PHOTOS]),
        figures=measure(test, candidate.scores, candidate.shown),
        live_number=live.version.number,
        live_figures=measure(test, before.scores, before.shown, knows=before.knows),
        verdict=decide(
            test, candidate, before, policy, never_show=never_shown_names(), speed_ratio=slower,
            speed_is_agreed=agreed, forgets=photos_it_would_forget(live, run.backbone),
            canaries=check_canaries(live, head, run.backbone), missing=snapshot.missing,
        ),
    )  # fmt: skip


def _outcome(verdict: Verdict, options: RetrainOptions) -> RunState:
    if verdict.outcome is Outcome.REFUSED:
        return RunState.REFUSED
    if not options.promote:
        return RunState.KEPT
    return RunState.PROMOTED if verdict.passed else RunState.AWAITING


def _remember_version(run: TrainingRun, version: ModelVersion) -> None:
    run.version = version
    run.save(update_fields=["version"])


def _go_live(
    version: ModelVersion, run: TrainingRun, judged: Judged, progress: Progress
) -> Preview | None:
    """Swap, and let the new version speak about every photo; return what that changes."""
    _fill_space(run.backbone, progress)
    preview = _look_ahead(version, progress)
    progress.tell(RETAGGING, 0.90)
    promote_version(
        version=version, by=run.asked_by, reason=judged.verdict.reason, enqueue_retag=False
    )
    try:
        retag_library(progress=_counting(progress, RETAGGING, 0.90, 1.0))
    except BaseException:
        # The version is live whatever happens here; a job finishes what this could not.
        async_task("tagging.tasks.retag_library")
        raise
    return preview


def _fill_space(backbone: str, progress: Progress) -> None:
    """Embed the whole library, and what is uploaded meanwhile, until only a few are missing.

    Re-tagging embeds those on its way. What a round cannot read the next one does not try again,
    and a run that is killed has lost no vector.
    """
    tried: set[int] = set()
    while True:
        missing = set(photos_without_vector(backbone).values_list("pk", flat=True)) - tried
        if not missing:
            return
        _embed(sorted(missing), backbone, progress, 0.80, 0.86)
        tried |= missing
        if len(missing) <= FEW:
            return


def _look_ahead(version: ModelVersion, progress: Progress) -> Preview | None:
    counting = _counting(progress, "Looking at what it changes", 0.86, 0.90)
    try:
        return preview_version(version=version, progress=counting)
    except PreviewRefused:
        return None  # Its files are not as published; the promotion refuses it and says why.


def _counting(
    progress: Progress, step: str, start: float, end: float
) -> Callable[[int, int], None]:
    """Return a listener for a part of the run that counts photos: (done, in all)."""
    return lambda done, total: progress.tell(step, start + (end - start) * done / max(1, total))


def _embed(ids: list[int], backbone: str, progress: Progress, start: float, end: float) -> None:
    done = 0

    def count(photos: int) -> None:
        nonlocal done
        done += photos
        progress.tell("Embedding photos", start + (end - start) * done / max(1, len(ids)))

    embed_images(image_ids=ids, backbone=backbone, progress=count)

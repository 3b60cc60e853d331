"""Retraining, told in one readable story: `retrain`."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from tagging.backbones.cards import get_card
from tagging.head import GoldenOutputs
from tagging.models import ModelVersion
from tagging.policy import Policy
from tagging.presets import current_policy
from tagging.registry import LoadedVersion, live_version
from tagging.services.previews import request_preview
from training.canaries import check_canaries
from training.classroom import Classroom, embed_for_run, open_classroom
from training.clock import Clock
from training.going_live import go_live
from training.learning.comparison import Answers
from training.learning.examples import TEST
from training.learning.gate import Outcome, Verdict, decide
from training.learning.lesson import Lesson, teach, teach_train_side
from training.learning.metrics import measure
from training.live import speed_ratio
from training.models import RunState, TrainingRun
from training.options import RetrainOptions
from training.progress import Progress
from training.publishing import Judged, publish_version, remove_unfinished
from training.report import RetrainReport
from training.snapshot import (
    NothingToLearn,
    Snapshot,
    images_to_embed,
    never_shown_names,
    store_snapshot,
    take_snapshot,
)
from training.tuning.folders import remove_folder
from training.tuning.lineage import memorised_by, photos_it_would_forget, taken_back_from
from training.tuning.process import NotBetter
from training.tuning.story import FirstLesson, end_tuning, how_long, try_out, tune
from training.tuning.wishes import original_of
from training.writing import write_file

# A few outputs of every tag show a wrong load as well as many, and weigh less.
_GOLDEN_PHOTOS = 8

_WOULD = {
    Outcome.PASSED: "It would be promoted",
    Outcome.A_MODERATOR_DECIDES: "A moderator would decide",
    Outcome.REFUSED: "It would be refused",
}


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
            snapshot = _find_out_what_to_learn(run, options, policy, progress, report, clock)
        except NothingToLearn as nothing:
            report.reason, report.missing = str(nothing), nothing.missing
            return report
        if snapshot is None:
            return report
        if options.tuning is not None:
            progress = progress.narrowed(0.8, 1.0)
        judged = _learn(run, options, snapshot, policy, progress, clock)
        report.figures, report.gate = judged.figures, judged.verdict.lines
        report.reason = judged.verdict.reason
        if options.dry_run:
            would = _WOULD[judged.verdict.outcome]
            report.state, report.reason = RunState.KEPT, f"{would}: {report.reason}"
        else:
            _publish(run, options, judged, progress, report, clock)
    return report


def _find_out_what_to_learn(
    run: TrainingRun,
    options: RetrainOptions,
    policy: Policy,
    progress: Progress,
    report: RetrainReport,
    clock: Clock,
) -> Snapshot | None:
    """Return the frozen dataset, after the network itself was taught where that was asked for;
    None where nothing is to follow, which the report then explains."""
    if options.tuning is not None:
        with clock.step("tune"):
            if not _tune(run, options, policy, progress.narrowed(0.0, 0.8), report):
                return None
        progress = progress.narrowed(0.8, 1.0)
    with clock.step("snapshot"):
        snapshot = _take_snapshot(run, options, policy, progress)
    report.photos, report.tags = len(snapshot.examples.photos), snapshot.examples.tags
    report.dataset_sha256, report.missing = snapshot.manifest.sha256, snapshot.missing
    return snapshot


def _learn(
    run: TrainingRun,
    options: RetrainOptions,
    snapshot: Snapshot,
    policy: Policy,
    progress: Progress,
    clock: Clock,
) -> Judged:
    with clock.step("train"):
        live, classroom = open_classroom(run.backbone, snapshot, progress)
        lesson = teach(
            snapshot.examples, classroom.embeddings, classroom.believed, policy,
            get_card(run.backbone).top_features, progress.within("Teaching", 0.40, 0.70),
            memorised=memorised_by(run.backbone, snapshot.examples.photos),
        )  # fmt: skip
    with clock.step("evaluate"):
        progress.tell("Judging on unseen photos", 0.70)
        return _judge(run, options, live, snapshot, classroom, lesson, policy)


def _publish(
    run: TrainingRun,
    options: RetrainOptions,
    judged: Judged,
    progress: Progress,
    report: RetrainReport,
    clock: Clock,
) -> None:
    """Publish the version, and let it go live where the gate allows that."""
    with clock.step("publish"):
        progress.tell("Publishing", 0.78)
        version = publish_version(judged)
        _remember_version(run, version)
    report.version = version.number
    report.state = _outcome(judged.verdict, options)
    if report.promoted:
        with clock.step("retag"):
            report.preview = go_live(
                version=version, run=run, reason=judged.verdict.reason, progress=progress
            )
        return
    # One that goes live keeps its folder until nothing can go wrong any more.
    remove_folder(run)
    if report.state != RunState.REFUSED:
        # Whoever decides about it later will want to know what it changes.
        request_preview(version=version)


def _take_snapshot(
    run: TrainingRun, options: RetrainOptions, policy: Policy, progress: Progress
) -> Snapshot:
    """Embed what is missing, then freeze what is known."""
    progress.tell("Reading what people decided", 0.01)
    embed_for_run(images_to_embed(policy), run.backbone, progress, 0.02, 0.32)
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
        _, classroom = open_classroom(run.backbone, snapshot, part)
        start = teach_train_side(
            snapshot.examples, classroom.embeddings, classroom.believed, policy,
            part.within("Teaching", 0.40, 1.0),
        )  # fmt: skip
        return FirstLesson(classroom.believed, start)

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
        # Where the live network holds photos that were taken back, the original one, which does
        # not, may take its place.
        if not taken_back_from(live_version().serving_backbone):
            report.state, report.reason = RunState.REFUSED, str(not_better)
            return False
    report.backbone = run.backbone
    return True


def _judge(
    run: TrainingRun,
    options: RetrainOptions,
    live: LoadedVersion,
    snapshot: Snapshot,
    classroom: Classroom,
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

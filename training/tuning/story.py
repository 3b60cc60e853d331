"""Fine-tuning, told in order: from a frozen dataset to a network that is ready to serve."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from numpy.typing import NDArray
from PIL import Image as PillowImage

from tagging.backbones.cards import get_card, tuned_key
from tagging.backbones.tuned import install_tuned
from tagging.backbones.weights import BackboneUnavailable, file_sha256
from tagging.policy import Policy
from training.learning.examples import TRAIN, VALIDATION, Examples
from training.learning.fine_tuning.photos import BrokenPhotos, PhotoCache, side_for, write_photos
from training.learning.fine_tuning.starting import answers_to_learn
from training.learning.fine_tuning.task import (
    PHOTOS_FILE,
    TUNED_FILE,
    Point,
    Task,
    TuningSettings,
    read_answers,
    read_history,
    read_task,
    write_task,
)
from training.learning.fine_tuning.variations import contact_sheet
from training.learning.lesson import StartingHead
from training.models import TrainingRun, Tuning
from training.progress import Progress
from training.snapshot import Snapshot
from training.tuning import folders
from training.tuning.photos import readable_photos
from training.tuning.process import TuningFailed, work_in
from training.tuning.wishes import TuningWish

# Enough photos to judge by eye what the variations do to them.
SHEET_PHOTOS = 6
# Points inside an epoch are for the moment; of a long fine-tuning so many are kept.
_POINTS_KEPT = 240
_UNREADABLE = "None of the photos that would teach it can be read."


@dataclass(frozen=True)
class FirstLesson:
    """What the live network believes of the photos, bool [n, t], and the head that was fitted on
    the network as it is: fine-tuning starts from it (Kumar et al. 2022), and has to beat it."""

    believed: NDArray[np.bool_]
    start: StartingHead


TeachFirst = Callable[[Progress], FirstLesson]


def tune(
    *,
    run: TrainingRun,
    wish: TuningWish,
    snapshot: Snapshot,
    teach_first: TeachFirst,
    show: Callable[[bytes], None],
    policy: Policy,
    progress: Progress,
) -> Tuning:
    """Fine-tune the run's network, bring the result into the store, and let the run go on with it.

    `show` is given the contact sheet before anything is learnt. Goes on in the folder of a run that
    was killed, where one has begun the same and nothing in it was taken away. Raises NotBetter,
    TuningFailed or BackboneUnavailable.
    """
    base = run.backbone
    folders.tidy_folders(run=run)
    folder = None if wish.fresh else folders.take_over(run, base, wish.settings)
    resumed = folder is not None
    if folder is None:
        first = teach_first(progress.narrowed(0.0, 0.06))
        folder = _lay_out(run, wish, snapshot, first, policy, progress)
    try:
        tuning = _begin(run, folder, resumed=resumed)
        show(bytes(tuning.contact_sheet or b""))
        work_in(folder, lambda points: _relay(tuning, points, wish.settings, progress))
    except TuningFailed as failure:
        if failure.is_hopeless:
            folders.remove_folder(run)
        raise
    progress.tell("Preparing the new network", 0.95)
    label = f"fine-tuned on {tuning.photos} photos of dataset {tuning.dataset.sha256[:12]}"
    store = Path(settings.EYES_MODELS_STORE)
    # Where a photo may not be mirrored to teach, its mirror image has nothing to say either.
    mirrored = bool(settings.EYES_FLIPPED_VIEWS and wish.settings.augmentation.flip)
    _install(tuning, folder / TUNED_FILE, store, label, mirrored=mirrored)
    end_tuning(tuning)
    run.backbone = tuning.backbone
    run.save(update_fields=["backbone"])
    return tuning


def _install(
    tuning: Tuning, weights: Path, store: Path, label: str, *, mirrored: bool = False
) -> None:
    """Bring the weights into the store. Their row says so first: what nobody knows of would stay
    there for ever, if this process were killed."""
    card = get_card(tuning.base)
    tuning.backbone = tuned_key(card, file_sha256(weights), mirrored=mirrored)
    tuning.save(update_fields=["backbone"])
    try:
        install_tuned(card, weights, store, label, mirrored=mirrored)
    except BackboneUnavailable:
        tuning.backbone = ""
        tuning.save(update_fields=["backbone"])
        raise


def end_tuning(tuning: Tuning) -> None:
    """Write down that a fine-tuning came to its end, whatever came of it."""
    tuning.finished_at, tuning.seconds_left = timezone.now(), None
    tuning.save(update_fields=["backbone", "finished_at", "seconds_left"])


def try_out(base: str, snapshot: Snapshot, told: TuningSettings) -> bytes:
    """Return the contact sheet that a fine-tuning would begin with; nothing is kept of it."""
    photos = snapshot.examples.part(snapshot.examples.rows_on(TRAIN)).photos
    chosen = photos[:: max(1, len(photos) // SHEET_PHOTOS)][:SHEET_PHOTOS]
    with folders.scratch() as folder:
        _write(folder / PHOTOS_FILE, chosen, base, lambda done: None)
        return _contact_sheet(folder / PHOTOS_FILE, base, told)


def how_long(base: str, snapshot: Snapshot, told: TuningSettings) -> str:
    """Return in words how long a fine-tuning takes, going by the last one of this network here."""
    photos = len(snapshot.examples.rows_on(TRAIN, VALIDATION))
    sentence = (
        f"It would teach {base} itself on {photos:,} photos, in {told.epochs} rounds at most."
    )
    rate = _seconds_per_photo(base, told)
    if rate is None:
        return (
            f"{sentence} How long that takes is known after its first minute; here it was not "
            "done before."
        )
    minutes = max(1, round(rate * photos * told.epochs / 60))
    return f"{sentence} Going by the last time, that takes about {minutes} min."


def _seconds_per_photo(base: str, told: TuningSettings) -> float | None:
    done = Tuning.objects.filter(base=base, settings__blocks=told.blocks, settings__resumed=False)
    last = done.exclude(finished_at=None).first()
    if last is None or last.finished_at is None or not last.photos or not last.epochs:
        return None
    return (last.finished_at - last.created_at).total_seconds() / (last.photos * last.epochs)


def _lay_out(
    run: TrainingRun,
    wish: TuningWish,
    snapshot: Snapshot,
    first: FirstLesson,
    policy: Policy,
    progress: Progress,
) -> Path:
    """Return a folder with the photos that teach, what they show, and what is to be done."""
    rows = snapshot.examples.rows_on(TRAIN, VALIDATION)
    examples = snapshot.examples.part(rows)
    reading = progress.within("Reading the photos", 0.06, 0.12)
    with folders.laid_out(run) as folder:
        kept = _write(
            folder / PHOTOS_FILE,
            examples.photos,
            run.backbone,
            lambda done: reading("", done / len(examples.photos)),
        )
        _check(examples.part(kept))
        answers = answers_to_learn(
            examples.part(kept), first.believed[rows][kept], first.start, policy.unknown_weight
        )
        task = Task(run.backbone, examples.tags, snapshot.manifest.sha256, wish.settings)
        write_task(folder, task, answers)
    return folders.folder_of(run)


def _check(examples: Examples) -> None:
    if not (len(examples.rows_on(TRAIN)) and len(examples.rows_on(VALIDATION))):
        raise TuningFailed(_UNREADABLE)


def _write(
    path: Path, hashes: tuple[str, ...], base: str, told: Callable[[int], object]
) -> NDArray[np.intp]:
    """Write the photos down small; return the places of those that are in it."""
    side = side_for(get_card(base))
    kept: list[int] = []

    def each() -> Iterator[PillowImage.Image]:
        for place, photo in readable_photos(hashes, side, told):
            kept.append(place)
            yield photo

    write_photos(path, each(), side)
    return np.array(kept, dtype=np.intp)


def _contact_sheet(photos: Path, base: str, told: TuningSettings) -> bytes:
    try:
        with PhotoCache(photos) as cache:
            if not len(cache):
                raise TuningFailed(_UNREADABLE, is_hopeless=True)
            return contact_sheet(cache, told, get_card(base).input_size)
    except BrokenPhotos as error:
        raise TuningFailed(f"{error} Asked for again, it begins anew.", is_hopeless=True) from error


def _begin(run: TrainingRun, folder: Path, *, resumed: bool) -> Tuning:
    """Return the row that tells of this fine-tuning; the folder says what is in it."""
    task = read_task(folder)
    dataset = folders.dataset_of(task)
    assert dataset is not None, "a folder whose dataset is unknown is never taken over"
    return Tuning.objects.create(
        run=run,
        base=task.base,
        dataset=dataset,
        settings={**task.settings.as_json(), "resumed": resumed},
        photos=len(read_answers(folder).targets),
        history=_thinned(list(read_history(folder))),
        contact_sheet=_contact_sheet(folder / PHOTOS_FILE, task.base, task.settings),
    )


def _relay(tuning: Tuning, points: list[Point], told: TuningSettings, progress: Progress) -> None:
    """Bring what the process says of itself to the row and to whoever waits."""
    progress.tell(step_in_words(points, told.epochs), 0.12 + 0.83 * _share(points))
    history = _thinned(points)
    if history != tuning.history:
        left = points[-1].seconds_left
        tuning.history, tuning.seconds_left = history, None if left is None else round(left)
        tuning.save(update_fields=["history", "seconds_left"])


def step_in_words(points: list[Point], epochs: int) -> str:
    """Return for example `Fine-tuning, epoch 3 of 6, 8 min left`."""
    if not points:
        return "Fine-tuning, getting ready"
    last = points[-1]
    left = "" if last.seconds_left is None else f", {time_left(last.seconds_left)}"
    return f"Fine-tuning, epoch {max(1, last.epoch)} of {epochs}{left}"


def time_left(seconds: float) -> str:
    """Return for example `8 min left`; rounded up, so that nobody is disappointed."""
    minutes = int(seconds // 60) + 1
    if minutes < 100:
        return _("%(minutes)d min left") % {"minutes": minutes}
    return _("%(hours)d h left") % {"hours": round(minutes / 60)}


def _share(points: list[Point]) -> float:
    return points[-1].progress if points else 0.0


def _thinned(points: list[Point]) -> list[dict[str, Any]]:
    """Return the points as the row keeps them: every whole epoch, and of the rest so many."""
    inside = [place for place, point in enumerate(points) if point.judged_loss is None]
    step = -(-len(inside) // _POINTS_KEPT) or 1
    left_out = set(inside) - set(inside[::step]) - {len(points) - 1}
    return [asdict(point) for place, point in enumerate(points) if place not in left_out]

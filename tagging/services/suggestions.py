"""What the network says of photos, written as differences and never against a person's word."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from django.db import connection, transaction
from django.utils import timezone

from gallery.models import Image
from tagging.chunks import chunks, spanning
from tagging.classifier import Classifier, current_classifier
from tagging.models import ImageTag, ModelVersion, Promotion, Suggestion
from tagging.registry import live_promotion
from tagging.services.ballots import Pair
from tagging.services.embeddings import embed_images, embedding_matrices, missing_images
from tagging.services.spaces import FEW, count_fillable, wish_space
from tagging.services.tags import ids_of_tags
from tagging.services.word_lock import keep_words
from tagging.signals import library_retagged
from tagging.speech import ScoredTag

# Photos per matrix product and transaction: some 10 MB of vectors, and a writer that never keeps
# others waiting for long.
CHUNK = 1000
# Scores are kept with as many digits as a person could care for; noise below is no difference.
DIGITS = 4
# Rows per statement: seven values each stay below the variable limit of old SQLite builds.
WRITE_SIZE = 130

KEY = ("image", "tag")
WORDS = ("version_id", "score", "is_shown", "source")

Said = tuple[int, float, bool, str]


@dataclass
class RetagReport:
    """What a new version changed: photos looked at, suggestions that came, went or moved."""

    photos: int = 0
    added: int = 0
    removed: int = 0
    changed: int = 0
    unreadable: int = 0
    embedded: int = 0
    unfilled: set[str] = field(default_factory=set)
    """Backbones of which too many vectors are missing to compute them on the way."""


def suggest_tags(*, image_ids: Collection[int]) -> int:
    """Tag these photos with the live version; return how many suggestions were written.

    Vectors are computed where they are missing. Photos that are gone or unreadable are passed
    over. Running it again writes nothing.
    """
    report = RetagReport()
    for _ in _tag_in_chunks(sorted(set(image_ids)), report):
        pass
    return report.added + report.changed


def retag_library(*, progress: Callable[[int, int], object] | None = None) -> RetagReport:
    """Let the live version speak about every photo; return what changed.

    Reads stored vectors. Where the version's backbone has not seen a few photos yet, they are
    embedded on the way; where many are missing they keep what was said before, their embedding is
    asked for in the background, and its end brings another re-tagging. Each chunk asks again which
    version is live, so that a promotion in the middle is followed. `progress` is called with
    (photos done, photos in all).
    """
    ids = list(Image.objects.order_by("pk").values_list("pk", flat=True))
    report = RetagReport()
    for done in _tag_in_chunks(ids, report, most_embedded=FEW):
        report.photos += done
        if progress:
            progress(report.photos, len(ids))
    for backbone in report.unfilled:
        # What nobody can read must not be asked for again and again.
        if count_fillable(backbone):
            wish_space(backbone=backbone)
    library_retagged.send(sender=RetagReport)
    return report


@dataclass(frozen=True)
class _Heard:
    """What a version says of some photos: `tagged` is worked out beside the database's work.

    `promotion` is the one that was live when the version was asked.
    """

    image_ids: Sequence[int]
    promotion: Promotion | None
    classifier: Classifier
    found: list[int]
    unreadable: set[int]
    tagged: Future[list[list[ScoredTag]]]


def _tag_in_chunks(
    image_ids: Sequence[int], report: RetagReport, most_embedded: int | None = None
) -> Iterator[int]:
    """Embed, score and write these photos; yield the number of photos of each chunk when done.

    While the database writes one chunk the next is scored in a thread: the products of a chunk
    take as long as its rows, and NumPy lets other threads run meanwhile.
    """

    def settle(heard: _Heard) -> int:
        while not _write_heard(heard, report):
            heard = _listen(heard.image_ids, report, most_embedded, beside)
        return len(heard.image_ids)

    with ThreadPoolExecutor(1) as beside:
        waiting: _Heard | None = None
        for part in chunks(image_ids, CHUNK):
            heard = _listen(part, report, most_embedded, beside)
            if waiting:
                yield settle(waiting)
            waiting = heard
        if waiting:
            yield settle(waiting)


def _listen(
    image_ids: Sequence[int], report: RetagReport, most_embedded: int | None, beside: Executor
) -> _Heard:
    """Read the vectors of a chunk, those that are missing computed, and have it scored."""
    promotion = live_promotion()
    classifier = current_classifier()
    unreadable: set[int] = set()
    found, vectors = embedding_matrices(image_ids, classifier.spaces)
    if len(found) < len(image_ids):
        unreadable = _embed_missing(image_ids, classifier.spaces, report, most_embedded)
        found, vectors = embedding_matrices(image_ids, classifier.spaces)
    tagged = _nothing_said()
    if found:
        # Made here: the thread shall only count, and ask the database and the policy nothing.
        _ = classifier.speech
        tagged = beside.submit(classifier.tag, *vectors, only_suggested=True)
    return _Heard(image_ids, promotion, classifier, found, unreadable, tagged)


def _nothing_said() -> Future[list[list[ScoredTag]]]:
    nothing: Future[list[list[ScoredTag]]] = Future()
    nothing.set_result([])
    return nothing


def _write_heard(heard: _Heard, report: RetagReport) -> bool:
    """Write what was said of a chunk; return False where another version went live meanwhile."""
    spoken = dict(zip(heard.found, heard.tagged.result(), strict=True))
    with transaction.atomic():
        keep_words()
        if live_promotion() != heard.promotion:
            return False
        _replace_suggestions(heard.classifier, spoken, report)
    report.unreadable += len(heard.unreadable)
    return True


def _embed_missing(
    image_ids: Sequence[int], spaces: Sequence[str], report: RetagReport, most: int | None
) -> set[int]:
    """Embed these photos where they have no vector yet, up to `most` of the whole re-tagging, and
    return those that cannot be read."""
    unreadable: set[int] = set()
    for backbone in spaces:
        if most is not None:
            missing = missing_images(image_ids, backbone)
            if report.embedded + len(missing) > most:
                report.unfilled.add(backbone)
                continue
            report.embedded += len(missing)
        unreadable |= embed_images(image_ids=image_ids, backbone=backbone).unreadable.keys()
    return unreadable


def _replace_suggestions(
    classifier: Classifier, spoken: dict[int, list[ScoredTag]], report: RetagReport
) -> None:
    """Make the stored suggestions of these photos what the classifier said, inside a transaction.

    The photos are locked first, so that none is deleted and no other job writes in between. Rows
    are compared as tuples: making a model of each would take longer than all the rest.
    """
    near = Image.objects.filter(**spanning("pk", spoken)).order_by("pk")
    alive = set(near.select_for_update(no_key=True).values_list("pk", flat=True)) & spoken.keys()
    wanted = _wanted(classifier, {pk: tags for pk, tags in spoken.items() if pk in alive})
    stored = Suggestion.objects.filter(**spanning("image", alive))
    stale: list[int] = []
    for pk, image_id, tag_id, *said in stored.values_list("pk", "image_id", "tag_id", *WORDS):
        if image_id not in alive:
            continue
        new = wanted.get((image_id, tag_id))
        if new is None:
            stale.append(pk)
        elif new == tuple(said):
            del wanted[image_id, tag_id]
        else:
            report.changed += 1
            report.added -= 1
    for part in chunks(stale):
        Suggestion.objects.filter(pk__in=part).delete()
    _write(wanted)
    report.removed += len(stale)
    report.added += len(wanted)


def _wanted(classifier: Classifier, spoken: dict[int, list[ScoredTag]]) -> dict[Pair, Said]:
    """Return what should stand; tags that are said for the first time are created."""
    return wanted_suggestions(classifier, spoken, ids_of_tags(names=offered_names(spoken)))


def offered_names(spoken: Mapping[int, list[ScoredTag]]) -> set[str]:
    """Return the name of every tag that is worth offering on one of these photos."""
    return {one.tag for tags in spoken.values() for one in tags if one.suggested}


def wanted_suggestions(
    classifier: Classifier, spoken: Mapping[int, list[ScoredTag]], ids: Mapping[str, int]
) -> dict[Pair, Said]:
    """Return what should stand, by (image, tag): no rejected pair is among them.

    `ids` are those of the tags by name. First-day tags are the word of version 0, whichever
    version is live.
    """
    offered = {pk: [one for one in tags if one.suggested] for pk, tags in spoken.items()}
    said_no = ImageTag.objects.rejected().filter(image__in=offered)
    rejected = set(said_no.values_list("image_id", "tag_id"))
    speakers = {
        str(Suggestion.Source.TRAINED): classifier.version.pk,
        str(Suggestion.Source.BOOTSTRAP): ModelVersion.objects.bootstrap().pk,
    }
    return {
        (image_id, ids[one.tag]): (
            speakers[one.source],
            round(one.score, DIGITS),
            one.shown,
            one.source,
        )
        for image_id, some in offered.items()
        for one in some
        if (image_id, ids[one.tag]) not in rejected
    }


def _write(wanted: Mapping[Pair, Said]) -> None:
    """Insert these rows, or change those that stand for the same photo and tag.

    As plain SQL, the same for SQLite and PostgreSQL: making a model of every row and preparing
    each of its values takes `bulk_create` several times as long as the database needs to write
    them (`benchmarks/growth.py`).
    """
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    rows = list(wanted.items())
    with connection.cursor() as cursor:
        for part in chunks(rows, WRITE_SIZE):
            values = [value for pair, said in part for value in (*pair, *said, now)]
            cursor.execute(_upsert(len(part)), values)


def _upsert(rows: int) -> str:
    """Return the statement that writes so many rows of (image, tag, *words, time)."""
    name = connection.ops.quote_name
    columns = [name(f"{key}_id") for key in KEY] + [name(word) for word in WORDS]
    one = f"({', '.join(['%s'] * (len(columns) + 1))})"
    changed = ", ".join(f"{name(word)} = EXCLUDED.{name(word)}" for word in WORDS)
    return (
        f"INSERT INTO {name(Suggestion._meta.db_table)} "
        f"({', '.join(columns)}, {name('created_at')}) VALUES {', '.join([one] * rows)} "
        f"ON CONFLICT ({', '.join(columns[: len(KEY)])}) DO UPDATE SET {changed}"
    )

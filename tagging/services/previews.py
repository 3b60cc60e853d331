"""Trying a version out on every photo, from stored vectors, without changing what anyone sees."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone
from django_q.tasks import async_task

from gallery.models import Image
from tagging.chunks import chunks
from tagging.classifier import Classifier, classifier_of
from tagging.models import ImageTag, ModelVersion, Suggestion, Tag
from tagging.previews import MOST_EXAMPLES, Example, Preview
from tagging.registry import live_version, load_version
from tagging.services.ballots import Pair
from tagging.services.embeddings import embedding_matrices
from tagging.services.suggestions import CHUNK, offered_names, wanted_suggestions
from tagging.version_files import DamagedVersion


class PreviewRefused(Exception):
    """Raised when a version cannot be tried out; the message says why to a person."""


def request_preview(*, version: ModelVersion) -> None:
    """Have a worker compute the preview once this is committed; raises PreviewRefused.

    What an earlier preview said stays until then.
    """
    if version.is_pruned:
        raise PreviewRefused(f"The files of version {version.number} were removed.")
    kept = {key: value for key, value in version.preview.items() if key != "problem"}
    with transaction.atomic():
        _keep(version, {**kept, "asked_at": timezone.now().isoformat()})
        transaction.on_commit(
            lambda: async_task("tagging.tasks.preview_version", version.pk) and None
        )


def preview_version(
    *, version: ModelVersion, progress: Callable[[int, int], object] | None = None
) -> Preview:
    """Return what would change if this version went live, and keep that on its row.

    Compared is what every photo shows now with what re-tagging would write, by the same rules:
    rejected pairs never come, and of what people have said on a photo nothing comes or goes,
    since their word stands. Nothing else is written. `progress` is called with (photos done,
    photos in all). Raises PreviewRefused, and keeps the reason, where the version cannot be
    loaded.
    """
    try:
        classifier = classifier_of(load_version(version))
    except DamagedVersion as error:
        reason = f"Version {version.number} cannot be tried out: {error}"
        _keep(version, {"problem": reason})
        raise PreviewRefused(reason) from error
    preview = Preview(against=live_version().number)
    ids = list(Image.objects.newest().values_list("pk", flat=True))
    for done, part in enumerate(chunks(ids, CHUNK)):
        _count_chunk(classifier, part, preview)
        if progress:
            progress(min(len(ids), (done + 1) * CHUNK), len(ids))
    preview.computed_at = timezone.now().isoformat()
    _keep(version, preview.as_json())
    return preview


def _count_chunk(classifier: Classifier, image_ids: Sequence[int], preview: Preview) -> None:
    """Add to the preview what would come and go on these photos."""
    found, vectors = embedding_matrices(image_ids, classifier.spaces)
    preview.looked_at += len(found)
    preview.unseen += len(image_ids) - len(found)
    if not found:
        return
    spoken = dict(zip(found, classifier.tag(*vectors, only_suggested=True), strict=True))
    tag_ids = _ids_of(offered_names(spoken))
    wanted = wanted_suggestions(classifier, spoken, tag_ids)
    here = {"image__in": found}
    said = set(ImageTag.objects.filter(**here).values_list("image_id", "tag_id"))
    printed = Suggestion.objects.shown().filter(**here).order_by()
    before = set(printed.values_list("image_id", "tag_id")) - said
    after = {pair for pair, (_, _, shown, _) in wanted.items() if shown} - said
    names = _names_of({tag_id for _, tag_id in before}) | {pk: name for name, pk in tag_ids.items()}
    _add_differences(preview, found, after - before, before - after, names)


def _add_differences(
    preview: Preview,
    image_ids: Iterable[int],
    gained: set[Pair],
    lost: set[Pair],
    names: dict[int, str],
) -> None:
    changes: dict[int, tuple[list[str], list[str]]] = {}
    for column, pairs in enumerate((gained, lost)):
        for image_id, tag_id in pairs:
            changes.setdefault(image_id, ([], []))[column].append(names[tag_id])
            preview.per_tag.setdefault(names[tag_id], [0, 0])[column] += 1
    preview.photos += len(changes)
    preview.gained += len(gained)
    preview.lost += len(lost)
    photos = Image.objects.filter(pk__in=changes).newest()
    for image_id, owner_id in photos.values_list("pk", "owner_id"):
        more = sum(map(len, changes[image_id]))
        preview.owners[str(owner_id)] = preview.owners.get(str(owner_id), 0) + more
    # Examples are for pages: photos that strangers may see as well.
    room = MOST_EXAMPLES - len(preview.examples)
    for image_id in photos.on_show().values_list("pk", flat=True)[:room]:
        came, went = (sorted(tags) for tags in changes[image_id])
        preview.examples.append(Example(image_id, came, went))


def _ids_of(names: Iterable[str]) -> dict[str, int]:
    """Return the ids of tags by name; one that does not exist yet gets a number below zero."""
    wanted = sorted(names)
    known = dict(Tag.objects.filter(name__in=wanted).values_list("name", "pk"))
    return {name: known.get(name, -1 - place) for place, name in enumerate(wanted)}


def _names_of(tag_ids: Iterable[int]) -> dict[int, str]:
    return dict(Tag.objects.filter(pk__in=tag_ids).values_list("pk", "name"))


def _keep(version: ModelVersion, preview: dict[str, Any]) -> None:
    version.preview = preview
    version.save(update_fields=["preview"])

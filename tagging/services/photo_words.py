"""The words of photos' texts, kept beside them so that a search finds them at once."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from gallery.models import Image
from tagging.chunks import chunks
from tagging.finding.text import split_words
from tagging.models import PhotoWord

# Photos of one slice when those are looked for that nobody announced.
_SLICE: Final = 500


@transaction.atomic
def write_words(*, image_ids: Collection[int]) -> int:
    """Bring the words of these photos in line with their texts; return how many changed."""
    changed = 0
    for some in chunks(sorted(image_ids)):
        rows = Image.with_trash.filter(pk__in=some).values_list("pk", "title", "description", "alt")
        wanted = {(pk, word) for pk, *texts in rows for word in split_words(" ".join(texts))}
        held = PhotoWord.objects.filter(image_id__in=some)
        known = {(image_id, word): pk for pk, image_id, word in
                 held.values_list("pk", "image_id", "word")}  # fmt: skip
        gone = [pk for pair, pk in known.items() if pair not in wanted]
        for part in chunks(gone):
            PhotoWord.objects.filter(pk__in=part).delete()
        new = sorted(wanted - known.keys())
        PhotoWord.objects.bulk_create(
            (PhotoWord(image_id=pk, word=word) for pk, word in new),
            batch_size=_SLICE,
            ignore_conflicts=True,
        )
        changed += len(gone) + len(new)
    return changed


def write_missing_words() -> int:
    """Write the words of photos that have a text and none; return how many were written.

    Photos that were stored in bulk, by an import for instance, are announced to nobody.
    """
    has_words = Exists(PhotoWord.objects.filter(image_id=OuterRef("pk")))
    silent = Q(title="", description="", alt="")
    missing = Image.with_trash.exclude(silent).filter(~has_words).order_by("pk")
    ids = list(missing.values_list("pk", flat=True))
    return sum(write_words(image_ids=some) for some in chunks(ids, _SLICE))

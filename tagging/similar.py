"""Which photos look like this one: cosines of stored vectors, for whoever may see the photos."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gallery.models import Image, Viewer
from tagging.models import Content, Embedding
from tagging.registry import live_version
from tagging.services.vectors import vector_files

MOST: Final = 12
# The nearest of all; of those the viewer may see, the first twelve are shown. Who may see few
# photos of a large site may get fewer.
ASKED: Final = 400
# Below, photos have hardly more in common than any two: among 173 ImageNet photos of as many
# classes the median pair has a cosine of 0.18 and one pair in a hundred more than 0.34.
LEAST_COSINE: Final = 0.4


@dataclass(frozen=True)
class SimilarPhoto:
    """A photo and how alike it is, the cosine to the one that was asked about."""

    image: Image
    cosine: float


def similar_photos(*, image: Image, viewer: Viewer, most: int = MOST) -> list[SimilarPhoto]:
    """Return the photos most like this one that the viewer may see, the most alike first.

    Of the same bytes uploaded twice one is enough, and of the photo's own bytes none. Four
    queries, whatever the size of the library; nothing where no vectors are there yet. Needs no
    network, so that a page may ask.
    """
    backbone = live_version().serving_backbone
    embeddings = Embedding.objects.of_backbone(backbone)
    own = embeddings.filter(content__sha256=image.sha256).first()
    stored = vector_files(backbone).open() if own else None
    if own is None or stored is None or len(own.as_array()) != stored.manifest.dimension:
        return []
    contents, cosines = stored.nearest(own.as_array(), ASKED)
    near = {
        content: float(cosine)
        for content, cosine in zip(contents, cosines, strict=True)
        if cosine >= LEAST_COSINE and content != own.content_id
    }
    hash_of = dict(Content.objects.filter(pk__in=near).values_list("pk", "sha256"))
    seen = Image.objects.visible_to(viewer).filter(sha256__in=hash_of.values())
    # Of several with the same bytes the first upload stands for all.
    photos = {photo.sha256: photo for photo in seen.with_owner().order_by("-pk")}
    found = [
        SimilarPhoto(photos[hash_of[content]], cosine)
        for content, cosine in near.items()
        if hash_of.get(content) in photos
    ]
    return found[:most]

"""Whether the cosines of near-duplicates, measured on one backbone, also hold on another.

Copies of photos as people make them, in the band of hash distances where the hash alone cannot
tell: how many of them each backbone misses by the thresholds of the policy, and how alike strangers
are to it. FOLDER holds a folder of photos per tag; without it, tiles of pictures that packages
bring along are taken. Run with

    python -m benchmarks.twin_features [FOLDER] [--backbones KEY,KEY] [--store FOLDER] [--most 60]
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance

from benchmarks.planted import COPIES, Original, held_out_originals, originals_of_folder
from benchmarks.setting import fresh_installation
from benchmarks.written import WriteUp


def main() -> None:
    """Tell per backbone and kind of copy the lowest and the middle cosine and how many it misses,
    and the cosines of strangers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--backbones", default="efficientnet_lite0,vgg16")
    parser.add_argument("--store", type=Path, help="a models store that holds the backbones")
    parser.add_argument("--most", type=int, default=60)
    wishes = parser.parse_args()
    with fresh_installation() as folder:
        store = wishes.store or folder / "models_store"
        found = held_out_originals()
        if wishes.folder:
            found = originals_of_folder(wishes.folder, wishes.most)
        originals = list(found)[: wishes.most]
        page = WriteUp(
            "twin-features",
            "Near-duplicates and the network",
            "python -m benchmarks.twin_features FOLDER",
        )
        page.say(
            f"Copies of {len(originals)} photos. *In the band*: how many of them differ in so many "
            "bits of the hash that the cosine of the embeddings decides; *missed*: how many of "
            "those it takes for other photos, by the thresholds of the policy."
        )
        for backbone in wishes.backbones.split(","):
            add_backbone(page, backbone, store, originals)
        page.save()


def add_backbone(page: WriteUp, backbone: str, store: Path, originals: list[Original]) -> None:
    """Add the table of one backbone."""
    from tagging.backbones.cards import get_card
    from tagging.engine import open_engine
    from tagging.policy import COMMUNITY
    from tagging.services.embeddings import decode_for
    from tagging.twins import cosines, needed_cosine

    engine, card = open_engine(backbone, store), get_card(backbone)

    def vector(data: bytes) -> NDArray[np.float32]:
        return engine.embed(decode_for(card, data)[None])[0, : card.top_features]

    files = [original.as_file() for original in originals]
    vectors = np.stack([vector(data) for data in files])
    rows = []
    for name, make in (COPIES | MORE_COPIES).items():
        copies = [make(original.picture) for original in originals]
        pairs = zip(vectors, copies, strict=True)
        alike = np.array([float(cosines(one, vector(copy)[None])[0]) for one, copy in pairs])
        apart = np.array([distance(one, copy) for one, copy in zip(files, copies, strict=True)])
        unsure = (apart > COMMUNITY.twin_dhash) & (apart <= COMMUNITY.twin_dhash_wide)
        missed = unsure & (alike < needed_cosine(apart, COMMUNITY))
        cosine = [f"{alike.min():.2f}", f"{np.median(alike):.2f}"]
        rows.append([name, *cosine, str(unsure.sum()), str(missed.sum())])
    others = np.concatenate(
        [np.delete(cosines(one, vectors), row) for row, one in enumerate(vectors)]
    )
    middle, high, highest = np.quantile(others, [0.5, 0.95, 0.999])
    page.section(backbone)
    head = ["copy", "lowest cosine", "middle cosine", "in the band", "missed"]
    page.table(head, rows)
    strangers = {"middle": float(middle), "95 %": float(high), "99.9 %": float(highest)}
    told = ", ".join(f"{name} {value:.2f}" for name, value in strangers.items())
    page.say(f"Cosines of other photos: {told}.")
    page.figures[backbone] = {"columns": head, "rows": rows, "strangers": strangers}


def distance(one: bytes, other: bytes) -> int:
    """Return how many bits the hashes of two files differ in."""
    from gallery.imaging import dhash16, load_rgb
    from tagging.twins import hash_distances, pack_hashes

    bits = pack_hashes([dhash16(load_rgb(data, max_pixels=100_000_000)) for data in (one, other)])
    return int(hash_distances(bits[0], bits[1:])[0])


def brighter(picture: Image.Image) -> bytes:
    """Return the picture with 1.4 times the brightness."""
    return _as_jpeg(ImageEnhance.Brightness(picture).enhance(1.4))


def captioned(picture: Image.Image) -> bytes:
    """Return the picture with a white bar over its lowest 15 %."""
    copy = picture.copy()
    bar = (0, round(copy.height * 0.85), copy.width, copy.height)
    ImageDraw.Draw(copy).rectangle(bar, fill="white")
    return _as_jpeg(copy)


def tiny(picture: Image.Image) -> bytes:
    """Return the picture at a quarter of its width and height, in low quality."""
    small = picture.resize((max(1, picture.width // 4), max(1, picture.height // 4)))
    return _as_jpeg(small, quality=40)


def _as_jpeg(picture: Image.Image, quality: int = 85) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


MORE_COPIES: dict[str, Callable[[Image.Image], bytes]] = {
    "brighter": brighter,
    "with a caption": captioned,
    "tiny, quality 40": tiny,
}


if __name__ == "__main__":
    main()

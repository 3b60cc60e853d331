"""Photos with files, and published versions, for tests that let the network speak."""

from __future__ import annotations

import io
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image as PillowImage

from gallery.models import Image, User
from gallery.services.images import store_image
from tagging.head import GoldenOutputs, Head
from tagging.models import ModelVersion, VersionState
from tagging.version_files import CARD, GOLDEN, HEAD, publish_files

DIMENSION = 1792


def bundled_path(name: str) -> Path:
    """Return the path of a photo that the scikit-image package ships."""
    spec = find_spec("skimage")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent / "data" / name


def bundled(name: str) -> bytes:
    """Return the bytes of a photo that the scikit-image package ships."""
    return bundled_path(name).read_bytes()


def altered(data: bytes, alter: Callable[[PillowImage.Image], PillowImage.Image]) -> bytes:
    """Return the photo as a JPEG file after a change of its pixels."""
    with PillowImage.open(io.BytesIO(data)) as opened:
        picture = alter(opened.convert("RGB"))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def upload(owner: User, data: bytes, *, announce: bool = False) -> Image:
    """Return the stored photo, with its files."""
    stored = store_image(
        owner=owner,
        data=data,
        name="photo.jpg",
        visibility="public",
        teaches=True,
        announce=announce,
    )
    return stored.image


def constant_head(dimension: int = DIMENSION, /, **probabilities: float) -> Head:
    """Return a head that gives every photo these probabilities; 0.9 shows, 0.6 suggests."""
    values = np.array(list(probabilities.values()), dtype=np.float64)
    count = len(values)
    return Head(
        labels=tuple(probabilities),
        mean=np.zeros(dimension),
        scale=np.ones(dimension),
        kernel=np.zeros((dimension, count)),
        bias=np.log(values / (1 - values)),
        show=np.full(count, 0.9),
        suggest=np.full(count, 0.6),
    )


def publish(
    store: Path,
    number: int,
    head: Head,
    golden: GoldenOutputs | None = None,
    backbone: str = "efficientnet_lite0",
) -> ModelVersion:
    """Return a candidate version whose files lie in the store."""
    embeddings = np.random.default_rng(number).normal(size=(4, head.dimension))
    golden = golden or GoldenOutputs.of(head, embeddings)
    files = {HEAD: head.to_bytes(), GOLDEN: golden.to_bytes(), CARD: b"# A version for tests\n"}
    return ModelVersion.objects.create(
        number=number,
        backbone=backbone,
        sha256=publish_files(store, number, files),
        labels=list(head.labels),
        state=VersionState.CANDIDATE,
        metrics={"macro_f1": 0.5},
    )


def change_one_byte(path: Path) -> None:
    """Flip one bit in the middle of a file."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)

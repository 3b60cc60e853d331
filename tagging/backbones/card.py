"""What a backbone's card says: the facts that travel with a set of weights.

Preprocessing belongs here and not in settings: the same weights fed with another scaling lose ten
points of accuracy without any error. Cards are checked when they are made, for what can be
checked without the network; the rest is checked when the network is built.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

IMAGENET_CLASSES = 1000

Scaling = Literal["signed_unit", "caffe", "inside"]
"""How the network wants its pixels: `signed_unit` is x / 127.5 - 1; `caffe` is BGR minus the
ImageNet mean colour, not divided; `inside` is 0 to 255, because the network's own first layers
scale. All of it happens inside the graph, so engines take plain uint8."""

Take = Literal["averages", "maxima", "input"]
"""What of a layer: the global averages or maxima of each channel of the map it gives, or the
numbers it reads. `input` is for layers of the top: what its last layer reads is what that layer
is linear on, whatever stands between the last map and it."""

HashAlgorithm = Literal["sha256", "md5"]
_DIGITS = {"sha256": 64, "md5": 32}
# With the digest of a fine-tuned network behind it, a key fits its column of 32 characters.
_KEY = re.compile(r"[a-z0-9_]{1,22}(\+[0-9a-f]{8}m?)?")


class CardError(ValueError):
    """Raised for a card that cannot be right; the message names the card and the fact."""


@dataclass(frozen=True)
class AcceptedHash:
    """A fingerprint of a weights file that we trust, and what that file is."""

    algorithm: HashAlgorithm
    digest: str
    label: str

    def __post_init__(self) -> None:
        """Raise CardError for a digest that no file can have."""
        digits = _DIGITS.get(self.algorithm, 0)
        if not digits or not re.fullmatch(rf"[0-9a-f]{{{digits}}}", self.digest):
            raise CardError(f"{self.digest!r} is not the {self.algorithm} of a file.")


@dataclass(frozen=True)
class Download:
    """Where the official weights file lies."""

    url: str
    file_name: str


@dataclass(frozen=True)
class Part:
    """Some numbers of the embedding: what is taken of which layer."""

    layer: str
    take: Take

    def __str__(self) -> str:
        """Return it in words."""
        if self.take == "input":
            return f"what {self.layer} reads"
        return f"{self.take} of {self.layer}"


@dataclass(frozen=True)
class Application:
    """A network of keras.applications, and what of it becomes the embedding.

    `name` is the function's name there; `parts` stand in the embedding in this order. `top` is
    the last layer of the network's own top, where it is linear on the first `top_features`
    numbers of the embedding; None where it is not, so that there are no first-day words.
    """

    name: str
    parts: tuple[Part, ...]
    top: str | None = None

    @property
    def needs_top(self) -> bool:
        """Return whether the embedding reads layers that only a file with the top brings."""
        return any(part.take == "input" for part in self.parts)


@dataclass(frozen=True)
class BackboneCard:
    """What is fixed about a backbone, whoever serves it.

    `input_size` is the side of the square input in pixels; `dimension` the length of the
    embedding. The first `top_features` numbers of the embedding are what the ImageNet head was
    trained on, and what the cosine between near-duplicates is measured on. `crop` is the part of
    the shorter side that the central square keeps. `cpu_batch` photos at a time are as quick on a
    CPU as more would be, and keep the activations below about 100 MB. `application` says which
    network of keras.applications it is, else None. `bundled_file` is (package, path inside it)
    where the weights come as an ordinary requirement, else None and they are fetched. `tuned_from`
    is the key of the network that a fine-tuned one started from and stands beside (see `tuned`),
    else empty; `is_mirrored` says that it averages a photo with its mirror image.
    """

    key: str
    title: str
    input_size: int
    dimension: int
    top_features: int
    crop: float
    cpu_batch: int
    scaling: Scaling
    licence: str
    weights_note: str
    accepted_hashes: tuple[AcceptedHash, ...]
    application: Application | None = None
    download: Download | None = None
    bundled_file: tuple[str, str] | None = None
    tuned_from: str = ""
    is_mirrored: bool = False

    def __post_init__(self) -> None:
        """Raise CardError for facts that contradict each other or no network can have."""
        wrong = [
            sentence
            for sentence, holds in (
                (
                    "its key is no plain name of at most 22 characters",
                    bool(_KEY.fullmatch(self.key)),
                ),
                ("its input size is not positive", self.input_size > 0),
                ("its top reads no leading part", 0 < self.top_features <= self.dimension),
                ("its crop is no part of the photo", 0 < self.crop <= 1),
                ("its CPU batch is not positive", self.cpu_batch > 0),
                (f"there is no scaling {self.scaling!r}", self.scaling in get_args(Scaling)),
                ("it names no licence", bool(self.licence)),
                ("it names no part of the network", self.application is None or self._has_parts),
            )
            if not holds
        ]
        if wrong:
            raise CardError(f"The card of {self.key!r} cannot be right: {', '.join(wrong)}.")

    @property
    def is_bundled(self) -> bool:
        """Return whether the weights are installed together with eyes, with no download."""
        return self.bundled_file is not None

    @property
    def _has_parts(self) -> bool:
        parts = self.application.parts if self.application else ()
        return bool(parts) and all(part.take in get_args(Take) for part in parts)

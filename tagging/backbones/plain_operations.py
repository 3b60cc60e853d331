"""Say the same network in operations that every engine knows.

Three that keras.applications uses do not survive the export: a convolution in as many groups as
channels, which TensorFlow hands to a compiler on a CPU (and runs slowly); the complementary error
function inside GELU; and the tensors of a fixed normalisation, which would become inputs of the
graph where arrays become constants.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np


def in_plain_operations(body: keras.Model) -> keras.Model:
    """Return the network itself where all is plain, else one with the same weights that is.

    The outputs are the same up to the last digits of float32.
    """
    plain = body
    if any(_is_grouped(layer) or _is_gelu(layer) for layer in body.layers):
        plain = keras.models.clone_model(body, clone_function=_plain_layer)
        for layer in body.layers:
            if weights := layer.get_weights():
                if _is_grouped(layer):
                    weights[0] = weights[0].transpose(0, 1, 3, 2)
                plain.get_layer(layer.name).set_weights(weights)
    for layer in plain.layers:
        if isinstance(layer, keras.layers.Normalization) and not layer.weights:
            layer.mean, layer.variance = np.asarray(layer.mean), np.asarray(layer.variance)
    return plain


def _plain_layer(layer: keras.layers.Layer) -> keras.layers.Layer:
    config = layer.get_config()
    if _is_grouped(layer):
        kept = ("name", "kernel_size", "strides", "padding", "dilation_rate", "use_bias")
        return keras.layers.DepthwiseConv2D(**{key: config[key] for key in kept})
    if _is_gelu(layer):
        return keras.layers.Activation(_gelu, name=layer.name)
    return layer.__class__.from_config(config)


def _is_grouped(layer: keras.layers.Layer) -> bool:
    """Return whether each channel is convolved alone, into one channel, and nothing more."""
    return (
        type(layer) is keras.layers.Conv2D
        and layer.groups == layer.filters > 1
        and layer.kernel.shape[2] == 1
        and layer.activation is keras.activations.linear
    )


def _is_gelu(layer: keras.layers.Layer) -> bool:
    return isinstance(layer, keras.layers.Activation) and layer.activation is keras.activations.gelu


def _gelu(signal: Any) -> Any:
    """Return x times the normal distribution function of x (Hendrycks and Gimpel 2016, exact)."""
    return 0.5 * signal * (1.0 + keras.ops.erf(signal * 0.5**0.5))

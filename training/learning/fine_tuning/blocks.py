"""What the blocks of a network are, so that "the top four" means something for every card.

Networks name their layers after the block they belong to, each in its own way. A layer that names
none (a stem, a convolution between stages or behind the last block) goes with the next block
above it, or with the last one. Where a network names no blocks at all, each layer with a kernel
is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import keras

# EfficientNet-Lite0: blocks.7.expand_conv. VGG16: block3_conv1. ResNet: conv4_block2_1_conv.
# EfficientNetV2: block2a_expand_conv. MobileNet: block_3_expand, expanded_conv_4_expand. ConvNeXt:
# convnext_tiny_stage_1_block_2_depthwise_conv. Inception v3 names its convolutions by number
# alone, but what joins them is mixed4, and so everything before it, from mixed3 on, is a block.
_NAME_OF_BLOCK = re.compile(
    r"blocks\.\d+(?=\.)"
    r"|block\d+[a-z]?(?=_)"
    r"|block_\d+(?=_)"
    r"|conv\d+_block\d+(?=_)"
    r"|expanded_conv(?:_\d+)?(?=_[a-z])"
    r"|[a-z0-9_]*stage_\d+_block_\d+(?=_)"
    r"|mixed\d+$"
)


def blocks_of(network: keras.Model) -> list[list[keras.layers.Layer]]:
    """Return the layers with weights of each block, the first block at the bottom."""
    named = [(layer, _block_name(layer)) for layer in _layers(network)]
    if not any(name for _, name in named):
        named = [(layer, layer.name if hasattr(layer, "kernel") else "") for layer, _ in named]
    order = [name for _, name in named if name]
    # Branches of one block may lie between those of another; a block is where it ends.
    last = {name: position for position, name in enumerate(order)}
    names = sorted(last, key=last.__getitem__)
    blocks: dict[str, list[keras.layers.Layer]] = {name: [] for name in names}
    waiting: list[keras.layers.Layer] = []
    for layer, name in named:
        waiting.append(layer)
        if name:
            blocks[name] += waiting
            waiting = []
    if names:
        blocks[names[-1]] += waiting
    return [[layer for layer in blocks[name] if layer.weights] for name in names]


def learning_layers(network: keras.Model, blocks: int | None) -> list[keras.layers.Layer]:
    """Return the layers that learn when the top `blocks` do, None for all of them.

    Batch norm is not among them, nor is what is fixed by the network itself (the exchange of
    colours of VGG16). Raises ValueError for a number of blocks that the network does not have.
    """
    found = blocks_of(network)
    count = len(found) if blocks is None else blocks
    if not 1 <= count <= len(found):
        raise ValueError(f"{network.name} has {len(found)} blocks, so {blocks} cannot learn.")
    return [
        layer
        for block in found[len(found) - count :]
        for layer in block
        if layer.trainable_weights and not isinstance(layer, keras.layers.BatchNormalization)
    ]


def _layers(network: keras.Model) -> Iterator[keras.layers.Layer]:
    """Yield every layer from the bottom up, also those of networks within."""
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            yield from _layers(layer)
        else:
            yield layer


def _block_name(layer: keras.layers.Layer) -> str:
    found = _NAME_OF_BLOCK.match(layer.name)
    return found[0] if found else ""

"""Check an HDF5 weights file before anything reads it: it may only ever yield arrays.

HDF5 is a small file system. A file can point out of itself (external and soft links, external
storage, virtual datasets), ask for a plugin to be loaded that unpacks it, or declare terabytes it
does not store; whoever reads it follows. Keras has refused most of that since CVE-2026-1669 and
CVE-2026-0897, each loader and each trick in its turn. Here the rule is the other way round: what a
file of weights needs is allowed, and nothing else.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np

from tagging.backbones.card import IMAGENET_CLASSES

if TYPE_CHECKING:
    import keras

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_OTHERS = {
    b"PK\x03\x04": "a zip archive, as .keras and .npz files are",
    b"\x80": "a Python pickle",
}
# Deflate, shuffle and Fletcher's checksum: built in. Any other filter makes HDF5 look for a plugin.
_FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32}
# Random-like weights hardly compress, and constant ones (new biases, masks) are few.
_MOST_EXPANSION = 4
_SPARE_BYTES = 1 << 20
# The largest network of keras.applications has some 3,000 layers and weights.
_MOST_OBJECTS = 20_000
# What Keras keeps beside the weights: the seeds of layers that are random while learning.
_SPARE_NUMBERS = 10_000
# Keras splits lists of names that are longer than 64 KiB.
_MOST_ATTRIBUTE_BYTES = 1 << 20
# Official files hold texts of fixed length; a list of free ones gets this much in the worst case.
_MOST_TEXT_BYTES = 4 << 30


class UnsafeWeightFile(ValueError):
    """Raised for a file that is no plain file of weights; the message says what it holds."""


@dataclass(frozen=True)
class _Array:
    """Shape of an array, the bytes it takes once read, and those it takes in the file."""

    shape: tuple[int, ...]
    declared: int
    stored: int


@dataclass(frozen=True)
class WeightFile:
    """What a checked file holds, known without reading one number of it.

    `is_old` tells the layout of Keras 1 and 2 from that of Keras 3. `has_top` says whether there
    is a matrix with a column per ImageNet class. `numbers` counts what its arrays hold in all.
    """

    is_old: bool
    has_top: bool
    numbers: int


def examine_weight_file(path: Path) -> WeightFile:
    """Return what the file holds once everything in it has been found harmless.

    Allowed are groups and arrays of plain numbers, stored in the file itself, compressed with
    what HDF5 brings, and in all no larger than a multiple of the file. Raises UnsafeWeightFile.
    """
    _check_signature(path)
    try:
        with h5py.File(path, "r") as file:
            _refuse_whole_models(path, file)
            texts: list[int] = []
            found = [_checked_array(path, array) for array in _arrays(path, file, texts)]
            is_old = "layer_names" in file.attrs or "layer_names0" in file.attrs
    except UnsafeWeightFile:
        raise
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, OverflowError) as error:
        raise UnsafeWeightFile(f"{path.name} is damaged or no HDF5 file: {error}") from error
    _check_sizes(path, found, max(texts, default=0))
    numbers = sum(math.prod(array.shape) for array in found)
    return WeightFile(is_old, any(_is_top(array.shape) for array in found), numbers)


def load_weights(network: keras.Model, path: Path, file: WeightFile | None = None) -> None:
    """Load a file of weights in either of Keras' layouts, once it has been found harmless.

    `file` is what `examine_weight_file` found, where that was asked already. Raises ValueError
    for a file that is unsafe, does not fit, or holds numbers that are not finite.
    """
    file = file or examine_weight_file(path)
    if file.numbers > network.count_params() + _SPARE_NUMBERS:
        raise ValueError(
            f"{path.name} holds {file.numbers:,} numbers, more than the "
            f"{network.count_params():,} of {network.name}."
        )
    with tempfile.TemporaryDirectory() as folder:
        # Keras tells the layouts apart by the file's name only.
        named = Path(folder) / ("old.h5" if file.is_old else "new.weights.h5")
        named.symlink_to(path.resolve())
        try:
            network.load_weights(named)
        except (ValueError, KeyError, OSError) as error:
            raise ValueError(f"{path.name} does not fit {network.name}: {error}") from error
    if not all(np.isfinite(numbers).all() for numbers in network.get_weights()):
        raise ValueError(f"{path.name} holds numbers that are not finite.")


def _check_signature(path: Path) -> None:
    """Refuse what does not begin as HDF5 does, before any library looks at it.

    HDF5 may begin later in a file, so that one file could be two things at once: not here.
    """
    with path.open("rb") as file:
        start = file.read(len(_SIGNATURE))
    if start == _SIGNATURE:
        return
    kind = next((kind for mark, kind in _OTHERS.items() if start.startswith(mark)), None)
    raise UnsafeWeightFile(
        f"{path.name} is not an HDF5 weights file" + (f" but {kind}" if kind else "") + "."
    )


def _check_sizes(path: Path, arrays: list[_Array], texts: int) -> None:
    """Refuse a file that could take far more memory than it has bytes; `texts` is the longest list.

    Each text of a list may be the same long one, stored once, somewhere outside the arrays.
    """
    size = path.stat().st_size
    declared = sum(array.declared for array in arrays)
    if declared > _MOST_EXPANSION * size + _SPARE_BYTES:
        raise UnsafeWeightFile(
            f"{path.name} declares arrays of {declared:,} bytes and stores only {size:,}: reading "
            "it could fill the memory."
        )
    longest = size - sum(array.stored for array in arrays)
    if texts * longest > _MOST_TEXT_BYTES:
        raise UnsafeWeightFile(
            f"{path.name} has a list of {texts:,} texts, each of up to {longest:,} bytes: reading "
            "it could fill the memory."
        )


def _refuse_whole_models(path: Path, file: h5py.File) -> None:
    """Refuse a file that brings its own network: such a description can call any code."""
    if "model_config" in file.attrs or file.get("model_weights", getlink=True) is not None:
        raise UnsafeWeightFile(
            f"{path.name} is a whole model, which may carry code of its own. Only files of weights "
            "are taken (in Keras: model.save_weights)."
        )


def _arrays(path: Path, file: h5py.File, texts: list[int]) -> Iterator[h5py.Dataset]:
    """Yield every array in the file, following nothing but its own plain tree.

    The lengths of lists of texts met on the way are added to `texts`.

    Links are looked at before what they point to, and each group may be reached once only: links
    in a circle end here, and so does one array that is offered many times.
    """
    seen: set[int] = set()
    waiting: list[h5py.Group] = [file]
    while waiting:
        group = waiting.pop()
        texts.extend(_text_lists(path, group))
        for name in group:
            where = f"{path.name}, {group.name.rstrip('/')}/{name}"
            if type(group.get(name, getlink=True)) is not h5py.HardLink:
                raise UnsafeWeightFile(f"{where}: a link that may lead out of the file.")
            item = group[name]
            address = h5py.h5o.get_info(item.id).addr
            if address in seen or len(seen) > _MOST_OBJECTS:
                raise UnsafeWeightFile(f"{where}: the same thing twice, or too many things.")
            seen.add(address)
            if isinstance(item, h5py.Group):
                waiting.append(item)
            elif isinstance(item, h5py.Dataset):
                texts.extend(_text_lists(path, item))
                yield item
            else:
                raise UnsafeWeightFile(f"{where}: neither a group nor an array.")


def _checked_array(path: Path, array: h5py.Dataset) -> _Array:
    """Return the sizes of an array of plain numbers that lies in the file itself."""
    where = f"{path.name}, {array.name}"
    if array.external or array.is_virtual:
        raise UnsafeWeightFile(f"{where}: its numbers lie in another file.")
    if array.dtype.kind not in "fiub" or array.dtype.itemsize > 8 or array.shape is None:
        raise UnsafeWeightFile(f"{where}: not an array of numbers.")
    creation = array.id.get_create_plist()
    for number in range(creation.get_nfilters()):
        if creation.get_filter(number)[0] not in _FILTERS:
            raise UnsafeWeightFile(f"{where}: packed with a filter that would have to be loaded.")
    stored = array.id.get_storage_size()
    if array.size and stored == 0:
        raise UnsafeWeightFile(f"{where}: declares {array.size:,} numbers and stores none.")
    # To read one number HDF5 unpacks a whole chunk, which may be larger than the array.
    size = max(array.size, math.prod(array.chunks or ())) * array.dtype.itemsize
    return _Array(array.shape, size, stored)


def _text_lists(path: Path, item: h5py.Group | h5py.Dataset) -> Iterator[int]:
    """Yield the length of each list of texts of free length among the attributes.

    Raises UnsafeWeightFile for attributes other than short texts and numbers.
    """
    for name in item.attrs:
        found = item.attrs.get_id(name)
        is_text = h5py.check_string_dtype(found.dtype) is not None
        # HDF5 fails when asked for the size of an empty list, which layers without weights have.
        count = 0 if found.shape is None else math.prod(found.shape)
        is_short = count * found.get_type().get_size() <= _MOST_ATTRIBUTE_BYTES
        if not (is_short and (is_text or found.dtype.kind in "fiub")):
            raise UnsafeWeightFile(
                f"{path.name}, {item.name}: its attribute {name!r} is no short text or number."
            )
        if is_text and found.dtype.kind == "O":
            yield count


def _is_top(shape: tuple[int, ...]) -> bool:
    """Return whether it is the matrix of a classifier, or a 1 x 1 convolution in its place."""
    return (
        len(shape) in (2, 4)
        and shape[-1] == IMAGENET_CLASSES
        and all(side == 1 for side in shape[:-2])
    )

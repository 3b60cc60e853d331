"""Read tensors from the old (pre-zip) torch checkpoint format, without torch and without trust.

Such a file is a row of pickles: a magic number, a protocol number, facts about the machine, the
state dict whose tensors point into storages by a persistent id, the list of storage keys; then
for each storage, in that order, its element count (int64) and its numbers, little-endian.

A pickle may call any function it can name, so the unpickler here can name four things and calls
only our own replacements for them.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeGuard

import numpy as np
import numpy.typing as npt

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001


class UnsafeCheckpoint(ValueError):
    """Raised for a file that is damaged or that asks for more than tensors."""


@dataclass(frozen=True)
class _StorageType:
    """Stands for a torch storage class: only its element type, and not callable."""

    element: np.dtype[Any]


@dataclass
class _Storage:
    element: np.dtype[Any]
    count: int
    numbers: npt.NDArray[Any] | None = None


@dataclass(frozen=True)
class _Tensor:
    """Where a tensor lies in its storage; the numbers follow later in the file."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def array(self) -> npt.NDArray[Any]:
        """Return the tensor as a read-only view; `_place_tensor` has checked its bounds."""
        if self.storage.numbers is None:
            raise UnsafeCheckpoint("A tensor points to a storage that the file does not hold.")
        size = self.storage.element.itemsize
        return np.lib.stride_tricks.as_strided(
            self.storage.numbers[self.offset :],
            shape=self.shape,
            strides=tuple(step * size for step in self.strides),
            writeable=False,
        )


def _place_tensor(
    storage: object, offset: object, shape: object, strides: object, *_ignored: object
) -> _Tensor:
    """Return the place of a tensor after checking that it stays inside its storage."""
    if not isinstance(storage, _Storage) or not _is_count(offset):
        raise UnsafeCheckpoint("A tensor is not described by a storage and an offset.")
    if not (_are_counts(shape) and _are_counts(strides) and len(shape) == len(strides)):
        raise UnsafeCheckpoint("A tensor's shape and strides are not rows of whole numbers.")
    last = offset + sum((n - 1) * step for n, step in zip(shape, strides, strict=True))
    if 0 in shape or last >= storage.count:
        raise UnsafeCheckpoint("A tensor is empty or reaches beyond its storage.")
    return _Tensor(storage, offset, shape, strides)


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and value >= 0


def _are_counts(value: object) -> TypeGuard[tuple[int, ...]]:
    return isinstance(value, tuple) and all(_is_count(item) for item in value)


_ALLOWED_GLOBALS: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _place_tensor,
    ("torch", "FloatStorage"): _StorageType(np.dtype("<f4")),
    ("torch", "LongStorage"): _StorageType(np.dtype("<i8")),
}


class _TensorUnpickler(pickle.Unpickler):
    """An unpickler that can build plain containers, numbers, text and tensors, nothing else."""

    def __init__(self, file: BinaryIO, storages: dict[str, _Storage]) -> None:
        super().__init__(file)
        self._storages = storages

    def find_class(self, module: str, name: str) -> Any:
        """Return our stand-in for an allowed name; refuse every other one."""
        try:
            return _ALLOWED_GLOBALS[module, name]
        except KeyError:
            raise UnsafeCheckpoint(
                f"The file asks for {module}.{name}, which is refused."
            ) from None

    def persistent_load(self, reference: Any) -> _Storage:
        """Return the storage that a tensor refers to; the same key is the same storage."""
        match reference:
            case ("storage", _StorageType(element), str(key), str(), int(count), None):
                return self._storages.setdefault(key, _Storage(element, count))
        raise UnsafeCheckpoint(f"The file has an unknown kind of reference: {reference!r:.80}.")


def read_legacy_checkpoint(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Return the tensors of a state dict by name.

    Raises UnsafeCheckpoint when the file is truncated, is not in this format, or would run code.
    """
    storages: dict[str, _Storage] = {}
    try:
        with path.open("rb") as file:
            head = [_TensorUnpickler(file, storages).load() for _ in range(3)]
            if head[:2] != [_MAGIC, _PROTOCOL]:
                raise UnsafeCheckpoint(f"{path.name} is not a checkpoint of the old torch format.")
            state = _TensorUnpickler(file, storages).load()
            keys = _TensorUnpickler(file, storages).load()
            _read_storages(file, keys, storages)
    except (pickle.UnpicklingError, EOFError, ValueError, TypeError, IndexError) as error:
        if isinstance(error, UnsafeCheckpoint):
            raise
        raise UnsafeCheckpoint(f"{path.name} cannot be read: {error}") from error
    if not isinstance(state, dict):
        raise UnsafeCheckpoint(f"{path.name} does not hold a table of tensors.")
    return {name: item.array() for name, item in state.items() if isinstance(item, _Tensor)}


def _read_storages(file: BinaryIO, keys: object, storages: dict[str, _Storage]) -> None:
    """Fill the storages with the numbers that follow the pickles."""
    if not isinstance(keys, list):
        raise UnsafeCheckpoint("The list of storages is missing.")
    for key in keys:
        storage = storages.get(key)
        if storage is None:
            raise UnsafeCheckpoint(f"Storage {key!r} belongs to no tensor.")
        count = int.from_bytes(file.read(8), "little", signed=True)
        if count != storage.count:
            raise UnsafeCheckpoint(f"Storage {key} holds {count} numbers, not {storage.count}.")
        raw = file.read(count * storage.element.itemsize)
        if len(raw) != count * storage.element.itemsize:
            raise UnsafeCheckpoint(f"Storage {key} is cut short.")
        storage.numbers = np.frombuffer(raw, dtype=storage.element)

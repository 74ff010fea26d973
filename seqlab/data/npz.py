"""Arrays of NumPy to a table: series or images one an example, their labels, and given parts.

    x_train (n, T) or (n, channels, T), y_train (n,), x_test, y_test      parts as given
    x, y, and perhaps subject (n,)                                        one table
    x (ΣT, channels), lengths (n,), y                                     series of unequal length
    acc (N, 3), gyro (N, 3), label (N,), user (N,)                        a row a time step

Files are never unpickled: arrays of Python objects are refused.
"""

from __future__ import annotations

import io
import math
import re
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.lib import format as npy
from numpy.typing import NDArray

from seqlab.data.bounds import read_within
from seqlab.data.folders import join_splits
from seqlab.data.formats import is_documentation, read_bytes
from seqlab.data.split_spec import SPLIT_NAMES
from seqlab.data.table import Table
from seqlab.data.ts_format import series_column
from seqlab.errors import UserError

Array = NDArray[Any]

_INPUTS = ("x", "data", "series", "values", "images", "image", "signals", "inputs")
_LABELS = ("y", "label", "labels", "target", "targets", "class")
_EXPECTED = (
    "expected x of (n, T) or (n, channels, T), images of (n, height, width) or with colours last,"
    " and y of (n,); also x_train, y_train, x_test, y_test"
)
MOST_COLUMNS = 64  # columns of an array that stands beside others, a row a time step
_DTYPE_KINDS = "biufUSM"  # of arrays that are read: numbers, words, moments
AGREEING_SHARE = 0.8  # of series, which tells an axis of channels from one of unequal lengths
_FEWEST_IMAGE_PIXELS = 4  # a side, from which a square of whole numbers can be an image


def read_npz(content: bytes, origin: str) -> Table:
    """A table from an `.npz` archive: `series` or `image` a row, `label`, `split`, others."""
    arrays: dict[str, Array] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                with archive.open(name) as member:
                    stored = read_within(member, origin, len(content))
                stem = name.removesuffix(".npy")
                arrays[stem] = _array(stored, f"{origin}: {stem}")
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError) as error:
        raise _damaged(origin, error) from None
    return table_of_arrays(arrays, origin)


def read_npy(content: bytes, origin: str) -> Table:
    """A table of one array: series or images to be predicted."""
    return table_of_arrays({"x": _array(content, origin)}, origin)


def read_npy_folder(folder: Path) -> Table | None:
    """A folder of `.npy` files named as the arrays of an `.npz` are, else None."""
    files = [p for p in sorted(folder.iterdir()) if p.is_file() and not is_documentation(p.name)]
    if len(files) < 2 or any(path.suffix.lower() != ".npy" for path in files):
        return None
    arrays = {path.stem: _array(read_bytes(path)[1], str(path)) for path in files}
    return table_of_arrays(arrays, str(folder))


def _array(content: bytes, origin: str) -> Array:
    """An array of NumPy's format; what its header claims is held against the bytes there are."""
    stream = io.BytesIO(content)
    try:
        version = npy.read_magic(stream)
        header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = header(stream)
        if dtype.hasobject:
            raise UserError(
                f'"{origin}" holds Python objects, which are not read',
                "series of unequal length: x of (all steps, channels) beside lengths of (n,);"
                " or .ts",
            )
        if min(shape, default=0) < 0:
            raise ValueError(f"its shape is {shape}")
        if dtype.kind not in _DTYPE_KINDS:
            raise UserError(f'"{origin}" holds {dtype}, not numbers or words', _EXPECTED)
        claimed, there = math.prod(shape) * max(1, dtype.itemsize), len(content) - stream.tell()
        if claimed > there:
            raise UserError(
                f'"{origin}" claims an array {shape} of {claimed:,} bytes and holds {there:,}',
                "the file seems truncated or damaged: write it again",
            )
        return npy.read_array(io.BytesIO(content), allow_pickle=False)
    except (UserError, MemoryError):
        raise
    except Exception as error:  # the header is a Python literal, which can be wrong in any way
        raise UserError(f'"{origin}" is not a NumPy file: {_reason(error)}', _EXPECTED) from None


def _reason(error: Exception) -> str:
    """What is wrong, in words: errors of the parser of Python's literals hold a tuple."""
    said = error.args[0] if error.args and isinstance(error.args[0], str) else error
    return (str(said) or type(error).__name__).partition("\n")[0][:100]


def _damaged(origin: str, error: Exception) -> UserError:
    return UserError(f'"{origin}" cannot be read: {error}', "write the file again")


def table_of_arrays(arrays: dict[str, Array], origin: str) -> Table:
    """Named arrays as a table; the names tell inputs, labels and parts."""
    parts: dict[str, dict[str, Array]] = {}
    for name, array in arrays.items():
        stem, part = _named(name)
        parts.setdefault(part, {})[stem] = array
    given = [part for part in ("train", "valid", "test") if part in parts]
    if given and "train" not in given:
        raise UserError(f'"{origin}" has arrays for {given[0]}, but none for train', _EXPECTED)
    if not given:
        return _part(parts.get("", {}), origin, {})
    tables: dict[str, Table] = {
        part: _part(parts[part], origin, parts.get("", {})) for part in given
    }
    return tables["train"] if len(tables) == 1 else join_splits(tables, origin)


def _named(name: str) -> tuple[str, str]:
    """An array's name without its part: X_train is x of train, testY is y of test."""
    words = [w.lower() for w in re.split(r"[^A-Za-z0-9]+|(?<=[a-z])(?=[A-Z])", name) if w]
    parts = [SPLIT_NAMES[word] for word in words if word in SPLIT_NAMES]
    kept = [word for word in words if word not in SPLIT_NAMES]
    if len(parts) != 1 or not kept:
        return name.lower(), ""
    return "_".join(kept), parts[0]


def _part(arrays: dict[str, Array], origin: str, shared: dict[str, Array]) -> Table:
    names = [name for name in _INPUTS if name in arrays]
    steps = _steps(arrays) if not names else None
    if steps is not None:
        return Table(steps[0], origin, steps[1])
    if not names:
        held = ", ".join(f"{name} {array.shape}" for name, array in arrays.items()) or "nothing"
        raise UserError(f'"{origin}": no array x among {held}', _EXPECTED)
    x = arrays[names[0]]
    if not np.issubdtype(x.dtype, np.number) and x.dtype != bool:
        raise UserError(f'"{origin}": {names[0]} holds {x.dtype}, not numbers', _EXPECTED)
    inputs, notes = _inputs(x, arrays.get("lengths"), origin)
    columns: dict[str, Any] = {str(inputs.name): inputs}
    label = next((name for name in _LABELS if name in arrays), None)
    if label is not None:
        columns["label"] = _labels(arrays[label], len(inputs), {**shared, **arrays}, origin, label)
    known = {*names, label, "lengths", "classes", "channels"}
    for name, array in arrays.items():
        if name not in known and array.shape == (len(inputs),):
            columns[name] = array
        elif name not in known:
            notes.append(f"array {name} {array.shape} left out: it is not one value an example")
    return Table(pd.DataFrame(columns), origin, tuple(notes))


def _steps(arrays: dict[str, Array]) -> tuple[pd.DataFrame, tuple[str, ...]] | None:
    """Arrays that stand beside one another as the columns of one table, where they are that."""
    long = {name: array for name, array in arrays.items() if array.ndim in (1, 2)}
    counts = {len(array) for array in long.values()}
    widest = max((array.shape[1] for array in long.values() if array.ndim == 2), default=1)
    if len(long) < 2 or len(counts) != 1 or widest > MOST_COLUMNS:
        return None
    columns: dict[str, Array] = {}
    for name, array in long.items():
        if array.ndim == 1:
            columns[name] = array
        else:
            columns |= {f"{name}_{c + 1}": array[:, c] for c in range(array.shape[1])}
    notes = [f"arrays of {counts.pop():,} rows each: a row a time step"]
    others = [name for name in arrays if name not in long]
    if others:
        notes.append(f"arrays left out, for they are not a value a row: {', '.join(others)}")
    return pd.DataFrame(columns), tuple(notes)


def _labels(y: Array, count: int, arrays: dict[str, Array], origin: str, name: str) -> Array:
    if y.ndim == 2 and 1 in y.shape:
        y = y.ravel()
    if y.ndim == 2 and len(y) == count and np.isin(y, (0, 1)).all() and (y.sum(1) == 1).all():
        y = y.argmax(axis=1)  # one-hot
    if y.shape != (count,):
        raise UserError(f'"{origin}": {name} is {y.shape}, for {count:,} examples', _EXPECTED)
    classes = arrays.get("classes")
    whole = np.issubdtype(y.dtype, np.integer)
    if classes is not None and whole and y.min() >= 0 and y.max() < len(classes):
        return np.asarray(classes.astype(str).astype(object)[y])
    return y.astype(object) if y.dtype.kind in "US" else y


def _inputs(x: Array, lengths: Array | None, origin: str) -> tuple[pd.Series, list[str]]:
    if lengths is not None:
        return _concatenated(x, lengths, origin)
    if x.ndim in (3, 4) and _is_image(x):
        if x.ndim == 4 and x.shape[1] in (1, 3, 4) and x.shape[3] not in (1, 3, 4):
            x = np.moveaxis(x, 1, 3)
        if x.ndim == 4 and x.shape[3] == 1:
            x = x[..., 0]
        size = f"{x.shape[1]}×{x.shape[2]}" + (f"×{x.shape[3]}" if x.ndim == 4 else "")
        return series_column(list(x)).rename("image"), [f"{len(x):,} images of {size}"]
    if x.ndim not in (2, 3):
        raise UserError(f'"{origin}": x is {x.shape}', _EXPECTED)
    series, note = oriented(list(x.astype(np.float32)), origin)
    return series_column(series).rename("series"), [note]


def _concatenated(x: Array, lengths: Array, origin: str) -> tuple[pd.Series, list[str]]:
    whole = lengths.ndim == 1 and np.issubdtype(lengths.dtype, np.integer)
    if x.ndim not in (1, 2) or not whole or lengths.min(initial=0) < 0 or lengths.sum() != len(x):
        raise UserError(
            f'"{origin}": lengths {lengths.shape} do not add up to the steps of x {x.shape}',
            "expected x of (all steps, channels) and lengths of (n,)",
        )
    cuts = np.cumsum(lengths)[:-1]
    series = np.split(x.astype(np.float32).reshape(len(x), -1), cuts)
    note = f"{len(series):,} series of {lengths.min():,}–{lengths.max():,} steps, from lengths"
    return series_column(series).rename("series"), [note]


def _is_image(x: Array) -> bool:
    """Colours, or bytes, or squares; three numbers of axes alone could be channels over time."""
    if x.ndim == 4:
        return True
    square = x.shape[1] == x.shape[2] >= _FEWEST_IMAGE_PIXELS
    return min(x.shape[1:]) >= _FEWEST_IMAGE_PIXELS and (x.dtype == np.uint8 or square)


def oriented(arrays: Sequence[Array], origin: str) -> tuple[list[Array], str]:
    """Arrays of one series each as (steps, channels), and how their axes were read.

    One axis: one channel. Two: where lengths differ, the axis that does not is the channels; else
    the shorter one is, and the first where they are as long.
    """
    if any(array.ndim not in (1, 2) for array in arrays):
        row = next(i for i, array in enumerate(arrays) if array.ndim not in (1, 2))
        raise UserError(
            f'"{origin}" series {row + 1} has the shape {arrays[row].shape}',
            "expected (steps,) or (channels, steps)",
        )
    if all(array.ndim == 1 for array in arrays):
        return [array[:, None] for array in arrays], f"{len(arrays):,} series of one channel"
    twos = [array if array.ndim == 2 else array[None] for array in arrays]
    first, second = ({array.shape[axis] for array in twos} for axis in (0, 1))
    for axis, own, other in ((0, first, second), (1, second, first)):
        _refuse_one_of_another_width(twos, axis, own, other, origin)
    if len(first) > 1 and len(second) > 1:
        row = next(i for i, a in enumerate(twos) if not set(a.shape) & set(twos[0].shape))
        raise UserError(
            f'"{origin}" series {row + 1} is {twos[row].shape}, the first {twos[0].shape}: the'
            " number of channels differs",
            "expected as many channels in every series",
        )
    if len(first) > 1 or (len(second) == 1 and max(first) > max(second)):
        return list(twos), f"axes read as (steps, channels): {max(second)} channels"
    return [a.T for a in twos], f"axes read as (channels, steps): {max(first)} channels"


def _refuse_one_of_another_width(
    arrays: Sequence[Array], axis: int, own: set[int], other: set[int], origin: str
) -> None:
    """Where nearly all agree in the short axis, it is that of channels, and a few miss some."""
    counts = np.array([array.shape[axis] for array in arrays])
    usual = int(np.bincount(counts).argmax())
    few = len(own) > 1 and (counts == usual).mean() >= AGREEING_SHARE
    if few and max(own) < min(other):
        row = int((counts != usual).argmax())
        raise UserError(
            f'"{origin}" series {row + 1} has {counts[row]} channels, {(counts == usual).sum():,}'
            f" others have {usual}",
            "expected as many channels in every series",
        )

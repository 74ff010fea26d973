"""Arrays of a stored baseline, checked before compiled code reads them: it checks nothing itself.

Each function raises ValueError where a file does not hold what the baseline would have stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from seqlab.data.examples import Ragged

Arrays = Mapping[str, NDArray[Any]]


def checked(arrays: Arrays, **shapes: str) -> dict[str, NDArray[Any]]:
    """The named arrays; `mean="F", coef="C F"` says that F is as long in both.

    All hold finite numbers.
    """
    sizes: dict[str, int] = {}
    for name, dimensions in shapes.items():
        array, letters = arrays[name], dimensions.split()
        if array.dtype.kind not in "iuf" or array.ndim != len(letters):
            raise ValueError(f"{name} is of {array.ndim} dimensions of {array.dtype}")
        for letter, size in zip(letters, array.shape, strict=True):
            if sizes.setdefault(letter, size) != size:
                raise ValueError(f"{name} has {size} {letter}, other arrays {sizes[letter]}")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ValueError(f"{name} holds what is no number")
    return {name: arrays[name] for name in shapes}


def between(name: str, values: NDArray[Any], least: int, most: int) -> NDArray[np.int64]:
    """Whole numbers that are all in a range, both ends included."""
    if values.dtype.kind not in "iu" or (values.size and not _within(values, least, most)):
        raise ValueError(f"{name} must be whole numbers from {least} to {most}")
    return values.astype(np.int64)


def _within(values: NDArray[Any], least: int, most: int) -> bool:
    return least <= int(values.min()) and int(values.max()) <= most


def ragged(values: NDArray[Any], offsets: NDArray[Any]) -> Ragged:
    """Sequences whose offsets fit their values."""
    places = between("offsets", offsets, 0, len(values))
    rising = places.ndim == 1 and len(places) and (np.diff(places) >= 0).all()
    if not rising or places[0] != 0 or places[-1] != len(values):
        raise ValueError("offsets do not divide the values")
    return Ragged(values, places)


def sparse_matrix(
    data: NDArray[Any], indices: NDArray[Any], indptr: NDArray[Any], columns: int
) -> sparse.csr_matrix:
    """A sparse matrix whose places are all inside it."""
    arrays = checked({"data": data, "indices": indices}, data="N", indices="N")
    places = between("indices", arrays["indices"], 0, columns - 1)
    rows = ragged(arrays["data"], indptr).offsets
    return sparse.csr_matrix((data, places, rows), shape=(len(rows) - 1, columns))

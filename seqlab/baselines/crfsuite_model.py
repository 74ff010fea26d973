"""What CRFsuite has learned, taken out of the file that it has just written, as plain arrays.

Its file is read here, right after training, and never stored: whoever loads a baseline needs no
parser of it. Okazaki (2007), CRFsuite, file format 100.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

OFFSETS_BYTE = 28  # where the header says where features, labels and attributes begin
CHUNK_HEADER_BYTES = 12  # a chunk's name, its size and its count
TRANSITION = 1  # the type of a feature of two labels; 0: of an attribute and a label
FEATURE_RECORD = np.dtype(
    [("type", "<u4"), ("source", "<u4"), ("target", "<u4"), ("weight", "<f8")]
)


class CrfModel(NamedTuple):
    """Names of L labels and A attributes; weights (A, L), and those of steps (L, L)."""

    labels: list[str]
    attributes: list[str]
    weights: sparse.csr_matrix
    steps: NDArray[np.float64]


def read_model(content: bytes) -> CrfModel:
    """The model in a file of CRFsuite."""
    features, labels, attributes = struct.unpack_from("<III", content, OFFSETS_BYTE)
    names, seen = _names(content[labels:]), _names(content[attributes:])
    count = struct.unpack_from("<I", content, features + 8)[0]
    records = np.frombuffer(content, FEATURE_RECORD, count, features + CHUNK_HEADER_BYTES)
    between = records["type"] == TRANSITION
    emitted, stepped = records[~between], records[between]
    steps = np.zeros((len(names), len(names)))
    steps[stepped["source"], stepped["target"]] = stepped["weight"]
    places = (emitted["source"].astype(np.int64), emitted["target"].astype(np.int64))
    weights = sparse.csr_matrix((emitted["weight"], places), shape=(len(seen), len(names)))
    return CrfModel(names, seen, weights, steps)


def _names(content: bytes) -> list[str]:
    """The strings of a constant database, by number."""
    count, begin = struct.unpack_from("<II", content, 16)
    names = []
    for place in struct.unpack_from(f"<{count}I", content, begin):
        size = struct.unpack_from("<I", content, place + 4)[0]  # the zero at its end included
        names.append(content[place + 8 : place + 7 + size].decode("utf-8"))
    return names

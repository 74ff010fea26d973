"""Dropout's loops: whether a number is kept is a hash of its place, so that no mask is stored.

Two rounds of Murmur3's finaliser (Appleby, 2011), each behind a key of its own; they are written on
32 bits because processors multiply 16 of those at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from seqlab.kernels.loops.compilation import compiled, inlined

U = np.uint32


@inlined
def _hash(place: int, first_key: Any, second_key: Any) -> Any:
    h = U(place) ^ first_key
    h = U(U(h ^ U(h >> U(16))) * U(0x85EBCA6B))
    h = U(U(h ^ U(h >> U(13))) * U(0xC2B2AE35))
    h = U(U(h ^ U(h >> U(16))) + second_key)
    h = U(U(h ^ U(h >> U(16))) * U(0x85EBCA6B))
    h = U(U(h ^ U(h >> U(13))) * U(0xC2B2AE35))
    return U(h ^ U(h >> U(16)))


# Loops run from 0 over slices: from any other number the compiler does not take 16 at once.


@compiled
def drop(x: Any, y: Any, keys: Any, threshold: Any, scale: Any, first: int) -> None:
    """Fill y with x times the scale, or times zero where the hash is below the threshold.

    Times zero, and not zero: what is no number must stay none, or it would go unnoticed. The
    hashes are those of the places from `first` on.
    """
    one, other = keys[0], keys[1]
    zero = scale - scale
    for i in range(len(x)):
        keep = scale if _hash(i + first, one, other) >= threshold else zero
        y[i] = x[i] * keep


@compiled
def drop_bits(x: Any, y: Any, keys: Any, threshold: Any, first: int) -> None:
    """The same for numbers of 16 bits that are known by these alone, without a scale."""
    one, other = keys[0], keys[1]
    for i in range(len(x)):
        keep = np.int16(-1) if _hash(i + first, one, other) >= threshold else np.int16(0)
        y[i] = x[i] & keep

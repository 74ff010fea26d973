"""Texts that occur more than once: within the data, and across its parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data.words import single_spaced

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Overlap:
    """How many rows of one part have a text that also occurs in another.

    `train_test` counts training rows whose text is in test, and so on; `removed` are the rows
    that were taken out of training because of it.
    """

    train_test: int
    train_valid: int
    valid_test: int
    removed: Indices


def normalise(text: str) -> str:
    """A text as duplicates are judged: case and spacing do not count."""
    return single_spaced(text.casefold())


def text_keys(texts: Sequence[str]) -> Indices:
    """One number per text, equal for texts that are duplicates; -1 for empty ones."""
    # Digests, for the texts themselves are in memory already.
    digests = [blake2b(normalise(text).encode(), digest_size=16).digest() for text in texts]
    keys = pd.factorize(np.array(digests, dtype=object))[0]
    empty = np.array([not text.strip() for text in texts], dtype=bool)
    return np.where(empty, -1, keys).astype(np.int64)


def overlap(keys: Indices, train: Indices, valid: Indices, test: Indices) -> Overlap:
    """What parts share, judged by `text_keys`; nothing is removed yet but named."""
    in_test = _known(keys[train], keys[test])
    in_valid = _known(keys[train], keys[valid])
    return Overlap(
        train_test=int(in_test.sum()),
        train_valid=int(in_valid.sum()),
        valid_test=int(_known(keys[valid], keys[test]).sum()),
        removed=train[in_test | in_valid],
    )


def _known(keys: Indices, others: Indices) -> NDArray[np.bool_]:
    return np.isin(keys, others) & (keys >= 0)

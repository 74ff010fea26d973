"""Inputs of equal content: in two parts, or with two labels."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data.findings import Finding
from seqlab.data.splits import Splits


def digest(values: NDArray[Any]) -> str:
    """What stands for the values of one example: equal for equal values and shape."""
    content = np.ascontiguousarray(values)
    return hashlib.sha256(f"{content.shape}".encode() + content.tobytes()).hexdigest()


def conflicts(digests: Sequence[str], labels: Sequence[str] | None) -> list[Finding]:
    """Examples of equal content that bear different labels."""
    if labels is None:
        return []
    frame = pd.DataFrame({"digest": list(digests), "label": list(labels)})
    several = frame.groupby("digest")["label"].nunique()
    several = several[several > 1]
    if several.empty:
        return []
    alike = np.flatnonzero(frame["digest"] == several.index[0])
    return [
        Finding(
            "warning",
            f"examples with more than one label: {len(several):,}",
            f"examples {alike[0] + 1:,} and {alike[1] + 1:,} hold the same values",
            "keep one label for each: no model can predict several for the same values",
        )
    ]


def copies(digests: Sequence[str], splits: Splits) -> list[Finding]:
    """Examples of validation and test that stand in training too."""
    keys = np.asarray(digests, dtype=object)
    train = set(keys[splits.train])
    test, valid = (sum(key in train for key in keys[rows]) for rows in (splits.test, splits.valid))
    if not test + valid:
        return []
    return [
        Finding(
            "warning",
            f"test examples that are also in training: {test:,}, validation examples: {valid:,}",
            "they are kept in both parts",
            "scores on them measure memorisation: remove them from one of the parts",
        )
    ]

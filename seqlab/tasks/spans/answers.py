"""Predicted positions as pieces of their contexts, beside the answers that are accepted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seqlab.data.examples import Examples, Ragged
from seqlab.tasks.base import Predictions
from seqlab.tasks.spans.normalising import normalised


def spans_of(predictions: Predictions, examples: Examples) -> NDArray[np.int64]:
    """Characters of the context (from, up to), (n, 2); −1 and −1 for no answer."""
    positions = np.asarray(predictions)[:, :2].astype(np.int64)
    begin, offsets = np.asarray(examples.arrays["begin"]), examples.arrays["offsets"]
    assert isinstance(offsets, Ragged)
    found = np.full((len(examples), 2), -1, dtype=np.int64)
    for row, (first, last) in enumerate(positions - begin[:, None]):
        if first >= 0:
            held = np.asarray(offsets[row])
            found[row] = int(held[first, 0]), int(held[last, 1])
    return found


def answers(predictions: Predictions, examples: Examples) -> list[str]:
    """The predicted pieces; empty where no answer is predicted."""
    contexts = examples.frame["context"]
    return [
        str(context)[start:end] if start >= 0 else ""
        for context, (start, end) in zip(contexts, spans_of(predictions, examples), strict=True)
    ]


def accepted(examples: Examples) -> list[list[str]]:
    """The accepted answers of each example, normalised; [""] where there is no answer."""
    return [[normalised(str(text)) for text in given] for given in examples.frame["answers"]]

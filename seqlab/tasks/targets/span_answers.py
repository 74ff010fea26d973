"""Predicted positions as pieces of their contexts, beside the answers that are accepted.

Answers are compared as SQuAD does (Rajpurkar et al., 2016, "SQuAD: 100,000+ Questions for Machine
Comprehension of Text"): case, articles, punctuation and spacing do not count.
"""

from __future__ import annotations

import re
import string

import numpy as np
from numpy.typing import NDArray

from seqlab.data.examples import Examples
from seqlab.tasks.base import Predictions

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_MARKS = str.maketrans("", "", string.punctuation)


def normalised(answer: str) -> str:
    """An answer in lower case without punctuation, articles and spare spaces."""
    return " ".join(_ARTICLES.sub(" ", answer.lower().translate(_MARKS)).split())


def spans_of(predictions: Predictions, examples: Examples) -> NDArray[np.int64]:
    """Characters of the context (from, up to), (n, 2); −1 and −1 for no answer."""
    positions = np.asarray(predictions)[:, :2].astype(np.int64)
    begin, offsets = examples.array("begin"), examples.ragged("offsets")
    spans = np.full((len(examples), 2), -1, dtype=np.int64)
    for row, (first, last) in enumerate(positions - begin[:, None]):
        if first >= 0:
            tokens = offsets[row]
            spans[row] = int(tokens[first, 0]), int(tokens[last, 1])
    return spans


def answers(predictions: Predictions, examples: Examples) -> list[str]:
    """The predicted pieces; empty where no answer is predicted."""
    contexts = examples.frame["context"]
    return [
        str(context)[start:end] if start >= 0 else ""
        for context, (start, end) in zip(contexts, spans_of(predictions, examples), strict=True)
    ]


def accepted(examples: Examples) -> list[list[str]]:
    """The accepted answers of each example, normalised; [""] where there is no answer."""
    return [[normalised(str(text)) for text in texts] for texts in examples.frame["answers"]]

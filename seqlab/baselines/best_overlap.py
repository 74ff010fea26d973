"""The sentence of the context that shares most with the question, rare words counting most."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray

from seqlab.baselines.base import Baseline, State
from seqlab.data.examples import Examples
from seqlab.registry import registered
from seqlab.tasks.base import Predictions
from seqlab.tasks.inputs.question_context import QuestionContext
from seqlab.tasks.row_task import RowTask
from seqlab.tasks.targets.spans import Spans

CARD = {"title": "the sentence that shares most words", "tasks": ["span"]}

_WORD = re.compile(r"\w+")
_END = re.compile(r"[.!?][\"'”’)]*\s|\n")  # where a sentence ends


@registered
class BestOverlap(Baseline[RowTask]):
    """Whole sentences as answers; the probability is the share of the question that is in it.

    A word weighs log(contexts / contexts that hold it), learned from the training part.
    """

    input_types = (QuestionContext,)
    target_types = (Spans,)

    def __init__(
        self, words: list[str] | None = None, counts: NDArray[np.int64] | None = None
    ) -> None:
        self.words = words or []
        self.counts = np.zeros(1, dtype=np.int64) if counts is None else counts  # all, then each
        total = max(int(self.counts[0]), 1)
        self.weights = dict(
            zip(self.words, np.log(1 + total / (1 + self.counts[1:])).tolist(), strict=True)
        )
        self.unseen = float(np.log(1 + total))

    def fit(self, task: RowTask, train: Examples, valid: Examples, seed: int) -> Self:
        """Count in how many contexts each word stands."""
        contexts = set(train.frame["context"].tolist())
        contexts_with = Counter(
            word for text in contexts for word in set(_WORD.findall(text.lower()))
        )
        words = sorted(contexts_with)
        counts = np.array([len(contexts), *(contexts_with[word] for word in words)], dtype=np.int64)
        return type(self)(words, counts)

    def predict(self, task: RowTask, examples: Examples) -> Predictions:
        """(n, 3): first and last position, and the share of the question's weight."""
        begin, offsets = examples.array("begin"), examples.ragged("offsets")
        answers = np.zeros((len(examples), 3))
        texts = zip(examples.frame["context"], examples.frame["question"], strict=True)
        for row, (context, question) in enumerate(texts):
            first, last, share = self._best(str(context), str(question), np.asarray(offsets[row]))
            answers[row] = begin[row] + first, begin[row] + last, share
        return answers

    def _best(
        self, context: str, question: str, offsets: NDArray[np.int32]
    ) -> tuple[int, int, float]:
        asked = {w: self.weights.get(w, self.unseen) for w in _WORD.findall(question.lower())}
        whole = sum(asked.values()) or 1.0
        best = (0, max(len(offsets) - 1, 0), -1.0)
        for start, end in _sentences(context):
            tokens = np.flatnonzero((offsets[:, 0] >= start) & (offsets[:, 1] <= end))
            if len(tokens):
                here = set(_WORD.findall(context[start:end].lower()))
                share = sum(weight for word, weight in asked.items() if word in here) / whole
                if share > best[2]:
                    best = (int(tokens[0]), int(tokens[-1]), share)
        return best[0], best[1], max(best[2], 0.0)

    @property
    def parameters(self) -> int:
        """One a word."""
        return len(self.words)

    def state(self) -> State:
        """Words and their counts."""
        return {"words": self.words}, {"counts": self.counts}

    @classmethod
    def from_state(cls, state: State) -> Self:
        """From words and counts."""
        return cls(list(state[0]["words"]), np.asarray(state[1]["counts"], dtype=np.int64))


def _sentences(context: str) -> list[tuple[int, int]]:
    """Characters (from, up to) of each sentence."""
    ends = [match.end() for match in _END.finditer(context)]
    edges = [0, *ends, len(context)]
    return [(a, b) for a, b in pairwise(edges) if b > a]

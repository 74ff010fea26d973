"""Each token's most frequent tag; for unknown tokens that of their shape.

    word → word in small letters → shape ("Xxd.") → all tokens

Of signals, whose steps have no names, it is the tag that is most frequent of all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, Self

import numpy as np

from seqlab.baselines.base import Baseline, State
from seqlab.data.examples import Examples, Ragged
from seqlab.registry import registered
from seqlab.tasks.base import Predictions
from seqlab.tasks.inputs.steps import Steps
from seqlab.tasks.inputs.tokens import Tokens, shape
from seqlab.tasks.row_task import RowTask
from seqlab.tasks.targets.tags import Tags

CARD = {"title": "each token's most frequent tag", "tasks": ["tag"]}
# What a token is looked up by, the surest first; the last is the same for all.
VIEWS: tuple[Callable[[str], str], ...] = (str, str.lower, shape, lambda token: "")

Table = dict[str, tuple[int, float]]  # what a token is seen as → tag number, its share


@registered
class FrequentTag(Baseline[RowTask]):
    """A table of tags for each way to see a token."""

    floor = True
    input_types = (Tokens, Steps)
    target_types = (Tags,)

    def __init__(self, tables: tuple[Table, ...] = ()) -> None:
        self.tables = tables

    def fit(self, task: RowTask, train: Examples, valid: Examples, seed: int) -> Self:
        """Count the tags of every word, small word and shape."""
        tags, tokens = train.ragged("tags"), _tokens(train)
        return type(self)(tuple(_table(map(view, tokens), tags.values) for view in VIEWS))

    def predict(self, task: RowTask, examples: Examples) -> Predictions:
        """The tag and its share among the tokens that were seen alike: Ragged, (T, 2)."""
        inputs = examples.ragged("inputs")
        known: dict[str, tuple[int, float]] = {}
        for token in set(tokens := _tokens(examples)):
            seen = zip(self.tables, VIEWS, strict=True)
            known[token] = next(entry for t, view in seen if (entry := t.get(view(token))))
        values = np.asarray([known[token] for token in tokens], dtype=np.float64)
        return Ragged(values.reshape(-1, 2), inputs.offsets)

    @property
    def parameters(self) -> int:
        """One an entry."""
        return sum(map(len, self.tables))

    def state(self) -> State:
        """The tables."""
        return {"tables": [{k: list(v) for k, v in table.items()} for table in self.tables]}, {}

    @classmethod
    def from_state(cls, state: State) -> Self:
        """From the tables."""
        stored = state[0]["tables"]
        return cls(
            tuple({k: (int(v[0]), float(v[1])) for k, v in table.items()} for table in stored)
        )


def _tokens(examples: Examples) -> list[str]:
    """All tokens, end to end; steps of signals are all alike."""
    tokens = [str(token) for tokens in examples.frame["tokens"] for token in tokens]
    if tokens:
        return tokens
    return [""] * len(examples.ragged("inputs").values)


def _table(keys: Any, tags: np.ndarray) -> Table:
    counts: dict[str, Counter[int]] = {}
    for key, tag in zip(keys, tags.tolist(), strict=True):
        counts.setdefault(key, Counter())[tag] += 1
    table = {}
    for key, seen in counts.items():
        tag, count = min(seen.items(), key=lambda item: (-item[1], item[0]))
        table[key] = (tag, count / sum(seen.values()))
    return table

"""An n-gram model with interpolated, modified Kneser–Ney smoothing: what counting can do.

Chen & Goodman (1999), An empirical study of smoothing techniques for language modeling.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from seqlab.baselines.base import Baseline, State
from seqlab.baselines.checked import between
from seqlab.baselines.ngrams import Floats, Ints, KneserNeyModel, Level, count
from seqlab.data.examples import Examples, Ragged
from seqlab.registry import registered
from seqlab.tasks.base import Exhibit
from seqlab.tasks.language import Language
from seqlab.tasks.language_modelling import blocks

CARD = {"title": "n-gram counts, Kneser–Ney", "tasks": ["language"]}
BLOCKS_AT_ONCE = 4096  # so that a long text needs little memory
ORDERS_TRIED = {"character": (3, 4, 5, 6, 7, 8), "bpe": (2, 3, 4, 5), "word": (2, 3, 4, 5)}


@registered
class KneserNey(Baseline[Language]):
    """The order is chosen on the validation part. A block is scored from what models may see."""

    def __init__(self, levels: Sequence[Level] = (), tokens: int = 0) -> None:
        self.levels, self.tokens = list(levels), tokens
        self.model = KneserNeyModel.of(self.levels, tokens)

    @property
    def order(self) -> int:
        """The length of the longest n-grams."""
        return len(self.levels)

    def fit(self, task: Language, train: Examples, valid: Examples, seed: int) -> Self:
        """Count once, up to the highest order; the best order on validation stays."""
        tokens = len(task.vocabulary)
        tried = ORDERS_TRIED[task.settings.kind]
        levels = count(_texts(train), tokens, max(tried))
        made = [type(self)(levels[:order], tokens) for order in tried]
        return min(made, key=lambda model: float(np.sum(model.predict(task, valid).values)))

    def predict(self, task: Language, examples: Examples) -> Ragged:
        """−log p of each scored token of each block, in nats."""
        parts = [
            self._nats(
                task, examples.take(np.arange(done, min(done + BLOCKS_AT_ONCE, len(examples))))
            )
            for done in range(0, len(examples), BLOCKS_AT_ONCE)
        ]
        sizes = blocks.lengths(examples)
        return Ragged(np.concatenate(parts), np.concatenate(([0], sizes.cumsum())))

    def _nats(self, task: Language, examples: Examples) -> Floats:
        start, stop = blocks.column(examples, "start"), blocks.column(examples, "stop")
        furthest = blocks.column(examples, "first") - 1
        if not task.settings.carried:
            furthest = np.maximum(furthest, start - 1 - task.settings.context)
        begin = np.maximum(furthest, start - (self.order - 1))
        sizes = stop - begin
        seen = np.arange(sizes.sum()) - np.repeat(sizes.cumsum() - sizes, sizes)
        text = examples.shared["tokens"][np.repeat(begin, sizes) + seen]
        p = self.model.probabilities(text, seen)
        scored = seen >= np.repeat(start - begin, sizes)
        return -np.log(p[scored])

    def exhibits(self, task: Language, examples: Examples) -> list[Exhibit]:
        """What it writes, after the same beginnings as the models."""
        return [task.written(examples, self.reader)]

    def reader(self) -> CountReader:
        """For sampling, token by token."""
        return CountReader(self.model)

    @property
    def parameters(self) -> int:
        """The n-grams that were counted."""
        return sum(len(level.keys) for level in self.levels)

    def state(self) -> State:
        """The n-grams and their counts."""
        arrays: dict[str, NDArray[np.generic]] = {}
        for k, level in enumerate(self.levels, 1):
            arrays |= {
                f"keys{k}": level.keys,
                f"occurrences{k}": level.occurrences.astype(np.int32),
                f"follows{k}": level.follows.astype(np.int32),
            }
        return {"order": self.order, "tokens": self.tokens}, arrays

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Discounts and weights follow from the counts."""
        values, arrays = state
        tokens, levels = int(values["tokens"]), list[Level]()
        before = 1  # n-grams of the length before
        for k in range(1, min(int(values["order"]), len(arrays)) + 1):
            keys = between(f"keys{k}", arrays[f"keys{k}"], 0, before * tokens - 1)
            counts = [
                between(f"{name}{k}", arrays[f"{name}{k}"], 0, 2**31)
                for name in ("occurrences", "follows")
            ]
            if any(count.shape != keys.shape for count in counts) or (np.diff(keys) <= 0).any():
                raise ValueError(f"keys{k} and their counts do not fit")
            levels.append(Level(keys, *counts))
            before = len(keys)
        if not levels or len(levels[0].keys) != tokens:
            raise ValueError("the first level must hold every token")
        return cls(levels, tokens)


class CountReader:
    """A text that is read on, of which the last tokens count."""

    def __init__(self, model: KneserNeyModel) -> None:
        self.model = model
        self.recent: list[int] = []

    def read(self, tokens: Sequence[int]) -> NDArray[np.float64]:
        """Log-probabilities of the token after those read so far, (V,)."""
        kept = max(1, len(self.model.orders) - 1)
        self.recent = [*self.recent, *tokens][-kept:]
        return np.asarray(np.log(self.model.after(self.recent)))


def _texts(examples: Examples) -> list[Ints]:
    """The stretches of text that blocks stand in, as far as these reach, with the boundary before.

    Of a text whose later blocks are elsewhere only the beginning is counted.
    """
    firsts, block_of = np.unique(blocks.column(examples, "first"), return_inverse=True)
    ends = np.zeros(len(firsts), dtype=np.int64)
    np.maximum.at(ends, block_of, blocks.column(examples, "stop"))
    stream = examples.shared["tokens"]
    return [
        stream[first - 1 : end].astype(np.int64) for first, end in zip(firsts, ends, strict=True)
    ]

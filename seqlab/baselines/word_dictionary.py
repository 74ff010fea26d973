"""Word by word: each word of the source becomes the one that it most likely goes with.

    c(x, y)   = Σ over pairs of  t(y | x) / Σ_x' t(y | x')           how often x explains y
    t(y | x)  = c(x, y) / Σ_y' c(x, y')                              from even t, some rounds

which is IBM Model 1 fitted by expectation–maximisation. A word x becomes the y with the largest
c(x, y)² / Σ_x' c(x', y): both have to point to each other, else the commonest words stand for all.
Words are runs of letters, punctuation by itself; strings that are spelled go character by
character. A word that training does not hold is copied.

Brown et al. (1993), The mathematics of statistical machine translation.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from seqlab.baselines.base import Baseline, State, input_of, target_of
from seqlab.data.examples import Examples, Ragged
from seqlab.registry import registered
from seqlab.tasks.base import Predictions
from seqlab.tasks.inputs.source_text import SourceText
from seqlab.tasks.inputs.vocabulary import Vocabulary
from seqlab.tasks.row_task import RowTask
from seqlab.tasks.targets.translation import Translation

CARD = {"title": "word by word", "tasks": ["translate"]}

EM_ROUNDS = 5
MOST_WORD_PAIRS = 8_000_000  # that occur together; more training pairs are left out
_WORD = re.compile(r"\w+|[^\w\s]")
_BEFORE_MARK = re.compile(r" (?=[.,;:!?%)\]}»”])")

Numbers = NDArray[np.int64]


@registered
class WordDictionary(Baseline[RowTask]):
    """A word for each word, in the order of the source."""

    def __init__(self, words: dict[str, str] | None = None) -> None:
        self.words = words or {}

    def fit(self, task: RowTask, train: Examples, valid: Examples, seed: int) -> Self:
        """Expectation–maximisation over the words that occur together."""
        vocabularies = (
            input_of(task, SourceText).vocabulary,
            target_of(task, Translation).vocabulary,
        )
        sides = [
            [_cut(text, vocabulary) for text in train.frame[name]]
            for name, vocabulary in zip(("source", "target"), vocabularies, strict=True)
        ]
        sources, source_words = _numbered(sides[0])
        targets, target_words = _numbered(sides[1])
        order = np.random.default_rng(seed).permutation(len(train))
        together = np.array([len(sources[r]) * len(targets[r]) for r in order]).cumsum()
        rows = order[: max(1, int(np.searchsorted(together, MOST_WORD_PAIRS)))]
        best = _translations([sources[r] for r in rows], [targets[r] for r in rows])
        return type(self)({source_words[x]: target_words[y] for x, y in best})

    def predict(self, task: RowTask, examples: Examples) -> Predictions:
        """Ragged ids (n)."""
        source = input_of(task, SourceText).vocabulary
        target = target_of(task, Translation).vocabulary
        texts = []
        for text in examples.frame["source"]:
            words = [self.words.get(word, word) for word in _cut(text, source)]
            joined = ("" if target.kind == "character" else " ").join(words)
            texts.append(_BEFORE_MARK.sub("", joined) if target.kind == "bpe" else joined)
        return Ragged.of(list(target.encode(texts)))

    @property
    def parameters(self) -> int:
        """One an entry."""
        return len(self.words)

    def state(self) -> State:
        """The dictionary."""
        return {"words": self.words}, {}

    @classmethod
    def from_state(cls, state: State) -> Self:
        """From the dictionary."""
        return cls(dict(state[0]["words"]))


def _cut(text: str, vocabulary: Vocabulary) -> list[str]:
    if vocabulary.kind == "bpe":
        return _WORD.findall(text)
    return list(text) if vocabulary.kind == "character" else text.split()


def _numbered(sentences: Sequence[Sequence[str]]) -> tuple[list[Numbers], list[str]]:
    """Each sentence's different words by number, and the words."""
    numbers: dict[str, int] = {}
    encoded = [
        np.array(sorted({numbers.setdefault(word, len(numbers)) for word in sentence}), dtype=int)
        for sentence in sentences
    ]
    return encoded, list(numbers)


def _translations(sources: list[Numbers], targets: list[Numbers]) -> list[tuple[int, int]]:
    """For each source word its most probable target word."""
    spans = [len(x) * len(y) for x, y in zip(sources, targets, strict=True)]
    xs = np.concatenate([np.repeat(x, len(y)) for x, y in zip(sources, targets, strict=True)])
    ys = np.concatenate([np.tile(y, len(x)) for x, y in zip(sources, targets, strict=True)])
    sentence = np.repeat(np.arange(len(sources)), spans)
    width = int(ys.max()) + 1
    entries, entry = np.unique(xs * width + ys, return_inverse=True)
    entry_x, entry_y = entries // width, entries % width
    occurrences, occurrence = np.unique(sentence * width + ys, return_inverse=True)
    probability = np.ones(len(entries))
    for _ in range(EM_ROUNDS):
        each = probability[entry]
        explained = np.bincount(occurrence, each, minlength=len(occurrences))
        counts = np.bincount(entry, each / explained[occurrence], minlength=len(entries))
        probability = counts / np.bincount(entry_x, counts)[entry_x]
    mutual = counts**2 / np.bincount(entry_y, counts)[entry_y]
    order = np.lexsort((-mutual, entry_x))
    first = np.unique(entry_x[order], return_index=True)[1]
    return [(int(entry_x[i]), int(entry_y[i])) for i in order[first]]

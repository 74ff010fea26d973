"""Exact: what each unit adds to the answer of a linear model; the yardstick for all others.

    f(x) = c + Σ_j w_j x_j      a unit's share of x_j is that of its occurrences

A feature of several words, such as a pair, is shared equally by them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from seqlab.baselines.tfidf_lr import TfidfLr
from seqlab.baselines.tfidf_ridge import TfidfRidge
from seqlab.explain.attribution import Attribution
from seqlab.explain.methods.base import Case, Method
from seqlab.explain.questions.classes import ClassQuestion
from seqlab.explain.units.text import TextUnits
from seqlab.registry import registered

CARD = {"says": "what each unit adds to the answer of a model that is a sum: no estimate"}

Array = NDArray[np.float64]


@registered
class Exact(Method):
    """Of TF-IDF with a linear model."""

    @classmethod
    def refusal(cls, case: Case) -> str:
        contestant = case.subject.contestant
        if not isinstance(contestant, TfidfLr | TfidfRidge):
            return f"{case.subject.name} is not a sum of what its units add"
        if not isinstance(case.units, TextUnits):
            return "it reads no texts"
        return "pairs of texts are multiplied with each other" if case.units.reader.pair else ""

    def attribute(self, case: Case) -> Attribution:
        contestant, units = case.subject.contestant, case.units
        assert isinstance(units, TextUnits)
        vectorizer = contestant.features.vectorizer
        matrix = contestant.features.transform(case.examples.frame)
        values = []
        for row in range(len(case.examples)):
            features = matrix[row]
            weights = _weights(case, row)[:, features.indices] * features.data  # (K, features)
            text = units.text("text", row)
            shares = _shares(vectorizer, text, units.unit_at(row, "text"), units.count(row))
            own = {index: place for place, index in enumerate(features.indices)}
            found = np.zeros((len(weights), units.count(row)))
            for feature, share in shares.items():
                if feature in own:
                    found += np.outer(weights[:, own[feature]], share)
            values.append(found)
        return Attribution(self.name, values, facts={"missed": 0.0})


def _weights(case: Case, row: int) -> Array:
    """The weights of an example's scores, (K, features)."""
    weights: Array = case.subject.contestant.weights
    if not isinstance(case.question, ClassQuestion):
        unit = case.subject.task.target.in_own_units  # type: ignore[attr-defined]
        zero, one = unit(np.zeros((1, len(weights)))), unit(np.ones((1, len(weights))))
        return np.asarray(weights * (one - zero).T)
    chosen = int(case.question.chosen[row])
    if len(weights) == 1:  # one logit, of the second of two classes
        return weights if chosen == 1 else -weights
    if case.question.task.target.multi_label:
        return weights[chosen : chosen + 1]
    others = (weights.sum(axis=0) - weights[chosen]) / (len(weights) - 1)
    return np.asarray(weights[chosen] - others)[None]


def _shares(vectorizer: object, text: str, at: NDArray[np.int64], count: int) -> dict[int, Array]:
    """Of each feature of a text, which share of it each unit has; those of no unit are lost."""
    found: dict[int, Array] = {}
    times: Counter[int] = Counter()
    vocabulary: dict[str, int] = vectorizer.vocabulary_  # type: ignore[attr-defined]
    reads_words = vectorizer.analyzer == "word"  # type: ignore[attr-defined]
    for term, characters in (_word_terms if reads_words else _letter_terms)(text.lower()):
        feature = vocabulary.get(term)
        if feature is None:
            continue
        own = np.zeros(count)
        for start, end in characters:
            units = np.unique(at[start:end][at[start:end] >= 0])
            own[units] += 1 / (len(units) * len(characters))
        found[feature] = found.get(feature, np.zeros(count)) + own
        times[feature] += 1
    return {feature: share / times[feature] for feature, share in found.items()}


Spans = list[tuple[int, int]]  # characters from, up to


def _word_terms(text: str) -> Iterator[tuple[str, Spans]]:
    """Words and pairs of them, as scikit-learn cuts them, with the characters of each."""
    words = [(w.group(), (w.start(), w.end())) for w in re.finditer(r"(?u)\b\w\w+\b", text)]
    for word, span in words:
        yield word, [span]
    for (one, first), (other, second) in pairwise(words):
        yield f"{one} {other}", [first, second]


def _letter_terms(text: str) -> Iterator[tuple[str, Spans]]:
    """Up to four letters within words that have a blank at both ends, with the characters."""
    for word in re.finditer(r"\S+", text):
        padded = f" {word.group()} "
        for length in range(1, 5):
            starts = range(max(len(padded) - length, 0) + 1) if length < len(padded) else range(1)
            for start in starts:
                inside = [
                    word.start() + place - 1
                    for place in range(start, min(start + length, len(padded)))
                    if 0 < place < len(padded) - 1
                ]
                yield padded[start : start + length], [(c, c + 1) for c in inside]
            if length >= len(padded):
                break

"""Counts of all n-grams of a text up to an order, and the interpolated Kneser–Ney model of them.

    p_k(w | h) = (max(c_k(hw) − D_k(c), 0) + γ_k(h) p_{k−1}(w | h′)) / c_k(h·),   p_0 = 1/V
    γ_k(h)     = D_1 N_1(h·) + D_2 N_2(h·) + D_3 N_3+(h·)

h′ is h without its first token. At the highest order c counts occurrences; below it counts how
many different tokens an n-gram follows (what begins a text follows none, and its occurrences are
counted). D_k depends on the count, 1, 2 or more, with Chen and Goodman's estimates; where a text
has no n-grams of some of those counts, it is the one discount of Kneser and Ney, or a half.

Kneser & Ney (1995); Chen & Goodman (1999).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Level:
    """The n-grams of one length: `keys` are (n-gram before) · V + (last token), in order.

    occurrences  how often each occurs
    follows      the counts of lower orders, as above
    """

    keys: Ints
    occurrences: Ints
    follows: Ints

    def find(self, keys: Ints) -> Ints:
        """The number of each n-gram; −1 where the training text has none such."""
        place = np.searchsorted(self.keys, keys).clip(max=len(self.keys) - 1)
        return np.where(self.keys[place] == keys, place, -1)


def count(texts: Sequence[Ints], tokens: int, order: int) -> list[Level]:
    """All n-grams of texts, by length; 0, where each text begins, is not predicted there."""
    text = np.concatenate(texts).astype(np.int64)
    depth = np.concatenate([np.arange(len(one)) for one in texts])  # tokens before, in its text
    node, keys = text, np.arange(tokens)  # the n-gram that ends at each place
    occurrences = np.bincount(text[depth > 0], minlength=tokens)
    begins = np.zeros(tokens, dtype=bool)
    levels = []
    for k in range(2, order + 1):
        here = np.flatnonzero(depth >= k - 1)
        longer, first, number = np.unique(
            node[here - 1] * tokens + text[here], return_index=True, return_inverse=True
        )
        follows = np.bincount(node[here[first]], minlength=len(keys))
        levels.append(Level(keys, occurrences, np.where(begins, occurrences, follows)))
        begins = depth[here[first]] == k - 1
        node = np.full(len(text), -1)
        node[here] = number
        keys, occurrences = longer, np.bincount(number, minlength=len(longer))
    return [*levels, Level(keys, occurrences, occurrences)]


@dataclass(frozen=True)
class Smoothed:
    """One order of the model, ready for use: per n-gram and per history."""

    level: Level
    kept: Floats  # count less its discount, by n-gram
    spread: Floats  # γ, by history
    total: Floats  # c(h·), by history

    @classmethod
    def of(cls, level: Level, highest: bool, histories: int, tokens: int) -> Smoothed:
        """With the discounts of this order's own counts."""
        counts = level.occurrences if highest else level.follows
        cost = discounts(counts)[np.minimum(counts, 3)]
        history = level.keys // tokens if histories > 1 else np.zeros(len(counts), dtype=np.int64)
        spread = np.bincount(history, cost, histories)
        total = np.bincount(history, counts, histories)
        return cls(level, counts - cost, np.asarray(spread, float), np.asarray(total, float))


def discounts(counts: Ints) -> Floats:
    """What is taken from a count of 0, 1, 2, and 3 or more."""
    n1, n2, n3, n4 = (int((counts == c).sum()) for c in (1, 2, 3, 4))
    if not n1:
        return np.array([0.0, 0.5, 0.5, 0.5])
    y = n1 / (n1 + 2 * n2)
    if n2 and n3 and n4:
        modified = [1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3]
        if all(0 < cost <= c for c, cost in enumerate(modified, 1)):
            return np.array([0.0, *modified])
    return np.array([0.0, y, y, y])


@dataclass(frozen=True)
class KneserNeyModel:
    """An interpolated Kneser–Ney model over `tokens` tokens."""

    orders: tuple[Smoothed, ...]
    tokens: int

    @classmethod
    def of(cls, levels: Sequence[Level], tokens: int) -> KneserNeyModel:
        """Of the n-grams of lengths 1, 2, …; the last length is the order."""
        histories = [1, *(len(level.keys) for level in levels)]
        last = len(levels) - 1
        return cls(
            tuple(
                Smoothed.of(level, k == last, histories[k], tokens)
                for k, level in enumerate(levels)
            ),
            tokens,
        )

    def probabilities(self, text: Ints, seen: Ints) -> Floats:
        """p of every token of a text given the `seen` tokens before it (at most)."""
        text = text.astype(np.int64)
        p = np.full(len(text), 1 / self.tokens)
        history, node = np.zeros(len(text), dtype=np.int64), text
        for k, order in enumerate(self.orders):
            if k:
                history = np.append(-1, node[:-1])
                node = np.where(history >= 0, order.level.find(history * self.tokens + text), -1)
            known = (seen >= k) & (history >= 0)
            known &= order.total[np.maximum(history, 0)] > 0
            h, w = history[known], node[known]
            kept = np.where(w >= 0, order.kept[w], 0.0)
            p[known] = (kept + order.spread[h] * p[known]) / order.total[h]
        return p

    def after(self, history: Sequence[int]) -> Floats:
        """p of every token after a history: (V,)."""
        p = np.full(self.tokens, 1 / self.tokens)
        for k, order in enumerate(self.orders[: len(history) + 1]):
            node = self._node(history[len(history) - k :])
            if node < 0 or not order.total[node] > 0:
                break
            keys, first = order.level.keys, node * self.tokens
            low, high = np.searchsorted(keys, (first, first + self.tokens))
            p *= order.spread[node] / order.total[node]
            p[keys[low:high] - first] += order.kept[low:high] / order.total[node]
        return p

    def _node(self, gram: Sequence[int]) -> int:
        """The number of an n-gram; 0 for the empty one."""
        node = gram[0] if len(gram) else 0
        for k, token in enumerate(gram[1:], 1):
            if node >= 0:
                node = int(self.orders[k].level.find(np.array([node * self.tokens + token]))[0])
        return node

"""What generated text must not hold: copies of the training text, addresses, words of a list."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqlab.errors import UserError

FEWEST_COPIED = 40  # characters in a row that count as a copy
EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
PHONE = re.compile(
    r"(?<![\w.])(?:\+\d{1,3}[ .-]?)?(?:\(\d{1,4}\)[ .-]?)?\d{2,4}(?:[ .-]\d{2,4}){2,4}(?!\w)"
)
PATTERN_SIGNS = set("[](){}*+?|^$\\")


class SuffixArray:
    """All places of a text in the order of what stands from there on.

    Built by doubling: ranks of 2ᵏ characters from those of 2ᵏ⁻¹ (Manber & Myers, 1990), up to the
    length that is looked for.
    """

    def __init__(self, text: str, length: int = FEWEST_COPIED) -> None:
        self.text = text
        ranks: NDArray[np.int64] = np.frombuffer(
            text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32
        ).astype(np.int64)
        order = np.argsort(ranks, kind="stable")
        known = 1
        while known < 2 * length and len(text) > 1:
            after = np.full(len(ranks), -1, dtype=np.int64)
            after[:-known] = ranks[known:]
            order = np.lexsort((after, ranks))
            changed = (np.diff(ranks[order]) != 0) | (np.diff(after[order]) != 0)
            fresh = np.empty_like(ranks)
            fresh[order] = np.concatenate(([0], changed.cumsum()))
            ranks, known = fresh, 2 * known
            if len(text) <= known:
                break
        self.order = order

    def longest(self, text: str, start: int) -> int:
        """How many characters of another text, from a place on, stand somewhere in this one."""
        low, high, wanted = 0, len(self.order), text[start:]
        while low < high:
            middle = (low + high) // 2
            at = int(self.order[middle])
            if self.text[at : at + len(wanted)] < wanted:
                low = middle + 1
            else:
                high = middle
        best = 0
        for place in (low - 1, low):
            if 0 <= place < len(self.order):
                at = int(self.order[place])
                best = max(best, _common(self.text[at : at + len(wanted)], wanted))
        return best


def _common(one: str, other: str) -> int:
    for number, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return number
    return min(len(one), len(other))


def copies(array: SuffixArray, text: str, fewest: int = FEWEST_COPIED) -> list[str]:
    """Stretches of at least so many characters that stand in the training text word for word."""
    found, place = [], 0
    while place + fewest <= len(text):
        length = array.longest(text, place)
        if length >= fewest:
            found.append(text[place : place + length])
            place += length
        else:
            place += 1
    return found


@dataclass(frozen=True)
class Lexicon:
    """Words that are looked for as whole words, so that no name or town holds one by chance."""

    words: tuple[str, ...]

    @classmethod
    def read(cls, lines: Sequence[str], origin: str) -> Lexicon:
        """A word or phrase a line; a line with # is a remark."""
        words = [line.strip() for line in lines]
        words = [word for word in words if word and not word.startswith("#")]
        for number, word in enumerate(words, start=1):
            if set(word) & PATTERN_SIGNS:
                raise UserError(
                    f'{origin}: "{word}" (entry {number}) is a regular expression; words are looked'
                    " for as they are written",
                    "write each form of a word on a line of its own",
                )
        if not words:
            raise UserError(f"{origin}: no words", "write a word or phrase a line")
        return cls(tuple(words))

    def found(self, text: str) -> list[str]:
        """The words of the list that a text holds, as the text writes them."""
        pattern = "|".join(re.escape(word) for word in sorted(self.words, key=len, reverse=True))
        return re.findall(rf"(?<!\w)(?:{pattern})(?!\w)", text, re.IGNORECASE)


def addresses(text: str) -> list[str]:
    """E-mail addresses and phone numbers."""
    return [*EMAIL.findall(text), *(m.group() for m in PHONE.finditer(EMAIL.sub(" ", text)))]


def masked(word: str) -> str:
    """A word that is not to be read by accident: its first letter."""
    return word[:1] + "•" * max(len(word) - 1, 1)

"""How a word is written, as pieces that unknown words share with known ones.

"Reworked" → p1:r p2:re p3:rew s1:d s2:ed s3:ked s4:rked shape:Xxx bare:reworked
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

LONGEST_PREFIX, LONGEST_SUFFIX = 3, 4
PIECES_A_WORD = LONGEST_PREFIX + LONGEST_SUFFIX + 2  # and the shape and the bare word
# Longer runs of letters are alike; of digits they are not.
_LETTER_RUNS = re.compile(r"([Xx])\1{2,}")
_EDGES = re.compile(r"^\W+|\W+$")


def normalised(word: str) -> str:
    """A word as it is counted: in lower case, every digit a zero."""
    return re.sub(r"\d", "0", word.lower())


@lru_cache(maxsize=200_000)
def shape(word: str) -> str:
    """Capitals as X, small letters as x, digits as d, all else as it is: "St.12" → "Xx.dd"."""
    signs = (
        "d" if c.isdigit() else "X" if c.isupper() else "x" if c.isalpha() else c for c in word
    )
    return _LETTER_RUNS.sub(r"\1\1", "".join(signs))[:12]


@lru_cache(maxsize=200_000)
def affixes(word: str) -> tuple[str, ...]:
    """The pieces of a word: prefixes, suffixes, its shape, and the word without marks around it."""
    plain = normalised(word)
    prefixes = [f"p{n}:{plain[:n]}" for n in range(1, LONGEST_PREFIX + 1)]
    suffixes = [f"s{n}:{plain[-n:]}" for n in range(1, LONGEST_SUFFIX + 1)]
    return (*prefixes, *suffixes, f"shape:{shape(word)}", f"bare:{_EDGES.sub('', plain)}")


def frequent(items: Iterable[str], least: int, most: int) -> tuple[str, ...]:
    """What occurs at least `least` times, the commonest `most` of it, in a fixed order."""
    counts = Counter(items)
    kept = [(-count, item) for item, count in counts.items() if count >= least]
    return tuple(item for _, item in sorted(kept)[:most])


def numbered(words: Sequence[str], numbers: dict[str, int]) -> NDArray[np.int32]:
    """The number of each piece of each word; 0 for pieces that have none: (words, COUNT)."""
    rows = [[numbers.get(piece, 0) for piece in affixes(word)] for word in words]
    return np.asarray(rows, dtype=np.int32).reshape(-1, PIECES_A_WORD)

"""Words of texts of any length: a list of all of them would take twenty times the text's memory."""

from __future__ import annotations

import re
from collections.abc import Iterator

STRETCH = 2**20  # characters that are divided at a time
_SPACE = re.compile(r"\s")


def stretches(text: str) -> Iterator[str]:
    """A text in stretches that end between words."""
    start = 0
    while start < len(text):
        space = _SPACE.search(text, start + STRETCH)
        end = len(text) if space is None else space.start()
        yield text[start:end]
        start = end


def words(text: str) -> Iterator[str]:
    """The words of a text, in order."""
    for stretch in stretches(text):
        yield from stretch.split()


def count_words(text: str) -> int:
    """How many words a text has."""
    return sum(len(stretch.split()) for stretch in stretches(text))


def single_spaced(text: str) -> str:
    """A text with one space between its words and none around them."""
    return " ".join(filter(None, (" ".join(stretch.split()) for stretch in stretches(text))))

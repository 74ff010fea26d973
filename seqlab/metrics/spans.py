"""Tags that mark spans: which scheme they follow, which steps it forbids, and the spans they mark.

Spans are read as the CoNLL evaluation script reads them, which is right for every scheme: a span
ends where its type changes, where B or S begins another, after E or S, and at O.

Ramshaw & Marcus (1995) for IOB1; Tjong Kim Sang & Veenstra (1999) for its relatives.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

Scheme = Literal["none", "iob1", "iob2", "bioes"]
SCHEMES: tuple[Scheme, ...] = ("none", "iob1", "iob2", "bioes")
OUTSIDE = "O"
# BILOU and BMES write the same with other letters.
_LETTERS = {"B": "B", "I": "I", "E": "E", "S": "S", "L": "E", "U": "S", "M": "I"}
_MARK = re.compile(r"([BIESLUM])(?:-(.*))?", re.DOTALL)


class Mark(NamedTuple):
    """A tag taken apart: one of B, I, E, S and O, and the type of its span."""

    letter: str
    type: str


class TagSpan(NamedTuple):
    """From `start` up to, not including, `end`."""

    type: str
    start: int
    end: int


EDGE = Mark("O", "")  # what lies before the first and after the last tag


def mark(tag: str) -> Mark:
    """A tag's letter and type; one of no scheme is a type of its own, inside."""
    if tag == OUTSIDE:
        return EDGE
    found = _MARK.fullmatch(tag)
    return Mark("I", tag) if found is None else Mark(_LETTERS[found[1]], found[2] or "")


def recognise(sequences: Iterable[Sequence[str]]) -> Scheme:
    """The scheme that all tags of some sequences follow; "none" where they mark no spans.

    IOB1 writes B only between neighbours of one type, IOB2 at the start of every span: what most
    spans do decides.
    """
    marked: list[list[Mark]] = []
    letters: set[str] = set()
    for tags in sequences:
        for tag in set(tags):
            if tag != OUTSIDE and not _MARK.fullmatch(tag):
                return "none"
        marks = [EDGE, *map(mark, tags)]
        letters.update(m.letter for m in marks)
        marked.append(marks)
    if letters & {"E", "S"}:
        return "bioes"
    if not letters & {"B", "I"}:
        return "none"
    with_b = with_i = 0
    for marks in marked:
        for before, here in itertools.pairwise(marks):
            if here.letter != "O" and (before.letter == "O" or before.type != here.type):
                with_b += here.letter == "B"
                with_i += here.letter == "I"
    return "iob1" if with_i > with_b else "iob2"


def is_legal(before: Mark, here: Mark, scheme: Scheme) -> bool:
    """Whether a scheme allows a tag after another; `EDGE` stands before the first and after all."""
    goes_on = before.letter in ("B", "I") and before.type == here.type
    match scheme:
        case "iob1":
            return here.letter != "B" or goes_on
        case "iob2":
            return here.letter != "I" or goes_on
        case "bioes":
            if before.letter in ("B", "I"):
                return here.letter in ("I", "E") and goes_on
            return here.letter not in ("I", "E")
    return True


def illegal_steps(tags: Sequence[str], scheme: Scheme) -> list[int]:
    """The positions whose tag may not follow the one before; the length for one left open."""
    marks = [EDGE, *map(mark, tags), EDGE]
    return [i for i in range(len(tags) + 1) if not is_legal(marks[i], marks[i + 1], scheme)]


def spans(tags: Sequence[str]) -> list[TagSpan]:
    """The spans that tags mark, by any scheme and however broken, in order."""
    found: list[TagSpan] = []
    start, before = 0, EDGE
    for position, here in enumerate([*map(mark, tags), EDGE]):
        turns = here.type != before.type or here.letter == "O"
        if before.letter != "O" and (turns or before.letter in "ES" or here.letter in "BS"):
            found.append(TagSpan(before.type, start, position))
            start = position
        elif before.letter == "O":
            start = position
        before = here
    return found


def written(found: Iterable[TagSpan], length: int, scheme: Scheme) -> list[str]:
    """Spans as tags of a scheme."""
    tags = [OUTSIDE] * length
    previous = TagSpan("", -1, -1)
    for span in found:
        letters = ["I"] * (span.end - span.start)
        touches = previous.end == span.start and previous.type == span.type
        if scheme != "iob1" or touches:
            letters[0] = "B"
        if scheme == "bioes":
            letters[-1] = "E" if len(letters) > 1 else "S"
        for position, letter in enumerate(letters, span.start):
            tags[position] = f"{letter}-{span.type}" if span.type else letter
        previous = span
    return tags

"""Counterfactual pairs: texts with a term of one group swapped for one of another.

Case is kept, terms are whole words, and a plural or possessive s stays. What stands for several
terms ("her" for "his" and for "him") is not swapped back but counted as skipped, for grammar would
have to be guessed. Beside each swap stands a *control* within the group, so that an answer that any
other name would change is not taken for a bias.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from seqlab.errors import UserError

HISSING = ("s", "x", "ch", "sh")  # after which a plural is es
ENDINGS = r"(['’]s|s['’]|s)?"


class Pair(NamedTuple):
    """A term of each group."""

    first: str
    second: str


class Swapped(NamedTuple):
    """A text with a term swapped. pair: its number; forwards: the first term became the second.

    control: within the group of the term, and no finding by itself.
    """

    row: int
    text: str
    pair: int
    forwards: bool
    control: bool


@dataclass(frozen=True)
class Swaps:
    """All that can be swapped in some texts. skipped: reason → how many times."""

    swapped: list[Swapped]
    skipped: dict[str, int]


def read_pairs(rows: Sequence[Sequence[str]], origin: str) -> list[Pair]:
    """Pairs of a file whose first two columns hold terms; each is checked."""
    pairs = []
    for number, row in enumerate(rows, start=1):
        cells = [str(cell).strip() for cell in row]
        if len(cells) < 2:
            raise UserError(
                f"{origin}: one column; a pair is a term of each group in two columns",
                "write lines such as he,she",
            )
        if not cells[0] or not cells[1]:
            raise UserError(f"{origin} row {number}: an empty term", "give a term in both columns")
        pairs.append(Pair(cells[0], cells[1]))
    if not pairs:
        raise UserError(f"{origin}: no pairs", "write lines such as he,she")
    both = {p.first.lower() for p in pairs} & {p.second.lower() for p in pairs}
    if both:
        term = sorted(both)[0]
        raise UserError(
            f'{origin}: "{term}" is in both groups', "a term stands in one of the two columns only"
        )
    return pairs


def swaps_of(texts: Sequence[str], pairs: Sequence[Pair]) -> Swaps:
    """Every text with every one of its terms swapped, one pair at a time."""
    found: list[Swapped] = []
    skipped: Counter[str] = Counter()
    partners = _partners(pairs)
    for number, pair in enumerate(pairs):
        for term, other, forwards in (
            (pair.first, pair.second, True),
            (pair.second, pair.first, False),
        ):
            pattern = term_pattern(term)
            control = _control(pairs, number, forwards)
            for row, text in enumerate(texts):
                if not pattern.search(text):
                    continue
                if len(partners[term.lower()]) > 1:
                    skipped[_ambiguous(term, partners[term.lower()])] += 1
                    continue
                found.append(
                    Swapped(row, replaced(pattern, term, other, text), number, forwards, False)
                )
                if control is not None:
                    stead = replaced(pattern, term, control, text)
                    found.append(Swapped(row, stead, number, forwards, True))
    return Swaps(found, dict(skipped))


def term_pattern(term: str) -> re.Pattern[str]:
    """A term as a whole word, in any case, with the ending that it may have."""
    return re.compile(rf"(?<!\w)({re.escape(term)}){ENDINGS}(?!\w)", re.IGNORECASE)


def _partners(pairs: Sequence[Pair]) -> dict[str, set[str]]:
    partners: dict[str, set[str]] = defaultdict(set)
    for pair in pairs:
        partners[pair.first.lower()].add(pair.second.lower())
        partners[pair.second.lower()].add(pair.first.lower())
    return partners


def _ambiguous(term: str, partners: set[str]) -> str:
    return f'"{term}" stands for {" and ".join(sorted(partners))}'


def _control(pairs: Sequence[Pair], number: int, forwards: bool) -> str | None:
    """Another term of the same group, the next in the list."""
    own = [pair.first if forwards else pair.second for pair in pairs]
    others = [
        term for term in own[number + 1 :] + own[:number] if term.lower() != own[number].lower()
    ]
    return others[0] if others else None


def replaced(pattern: re.Pattern[str], listed: str, other: str, text: str) -> str:
    """A text with a term, where its pattern stands, as another."""

    def stead(found: re.Match[str]) -> str:
        return as_written(found[1], listed, other) + _ending(found[2] or "", other)

    return pattern.sub(stead, text)


def as_written(term: str, listed: str, other: str) -> str:
    """Another term in the case in which the text has the one that it replaces."""
    if term.isupper() and len(term) > 1:
        return other.upper()
    if term[:1].isupper():
        return other[:1].upper() + other[1:]
    return other if listed.islower() else other.lower()


def _ending(ending: str, other: str) -> str:
    """A plural s as the other term has it: actors, actresses."""
    return "es" if ending == "s" and other.lower().endswith(HISSING) else ending

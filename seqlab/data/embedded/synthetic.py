"""Synthetic sequences that the literature argues over: each asks for one ability, and no download.

A name may say another length: `copy:100`. The same name always gives the same rows.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import pandas as pd

from seqlab.data.embedded.entry import EmbeddedData

ROWS = 6000
LETTERS = tuple("abcdefghijklmnopqrstuvwxyz")
OPERATORS: dict[str, Callable[[list[int]], int]] = {
    "MAX": max,
    "MIN": min,
    "MED": lambda v: int(np.median(v)),
    "SM": lambda v: sum(v) % 10,
}
Row = tuple[object, object]
Rows = Callable[[np.random.Generator, int], Row]


def _adding(rng: np.random.Generator, length: int) -> Row:
    """Hochreiter & Schmidhuber (1997): numbers and marks; the two marked numbers' sum."""
    values, marks = rng.uniform(0, 1, length), np.zeros(length)
    half = max(length // 2, 1)
    places = [rng.integers(half), rng.integers(half, max(length, half + 1))]
    marks[places] = 1
    steps = np.stack([values.round(4), marks], axis=1)  # (length, 2)
    return steps.tolist(), float((steps[:, 0] * marks).sum().round(4))


def _copy(rng: np.random.Generator, length: int) -> Row:
    """Up to `length` letters, and the same again."""
    letters = " ".join(rng.choice(LETTERS, rng.integers(1, length + 1)))
    return letters, letters


def _reverse(rng: np.random.Generator, length: int) -> Row:
    """Up to `length` letters, and the same backwards."""
    letters, _ = _copy(rng, length)
    return letters, str(letters)[::-1]


def _parity(rng: np.random.Generator, length: int) -> Row:
    """Up to `length` bits: is the number of ones odd?"""
    bits = rng.integers(0, 2, rng.integers(1, length + 1))
    return " ".join(map(str, bits)), "odd" if bits.sum() % 2 else "even"


def _anbn(rng: np.random.Generator, length: int) -> Row:
    """Some a and then some b: as many b as a? Where not, they are one to three apart.

    Dots stand before, between and after, or there would be few different ones.
    """
    most = max(length // 4, 2)
    first = int(rng.integers(1, most + 1))
    off = int(rng.integers(1, 4)) * (1 if first < 4 or rng.integers(2) else -1)
    equal = bool(rng.integers(2))
    second = first if equal else first + off
    dots = ["." * int(n) for n in rng.integers(0, max(length // 6, 2), 3)]
    letters = dots[0] + "a" * first + dots[1] + "b" * second + dots[2]
    return " ".join(letters), "balanced" if equal else "unbalanced"


def _mqar(rng: np.random.Generator, length: int) -> Row:
    """Multi-query associative recall (Arora et al., 2023): keys with values, then keys alone."""
    pairs = max(length // 4, 1)
    keys = rng.choice(4 * pairs, pairs, replace=False)
    values = rng.integers(0, 4 * pairs, pairs)
    asked = rng.integers(0, pairs, length - 2 * pairs)
    told = [token for k, v in zip(keys, values, strict=True) for token in (f"k{k}", f"v{v}")]
    tokens = [*told, *(f"k{keys[place]}" for place in asked)]
    return tokens, [*["-"] * len(told), *(f"v{values[place]}" for place in asked)]


def _selective_copy(rng: np.random.Generator, length: int) -> Row:
    """Gu & Dao (2023): eight letters among noise, and the letters alone in their order."""
    letters = rng.choice(LETTERS, min(8, length))
    tokens = np.full(length, ".")
    tokens[np.sort(rng.choice(length, len(letters), replace=False))] = letters
    return " ".join(tokens), " ".join(letters)


def _reversed_addition(rng: np.random.Generator, length: int) -> Row:
    """Two numbers of up to `length` digits; their sum, its last digit first."""
    first, second = (int(rng.integers(0, 10 ** rng.integers(1, length + 1))) for _ in range(2))
    return " ".join(f"{first}+{second}"), " ".join(str(first + second)[::-1])


def _listops(rng: np.random.Generator, length: int) -> Row:
    """Nangia & Bowman (2018): nested operators on digits, of up to `length` tokens; their value."""
    tokens, value = _expression(rng, max(length, 4), depth=3)
    return " ".join(tokens), str(value)


def _expression(rng: np.random.Generator, room: int, depth: int) -> tuple[list[str], int]:
    """An operator with two or more arguments that fit in `room` tokens, and its value."""
    name = str(rng.choice(list(OPERATORS)))
    tokens, values = [f"[{name}"], []
    left = room - 2
    for _ in range(int(rng.integers(2, 6))):
        if left < 1:
            break
        if depth and left >= 5 and rng.random() < 0.35:
            inner, value = _expression(rng, left - 1, depth - 1)
        else:
            value = int(rng.integers(10))
            inner = [str(value)]
        tokens += inner
        values.append(value)
        left -= len(inner)
    return [*tokens, "]"], OPERATORS[name](values)


# name, task, columns, length, rows, what it is; the summary says what the length counts
KINDS: tuple[tuple[str, str, tuple[str, str], int, Rows, str], ...] = (
    ("adding", "regress", ("series", "target"), 100, _adding, "steps with two marked numbers; sum"),
    ("anbn", "classify", ("text", "label"), 100, _anbn, "letters a…b…: as many of both?"),
    ("copy", "translate", ("src", "tgt"), 40, _copy, "letters at most → the same letters"),
    ("listops", "classify", ("text", "label"), 60, _listops, "tokens of nested MAX, MIN, …: value"),
    ("mqar", "tag", ("tokens", "tags"), 64, _mqar, "tokens: keys with values, then which value?"),
    ("parity", "classify", ("text", "label"), 40, _parity, "bits at most: odd or even?"),
    ("reverse", "translate", ("src", "tgt"), 40, _reverse, "letters at most → backwards"),
    (
        *("reversed-addition", "translate", ("src", "tgt"), 5, _reversed_addition),
        "digits at most a number → sum, last digit first",
    ),
    (
        *("selective-copy", "translate", ("src", "tgt"), 32, _selective_copy),
        "tokens, eight of them letters → the letters",
    ),
)


def _distinct(row: Rows, seed: int, length: int) -> Iterator[Row]:
    """Rows whose inputs differ, as far as so many different ones are found."""
    rng, seen = np.random.default_rng((seed, length)), set()
    for _ in range(20 * ROWS):
        made = row(rng, length)
        if (key := str(made[0])) not in seen:
            seen.add(key)
            yield made
        if len(seen) == ROWS:
            return


def _table(row: Rows, columns: tuple[str, str], seed: int, length: int) -> pd.DataFrame:
    inputs, targets = zip(*_distinct(row, seed, length), strict=True)
    return pd.DataFrame({columns[0]: list(inputs), columns[1]: list(targets)})


ENTRIES = tuple(
    EmbeddedData(
        name=name,
        task=task,
        summary=f"synthetic: {length} {what}",
        licence="none needed",
        rows=ROWS,
        sized=partial(_table, row, columns, zlib.crc32(name.encode())),
        length=length,
        notes=("synthetic: the same rows on every machine",),
    )
    for name, task, columns, length, row, what in KINDS
)

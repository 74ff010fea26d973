"""Rows into parts by shares: stratified by label, or whole groups at a time; nested subsets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.errors import UserError

Indices = NDArray[np.int64]


def stratified(
    labels: NDArray[Any] | None, count: int, shares: Sequence[float], rng: np.random.Generator
) -> list[Indices]:
    """Positions 0 … count − 1 in one part per share, each class divided alike.

    A class with fewer examples than parts is in the first part, then in the last.
    """
    if labels is None:
        return _cut(rng.permutation(count), shares)
    parts: list[list[Indices]] = [[] for _ in shares]
    codes, classes = pd.factorize(labels)
    assert (codes >= 0).all(), "a row without a label cannot be stratified"
    for code in range(len(classes)):
        members = rng.permutation(np.flatnonzero(codes == code))
        for part, piece in zip(parts, _cut(members, shares), strict=True):
            part.append(piece)
    return [np.concatenate(part) for part in parts]


def _cut(members: Indices, shares: Sequence[float]) -> list[Indices]:
    """Members in consecutive pieces of about the shares' sizes, as few of them empty as can be."""
    ideal = np.array(shares) * len(members)
    sizes = np.floor(ideal).astype(int)
    for part in np.argsort(sizes - ideal, kind="stable")[: len(members) - sizes.sum()]:
        sizes[part] += 1
    # The first part, then the last, then the others must have one if members suffice.
    priority = [0, len(shares) - 1, *range(1, len(shares) - 1)]
    for part in priority[: len(members)]:
        if sizes[part] == 0:
            sizes[max(priority, key=lambda other: (sizes[other], priority.index(other)))] -= 1
            sizes[part] = 1
    return np.split(members, np.cumsum(sizes)[:-1])


def deal(
    labels: NDArray[Any] | None, count: int, folds: int, rng: np.random.Generator
) -> list[Indices]:
    """Positions 0 … count − 1 dealt like cards, class after class: folds and classes are even."""
    order = rng.permutation(count)
    if labels is not None:
        order = order[np.argsort(pd.factorize(labels)[0][order], kind="stable")]
    return [np.sort(order[fold::folds]) for fold in range(folds)]


def by_group(
    groups: NDArray[Any],
    labels: NDArray[Any] | None,
    shares: Sequence[float],
    rng: np.random.Generator,
) -> list[Indices]:
    """Positions in one part per share, no group in two, classes as evenly as groups allow.

    The largest groups are placed first, each where it leaves the least distance from the shares.
    """
    codes, names = pd.factorize(groups)
    if (codes < 0).any():
        raise UserError(
            f"row {int((codes < 0).argmax()) + 1} has no group", "fill in the --group column"
        )
    if len(names) < len(shares):
        raise UserError(
            f"{len(names)} groups cannot be divided into {len(shares)} parts",
            "choose a --group column with more values, or leave --group out",
        )
    classes = np.zeros(len(codes), int) if labels is None else pd.factorize(labels)[0]
    counts = np.zeros((len(names), classes.max() + 1))
    np.add.at(counts, (codes, classes), 1)
    totals = counts.sum(0)
    wanted = np.outer(shares, totals)  # (parts, classes)
    held = np.zeros_like(wanted)
    place = np.empty(len(names), int)
    order = rng.permutation(len(names))
    order = order[np.argsort(-counts[order].sum(1), kind="stable")]
    for left, group in zip(range(len(names), 0, -1), order, strict=True):
        gap = (held - wanted) / totals
        cost = ((gap + counts[group] / totals) ** 2 - gap**2).sum(1)
        empty = held.sum(1) == 0
        if empty.sum() >= left:
            cost[~empty] = np.inf
        part = int(cost.argmin())
        place[group] = part
        held[part] += counts[group]
    return [np.flatnonzero(place[codes] == part) for part in range(len(shares))]


def parse_sizes(sizes: str) -> list[int | None]:
    """What a user writes after --sizes, `500,2000,all`, as numbers; None stands for all."""
    parsed: list[int | None] = []
    for part in sizes.split(","):
        word = part.strip().lower()
        if word == "all":
            parsed.append(None)
        elif word.isdigit() and int(word) > 0:
            parsed.append(int(word))
        else:
            raise UserError(
                f'--sizes: "{part.strip()}" is not a size',
                "accepted: numbers and all: 500,2000,all",
            )
    return parsed


def nested_subsets(
    train: Indices,
    sizes: Sequence[int | None],
    labels: NDArray[Any] | None = None,
    seed: int = 0,
) -> dict[int, Indices]:
    """Subsets of the training rows by size, each inside the next, classes as in the whole.

    `labels` has one entry per training row. Every row gets a place between 0 and 1, evenly
    spread within its class; the rows up to a place are then a stratified subset.
    """
    rng = np.random.default_rng(seed)
    codes = np.zeros(len(train), int) if labels is None else pd.factorize(np.asarray(labels))[0]
    place = np.empty(len(train))
    for code in np.unique(codes):
        members = rng.permutation(np.flatnonzero(codes == code))
        place[members] = (np.arange(len(members)) + rng.random()) / len(members)
    order = np.argsort(place, kind="stable")
    subsets = {}
    for size in sorted({len(train) if size is None else size for size in sizes}):
        if size > len(train):
            raise UserError(
                f"--sizes {size}: the training part has {len(train):,} rows",
                "accepted: sizes up to that, and all",
            )
        subsets[size] = np.sort(np.asarray(train)[order[:size]])
    return subsets

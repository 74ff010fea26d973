"""Which rows train, which select and which judge: as given, stratified, by group, time or fold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data.duplicates import Indices, Overlap, overlap, text_keys
from seqlab.data.partition import by_group, deal, stratified
from seqlab.data.split_spec import ACCEPTED, DEFAULT_SHARES, SPLIT_NAMES, SplitSpec
from seqlab.errors import UserError

PARTS = ("train", "valid", "test")


@dataclass(frozen=True)
class RowsToDivide:
    """What is known of each row when rows are divided; all but the count may be missing.

    `given` holds the part a row came with ("train", "valid", "test"); `texts` are there to find
    duplicates across parts.
    """

    count: int
    labels: Sequence[Any] | NDArray[Any] | None = None
    texts: Sequence[str] | None = None
    groups: Sequence[Any] | NDArray[Any] | None = None
    times: NDArray[np.datetime64] | pd.Series | None = None
    given: Sequence[str] | NDArray[Any] | None = None


@dataclass(frozen=True)
class Splits:
    """Row numbers, in order, of each part; `how` says in words how they came about."""

    train: Indices
    valid: Indices
    test: Indices
    how: str
    notes: tuple[str, ...] = ()
    overlap: Overlap | None = None


def split(rows: RowsToDivide, spec: SplitSpec, seed: int = 0) -> Splits:
    """One division of the rows; training rows that are also in test or valid are taken out.

    Given parts are honoured. Errors: a class with one example, too few groups, dates outside the
    data, a part that would be empty.
    """
    assert not spec.folds, "folds are made by `folds`"
    given = _given_parts(rows)
    if given is not None:
        parts = _complete(rows, given, spec, seed)
    elif spec.chronological:
        _refuse_groups(rows, spec)
        parts = _by_time(rows, spec)
    else:
        parts = _at_random(rows, spec.shares or DEFAULT_SHARES, seed)
    _check(parts)
    return _without_duplicates(parts, rows, spec)


def _refuse_groups(rows: RowsToDivide, spec: SplitSpec) -> None:
    """Who is there before and after a date would be in two parts."""
    if rows.groups is not None:
        raise UserError(
            f"--group and --split {','.join(spec.dates)}: a group may reach over these dates",
            "leave one of them out, or give the parts with --valid and --test",
        )


def folds(rows: RowsToDivide, spec: SplitSpec, seed: int = 0) -> list[Splits]:
    """`spec.folds` divisions whose test parts together hold every row once.

    Each fold's validation part is a tenth of all rows, cut from those it does not test.
    """
    if spec.chronological:
        raise UserError(
            "--folds cannot be combined with a division by time",
            "leave --folds out: folds would train on the future",
        )
    if spec.folds < 2 or spec.folds > rows.count:
        raise UserError(
            f"--folds {spec.folds}: expected between 2 and the number of rows ({rows.count:,})"
        )
    if _given_parts(rows) is not None:
        raise UserError(
            "--folds: the data brings its own parts (a column split, or --valid, --test)",
            "leave --folds out to use them, or pass one table without them",
        )
    everything = np.arange(rows.count)
    rng = np.random.default_rng(seed)
    labels = None if rows.labels is None else np.asarray(rows.labels)
    if rows.groups is not None:
        shares = [1 / spec.folds] * spec.folds
        tests = by_group(np.asarray(rows.groups), labels, shares, rng)
    else:
        _refuse_single_examples(rows)
        tests = deal(labels, rows.count, spec.folds, rng)
    result = []
    for number, test in enumerate(tests):
        rest = np.setdiff1d(everything, test)
        share = min(0.5, DEFAULT_SHARES[1] * rows.count / len(rest))
        train, valid = _divide(rows, rest, (1 - share, share), seed + 1 + number)
        how = f"fold {number + 1} of {spec.folds}, {_manner(rows)}"
        parts = Splits(train, valid, test, how)
        _check(parts)
        result.append(_without_duplicates(parts, rows, spec))
    return result


def time_boundaries(
    times: NDArray[np.datetime64] | pd.Series, spec: SplitSpec
) -> tuple[pd.Timestamp, pd.Timestamp, pd.Timestamp | None]:
    """Where valid begins, where test begins, and where test ends (None: with the data)."""
    distinct = pd.DatetimeIndex(np.unique(np.asarray(times, dtype="datetime64[ns]")))
    if spec.dates:
        ends = [pd.Timestamp(date) for date in spec.dates]
        within = distinct[0] < ends[0] and ends[1] <= distinct[-1]
        if not within:
            raise UserError(
                f"--split {','.join(spec.dates)}: outside the data, which run from"
                f" {distinct[0]} to {distinct[-1]}",
                "name where validation and where test begin, both within the data",
            )
        return ends[0], ends[1], ends[2] if len(ends) > 2 else None
    shares = spec.shares or DEFAULT_SHARES
    cuts = np.round(np.cumsum(shares[:2]) * len(distinct)).astype(int)
    if cuts[0] < 1 or cuts[1] <= cuts[0] or cuts[1] >= len(distinct):
        raise UserError(
            f"{len(distinct)} moments are too few to divide into training, validation and test"
        )
    return distinct[cuts[0]], distinct[cuts[1]], None


def _given_parts(rows: RowsToDivide) -> dict[str, Indices] | None:
    if rows.given is None:
        return None
    names = pd.Series(np.asarray(rows.given, dtype=object)).astype("str").str.strip().str.lower()
    given = names.replace(SPLIT_NAMES).to_numpy(object)
    found = {part: np.flatnonzero(given == part) for part in PARTS}
    unknown = [value for value in pd.unique(given) if value not in PARTS]
    if unknown:
        raise UserError(
            f'column split: "{unknown[0]}" is no part of the data',
            "accepted: train, valid, test (also validation, val, dev)",
        )
    return None if len(found["train"]) == rows.count else found


def _complete(rows: RowsToDivide, given: dict[str, Indices], spec: SplitSpec, seed: int) -> Splits:
    """Given parts with the missing one cut from training."""
    train, valid, test = (given[part] for part in PARTS)
    if spec.shares or spec.dates:
        held = ", ".join(part for part in PARTS if len(given[part]))
        raise UserError(
            f"--split: the data brings its own parts ({held})",
            "leave --split out to use them, or pass one table without them",
        )
    if not len(train):
        raise UserError(
            "no training rows: the data holds test or validation rows only",
            "name the training data first; test and validation by --test and --valid",
        )
    if len(valid) and len(test):
        return Splits(train, valid, test, "the parts as given")
    shares = DEFAULT_SHARES
    share = shares[1] / (shares[0] + shares[1])
    if spec.chronological:
        keep, cut = _last(rows, train, share)
    else:
        keep, cut = _divide(rows, train, (1 - share, share), seed)
    if len(test):
        return Splits(keep, cut, test, "test as given, validation cut from training")
    note = (
        "there is no test part: the given validation part is used as test, so that nothing is"
        " selected on it, and a new validation part is cut from training"
    )
    return Splits(keep, cut, valid, "test is the given validation part", (note,))


def _at_random(rows: RowsToDivide, shares: tuple[float, float, float], seed: int) -> Splits:
    if rows.groups is None:
        _refuse_single_examples(rows)
    train, valid, test = _divide(rows, np.arange(rows.count), shares, seed)
    percent = "/".join(f"{100 * share:.3g}" for share in shares)
    return Splits(train, valid, test, f"{percent}, {_manner(rows)}")


def _refuse_single_examples(rows: RowsToDivide) -> None:
    if rows.labels is None:
        return
    counts = pd.Series(np.asarray(rows.labels)).value_counts()
    if (counts == 1).any():
        raise UserError(
            f'class "{counts.index[counts == 1][0]}" has one example: it cannot be in training'
            " and in test",
            "add examples of it, merge it with another class or leave it out",
        )


def _manner(rows: RowsToDivide) -> str:
    if rows.groups is not None:
        return "no group in two parts"
    return "stratified by label" if rows.labels is not None else "at random"


def _divide(
    rows: RowsToDivide,
    among: Indices,
    shares: tuple[float, ...],
    seed: int,
) -> list[Indices]:
    """Some rows by shares: whole groups, or stratified by label, or at random."""
    rng = np.random.default_rng(seed)
    labels = None if rows.labels is None else np.asarray(rows.labels)[among]
    if rows.groups is not None:
        parts = by_group(np.asarray(rows.groups)[among], labels, shares, rng)
    else:
        parts = stratified(labels, len(among), shares, rng)
    return [np.sort(among[part]) for part in parts]


def _by_time(rows: RowsToDivide, spec: SplitSpec) -> Splits:
    if rows.times is None:
        if spec.dates:
            raise UserError("--split by date needs a column of dates", ACCEPTED)
        moments = np.arange(rows.count).astype("datetime64[s]")
    else:
        moments = np.asarray(rows.times, dtype="datetime64[ns]")
    valid_from, test_from, end = time_boundaries(moments, spec)
    train = moments < valid_from.to_datetime64()
    test = moments >= test_from.to_datetime64()
    valid = ~train & ~test
    if end is not None:
        test &= moments < end.to_datetime64()
    how = "by time" if rows.times is not None else "in the order of the rows"
    if rows.times is not None:
        how += f": validation from {valid_from}, test from {test_from}"
    return Splits(np.flatnonzero(train), np.flatnonzero(valid), np.flatnonzero(test), how)


def _last(rows: RowsToDivide, among: Indices, share: float) -> tuple[Indices, Indices]:
    """Some rows as an earlier and a later part."""
    moments = among if rows.times is None else np.asarray(rows.times)[among]
    cut = np.quantile(moments.astype("i8"), 1 - share)
    later = moments.astype("i8") > cut
    return among[~later], among[later]


def _without_duplicates(parts: Splits, rows: RowsToDivide, spec: SplitSpec) -> Splits:
    if rows.texts is None:
        return parts
    keys = text_keys(rows.texts)
    shared = overlap(keys, parts.train, parts.valid, parts.test)
    if spec.keep_duplicates:
        shared = replace(shared, removed=shared.removed[:0])
    if not len(shared.removed):
        return replace(parts, overlap=shared)
    train = np.setdiff1d(parts.train, shared.removed)
    if not len(train):
        raise UserError(
            "every training text also occurs in validation or test",
            "pass other data, or keep duplicates with --keep-duplicates",
        )
    note = (
        f"{len(shared.removed):,} training texts also occur in test ({shared.train_test:,}) or"
        f" validation ({shared.train_valid:,}) and were removed from training"
    )
    return replace(parts, train=train, overlap=shared, notes=(*parts.notes, note))


def _check(parts: Splits) -> None:
    for name in PARTS:
        if not len(getattr(parts, name)):
            raise UserError(
                f"the {name} part would be empty ({parts.how})",
                "bring more rows, or other shares with --split",
            )

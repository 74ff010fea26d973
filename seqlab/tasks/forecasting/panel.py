"""Many series end to end, each on a regular grid: gaps are missing values, and are counted.

Dates that repeat, run backwards or have no regular step are the user's to mend: to guess which of
two values of one hour is right would train every model on the guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.errors import UserError
from seqlab.tasks.forecasting.frequency import TOLERATED_SHARE, Frequency, infer
from seqlab.tasks.forecasting.layout import Layout, Observations, called

Rows = NDArray[np.int64]
Array = NDArray[np.float64]
MOST_POSITIONS_A_ROW = 20  # grid positions for each row of data; more is a wrong date, not a gap


@dataclass(frozen=True)
class Panel:
    """S series of C targets and V further inputs on one grid, end to end in P rows.

    values     (P, C + V) NaN where missing; the last `ahead` of V are known in advance
    static     (S, F) what is the same all along a series, NaN where missing
    offsets    (S + 1,) series s has the rows from offsets[s] to offsets[s + 1]
    first      (S,) the grid position of each series' first row
    given      (S, 3) where the given training, validation and test files end, in rows of the
               series; None where there was one file
    moved      rows that lay off the grid and were moved to the nearest position
    gaps       positions of the grid without a row
    empty      the names of series without a single value, which are not in the panel
    turned     whether the rows were given newest first
    """

    series: tuple[str, ...]
    targets: tuple[str, ...]
    covariates: tuple[str, ...]
    values: Array
    offsets: Rows
    first: Rows
    frequency: Frequency
    given: Rows | None = None
    moved: int = 0
    gaps: int = 0
    empty: tuple[str, ...] = ()
    static: Array | None = None
    turned: bool = False

    def __len__(self) -> int:
        return len(self.series)

    @property
    def lengths(self) -> Rows:
        """The number of rows of each series."""
        return np.diff(self.offsets)

    @property
    def known(self) -> NDArray[np.bool_]:
        """(P, C) whether a target was observed."""
        return ~np.isnan(self.values[:, : len(self.targets)])

    def moments(self, series: Rows, rows: Rows) -> NDArray[np.generic]:
        """The dates of rows of the panel (or of rows beyond a series' end), by series."""
        positions = self.first[series] + rows - self.offsets[series]
        return self.frequency.moments(positions)

    def owners(self) -> Rows:
        """(P,) the series of each row."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def take(self, series: Rows) -> Panel:
        """Only the given series, in the given order."""
        lengths = self.lengths[series]
        offsets = np.concatenate(([0], lengths.cumsum()))
        rows = np.arange(offsets[-1]) + np.repeat(self.offsets[series] - offsets[:-1], lengths)
        return replace(
            self,
            series=tuple(self.series[s] for s in series),
            values=self.values[rows],
            offsets=offsets,
            first=self.first[series],
            given=None if self.given is None else self.given[series],
            static=None if self.static is None else self.static[series],
        )

    def preceded(self, before: Rows) -> Panel:
        """With missing rows before each series, (S,) of them."""
        lengths = self.lengths + before
        offsets = np.concatenate(([0], lengths.cumsum()))
        values = np.full((offsets[-1], self.values.shape[1]), np.nan)
        starts = offsets[:-1] + before
        rows = np.arange(len(self.values)) + np.repeat(starts - self.offsets[:-1], self.lengths)
        values[rows] = self.values
        return replace(self, values=values, offsets=offsets, first=self.first - before)


def build_panel(
    parts: Sequence[Observations | None],
    layout: Layout,
    frequency: Frequency | None = None,
    ahead: int = 0,
) -> Panel:
    """One panel from a table, or from a training, validation and test table that follow on.

    `frequency` is that of the data trained on; None: it is inferred. `ahead` rows after the last
    target of each series are kept (or missing), with the inputs that are known in advance.
    """
    tables = [part for part in parts if part is not None]
    codes, distinct = pd.factorize(np.concatenate([table.series for table in tables]))
    names = pd.Index(distinct)
    values = np.concatenate([table.values for table in tables])
    part = np.repeat(
        [i for i, part_tables in enumerate(parts) if part_tables is not None],
        [len(t.series) for t in tables],
    )
    moments = [table.moments for table in tables]
    turned = False
    if moments[0] is None:  # rows count, from one table on into the next
        order = np.argsort(codes, kind="stable")
        starts = np.concatenate(([0], np.bincount(codes).cumsum()[:-1]))
        positions = np.empty(len(codes), dtype=np.int64)
        positions[order] = np.arange(len(codes)) - starts[codes[order]]
        grid, moved = Frequency(phase=1), 0  # people count from 1
    else:
        for table, belongs in zip(tables, _cut(codes, tables), strict=True):
            turned |= _turned(table, belongs, layout)
        stamps = np.concatenate([m for m in moments if m is not None])
        grid, positions, moved = _on_grid(
            stamps, (part, codes), tables[0].origin, layout, frequency
        )
    _check_parts(tables, names, codes, positions, part)
    panel = _scatter(names, layout, values, codes, positions, grid, ahead)
    panel = replace(panel, moved=moved, turned=turned)
    panel = replace(panel, static=_static(tables, codes, panel, names, layout))
    if len(tables) == 1:
        return panel
    return replace(panel, given=_ends(panel, codes, positions, part, names))


def _cut(codes: Rows, tables: Sequence[Observations]) -> list[Rows]:
    return np.split(codes, np.cumsum([len(table.series) for table in tables])[:-1])


def _turned(table: Observations, codes: Rows, layout: Layout) -> bool:
    """Whether the rows of every series stand newest first; else they must stand oldest first."""
    assert table.moments is not None
    order = np.argsort(codes, kind="stable")
    stamps = table.moments[order].astype(np.int64)
    steps, same = np.diff(stamps), np.diff(codes[order]) == 0
    if same.any() and (steps[same] < 0).all():
        return True
    where = "columns " + ", ".join(layout.time) if len(layout.time) > 1 else "column "
    where += f'"{(layout.time or (layout.step,))[0]}"' if len(layout.time) <= 1 else ""
    for wrong, what, hint in (
        (same & (steps == 0), "repeats", _repeat_hint(layout)),
        (same & (steps < 0), "runs backwards", "sort the rows by date, the oldest first"),
    ):
        if wrong.any():
            rows = order[1:][wrong]
            row = int(rows.min())
            of = f' of series "{table.series[row]}"' if layout.series else ""
            moment = layout.shown(table.moments[row])
            raise UserError(
                f'"{table.origin}" {where} row {row + 1}: {moment}{of} {what}'
                + (f" ({len(rows)} such rows)" if len(rows) > 1 else ""),
                hint,
            )
    return False


def _repeat_hint(layout: Layout) -> str:
    if layout.series:
        return "keep one row for each date and series"
    return (
        "keep one row for each date; if there are several series, name the column that tells them"
        " apart with --columns series=COLUMN; where clocks went back, give times in UTC"
    )


def _on_grid(
    stamps: NDArray[np.generic],
    owners: tuple[Rows, Rows],
    origin: str,
    layout: Layout,
    frequency: Frequency | None,
) -> tuple[Frequency, Rows, int]:
    """Grid positions of all rows, whose owners are a file and a series; how many were moved."""
    part, codes = owners
    if not np.issubdtype(stamps.dtype, np.datetime64):
        return Frequency(), stamps.astype(np.int64), 0
    order = np.lexsort((stamps, part, codes))  # rows of a file may stand newest first
    ordered = np.asarray(stamps[order], dtype="datetime64[us]")
    if frequency is None:
        grid = infer(ordered, codes[order], origin)
    else:
        grid = frequency.beside(ordered.astype(np.int64))
        _check_steps(grid, ordered, codes[order], origin)
    positions, exact = grid.positions(stamps)
    moved = int((~exact).sum())
    later = positions[order][1:][np.diff(codes[order]) == 0]
    earlier = positions[order][:-1][np.diff(codes[order]) == 0]
    if moved > TOLERATED_SHARE * len(stamps) or (later == earlier).any():
        row = int((~exact).argmax())
        raise UserError(
            f'"{origin}" column "{layout.time[0]}": the steps are irregular (mostly {grid};'
            f" {moved} of {len(stamps)} rows lie off that grid,"
            f" the first in row {row + 1}: {layout.shown(stamps[row])})",
            "resample the data to a regular step first, such as hourly means",
        )
    return grid, positions, moved


FEW_STEPS = 3  # so many may be gaps, and say nothing of the step


def _check_steps(grid: Frequency, stamps: NDArray[np.datetime64], codes: Rows, origin: str) -> None:
    """New data must step as the data trained on."""
    if grid.kind != "fixed" or grid.jitter or not _has_gaps(codes):
        return
    own = infer(stamps, codes, origin)
    few = len(codes) - len(np.unique(codes)) < FEW_STEPS
    fits = own.kind == "fixed" and own.size % grid.size == 0
    if own.size != grid.size and not (few and (fits or own.kind == "months")):
        raise UserError(
            f'"{origin}" steps by {own}; the data trained on steps by {grid}',
            "give data of the same frequency",
        )


def _has_gaps(codes: Rows) -> bool:
    return bool((np.bincount(codes) > 1).any())


def _check_parts(
    tables: Sequence[Observations], names: pd.Index, codes: Rows, positions: Rows, part: Rows
) -> None:
    """Each given file must begin after the one before it has ended, series by series."""
    order = np.argsort(codes, kind="stable")
    back = (np.diff(codes[order]) == 0) & (np.diff(positions[order]) <= 0)
    back &= np.diff(part[order]) > 0
    if back.any():
        row = int(order[1:][back][0])
        file = sorted(set(part.tolist())).index(int(part[row]))
        raise UserError(
            f'"{tables[file].origin}" begins before "{tables[file - 1].origin}" has ended'
            f" ({called(names[codes[row]])})",
            "the files must follow on in time: training, validation, test; look-back windows"
            " reach into the earlier file by themselves",
        )


def _scatter(
    names: pd.Index,
    layout: Layout,
    values: Array,
    codes: Rows,
    positions: Rows,
    grid: Frequency,
    ahead: int,
) -> Panel:
    """Values to their places; a series begins and ends with an observed target, `ahead` aside."""
    observed = ~np.isnan(values[:, : len(layout.targets)]).all(axis=1)
    observed_series = np.unique(codes[observed])  # a series without any value is none
    if len(observed_series) == 0:
        raise UserError(f"no values in {', '.join(layout.targets)}", "all cells are empty")
    number = np.full(len(names), -1)
    number[observed_series] = np.arange(len(observed_series))
    first, last = _extents(number[codes[observed]], positions[observed], len(observed_series))
    last += ahead
    offsets = np.concatenate(([0], (last - first + 1).cumsum()))
    if offsets[-1] > MOST_POSITIONS_A_ROW * observed.sum() + 1000:
        worst = int((last - first).argmax())
        ends = grid.moments(np.array([first[worst], last[worst]]))
        begin, end = map(layout.shown, ends)
        raise UserError(
            f"{called(names[observed_series[worst]])} reaches from {begin} to {end}"
            f" in steps of {grid}: {int(offsets[-1])} steps for {int(observed.sum())} values",
            "check its first and last dates",
        )
    owner = number[codes]
    inside = (owner >= 0) & (positions >= first[owner]) & (positions <= last[owner])
    placed = np.full((offsets[-1], values.shape[1]), np.nan)
    placed[(offsets[owner] + positions - first[owner])[inside]] = values[inside]
    if ahead:
        later = (offsets[1:, None] - 1 - np.arange(ahead)).ravel()
        placed[later, : len(layout.targets) + len(layout.past_inputs)] = np.nan
    return Panel(
        tuple(map(str, names[observed_series])),
        layout.targets,
        (*layout.past_inputs, *layout.known_inputs),
        placed,
        offsets,
        first,
        grid,
        gaps=int(offsets[-1] - inside.sum()),
        empty=tuple(map(str, names[number < 0])),
    )


def _extents(series: Rows, positions: Rows, count: int) -> tuple[Rows, Rows]:
    """The first and the last position of each series."""
    limits = np.iinfo(np.int64)
    first, last = np.full(count, limits.max), np.full(count, limits.min)
    np.minimum.at(first, series, positions)
    np.maximum.at(last, series, positions)
    return first, last


def _static(
    tables: Sequence[Observations], codes: Rows, panel: Panel, names: pd.Index, layout: Layout
) -> Array:
    """What is the same all along each series of a panel, (S, F); it must be."""
    rows = np.concatenate([table.static for table in tables])
    _, begins = np.unique(codes, return_index=True)  # codes are numbered from 0 on
    varies = (rows != rows[begins[codes]]) & ~(np.isnan(rows) & np.isnan(rows[begins[codes]]))
    if varies.any():
        row, f = (int(place) for place in np.argwhere(varies)[0])
        starts = np.cumsum([0, *(len(table.series) for table in tables)])
        t = int(np.searchsorted(starts, row, side="right")) - 1
        column = layout.static_inputs[f].partition("=")[0]
        raise UserError(
            f'"{tables[t].origin}" column "{column}" row {row - int(starts[t]) + 1}: a static'
            f" covariate, but it varies within {called(names[codes[row]])}",
            f"--columns known={column} if it is known in advance, else covariates={column}",
        )
    number = {str(name): code for code, name in enumerate(names)}
    return np.asarray(rows[begins[[number[name] for name in panel.series]]])


def _ends(panel: Panel, codes: Rows, positions: Rows, part: Rows, names: pd.Index) -> Rows:
    """Where each given part ends, in rows of the series."""
    number = {name: s for s, name in enumerate(panel.series)}
    owner = np.array([number.get(str(name), -1) for name in names])[codes]
    ends = np.zeros((len(panel), 3), dtype=np.int64)
    for p in range(3):
        chosen = (part <= p) & (owner >= 0)
        np.maximum.at(ends[:, p], owner[chosen], (positions - panel.first[owner])[chosen] + 1)
    return np.minimum(ends, panel.lengths[:, None])

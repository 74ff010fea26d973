"""Parts in time and their windows: which origins a part has, and which windows belong together.

Training comes first and the test part last. A part owns the targets in its rows; look-back windows
may reach into the part before.

An origin is the first row to forecast: a window reads the `lookback` rows before it and is scored
on the `horizon` rows from it on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.errors import UserError
from seqlab.tasks.forecasting.panel import Panel

Rows = NDArray[np.int64]
DEFAULT_SHARES = (70.0, 10.0, 20.0)
PART_NAMES = ("training", "validation", "test")
HINT = (
    "accepted: percentages 60/20/20, rows 8640/2880/2880,"
    " or the first dates of validation and test 2017-07-01,2017-11-01"
)


@dataclass(frozen=True)
class PartEnds:
    """ends (S, 3): where each part ends, in rows of the series; how they were cut, in words."""

    ends: Rows
    how: str

    def span(self, part: int) -> tuple[Rows, Rows]:
        """The first row and the end of a part, for each series."""
        first = self.ends[:, part - 1] if part else np.zeros(len(self.ends), dtype=np.int64)
        return first, self.ends[:, part]


def cut(panel: Panel, split: str | None, horizon: int) -> PartEnds:
    """The parts of a panel: as given in files, as the user says, or 70/10/20 percent."""
    if panel.given is not None:
        return _given(panel, split, horizon)
    if split is None:
        return _shares(panel, DEFAULT_SHARES, least=horizon)
    fields = [field.strip() for field in split.split("," if "," in split else "/")]
    numbers = [float(f) for f in fields if _is_number(f)]
    if len(numbers) == 3 == len(fields) and min(numbers) > 0:
        if abs(sum(numbers) - 100) < 1e-6 or abs(sum(numbers) - 1) < 1e-6:
            return _shares(panel, numbers, least=0)
        if all(number == int(number) for number in numbers):
            return _counts(panel, [int(number) for number in numbers])
    if len(fields) in (2, 3) and not numbers:
        return _dates(panel, split, fields)
    raise UserError(f'--split "{split}": expected three shares or counts, or two dates', HINT)


def cut_folds(panel: Panel, folds: int, horizon: int) -> list[PartEnds]:
    """Rolling origins: the last half in `folds` equal test parts, each after its own training."""
    size = int(panel.lengths.max()) // (2 * folds)
    if size < horizon:
        raise UserError(
            f"folds = {folds}: test parts of {size} steps are shorter than the horizon {horizon}",
            f"the longest series has {int(panel.lengths.max())} steps: ask for fewer folds",
        )
    ends = []
    for fold in range(folds):
        ends.append(_from_end(panel, size * (folds - fold - np.array([-1, 0, 1]))))
    how = f"rolling origin: fold {{}} of {folds}, test parts of {size} steps"
    return [PartEnds(end, how.format(fold + 1)) for fold, end in enumerate(ends)]


def _from_end(panel: Panel, back: Rows) -> Rows:
    """Ends that lie `back` steps before the panel's last date (or each series' own end)."""
    if not panel.frequency.dated:
        return np.clip(panel.lengths[:, None] - back, 0, None)
    last = int((panel.first + panel.lengths).max())
    return np.clip(last - back - panel.first[:, None], 0, panel.lengths[:, None])


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _given(panel: Panel, split: str | None, horizon: int) -> PartEnds:
    assert panel.given is not None
    if split is not None:
        raise UserError("--split: the parts are given in files already", "leave --split out")
    ends = panel.given.copy()
    how = "as given in files"
    if (ends[:, 1] == ends[:, 0]).all():  # no validation file: the end of the training file
        share = DEFAULT_SHARES[1] / (DEFAULT_SHARES[0] + DEFAULT_SHARES[1])
        length = np.maximum((share * ends[:, 0]).round().astype(np.int64), horizon)
        ends[:, 0] = np.maximum(ends[:, 0] - length, 0)
        how += "; validation is the end of the training file"
    return PartEnds(ends, how)


def _shares(panel: Panel, shares: Sequence[float], least: int) -> PartEnds:
    """Cuts at shares of the rows; at one date for all series where most have all parts then."""
    part = np.asarray(shares, dtype=np.float64) / sum(shares)
    how = "/".join(f"{100 * share:g}" for share in part) + " percent in time"
    if panel.frequency.dated and len(panel) > 1:
        positions = panel.first[panel.owners()] + np.arange(len(panel.values))
        positions -= panel.offsets[panel.owners()]
        end = int(positions.max()) + 1
        test = min(int(np.quantile(positions, 1 - part[2], method="lower")), end - least)
        valid = min(int(np.quantile(positions, part[0], method="lower")), test - least)
        ends = np.array([valid, test, end]) - panel.first[:, None]
        ends = np.clip(ends, 0, panel.lengths[:, None])
        if ((ends[:, 0] > 0) & (ends[:, 2] > ends[:, 1])).mean() >= 0.5:
            return PartEnds(ends, how + ", at one date for all series")
        how += ", of each series by itself: their dates differ too much for one date"
    lengths = panel.lengths
    test = np.maximum(np.round(part[2] * lengths).astype(np.int64), least)
    valid = np.maximum(np.round(part[1] * lengths).astype(np.int64), least)
    ends = np.stack([lengths - test - valid, lengths - test, lengths], axis=1)
    return PartEnds(np.clip(ends, 0, None), how)


def _counts(panel: Panel, counts: Sequence[int]) -> PartEnds:
    total, longest = sum(counts), int(panel.lengths.max())
    if total > longest:
        raise UserError(
            f"--split: {'/'.join(map(str, counts))} rows are {total}, the longest series has"
            f" {longest}",
            HINT,
        )
    ends = np.minimum(np.cumsum(counts)[None, :], panel.lengths[:, None])
    unused = longest - total
    how = f"{'/'.join(map(str, counts))} rows of each series"
    return PartEnds(ends, how + (f"; {unused} after them are not used" if unused else ""))


def _dates(panel: Panel, split: str, fields: Sequence[str]) -> PartEnds:
    if not panel.frequency.dated:
        raise UserError(f'--split "{split}": the data have no dates', HINT)
    starts = []
    for field in fields:
        try:
            starts.append(np.array([pd.Timestamp(field)], dtype="datetime64[us]")[0])
        except (ValueError, TypeError) as error:
            raise UserError(f'--split "{split}": "{field}" is not a date', HINT) from error
    if sorted(starts) != starts or len(set(starts)) < len(starts):
        raise UserError(f'--split "{split}": the dates must be in order', HINT)
    last = panel.first + panel.lengths
    bounds = [_from(panel, start) for start in starts]
    ends = np.array([*bounds, int(last.max())][:3]) - panel.first[:, None]
    ends = np.clip(ends, 0, panel.lengths[:, None])
    for part in range(3):
        begin = ends[:, part - 1] if part else 0
        if not (ends[:, part] > begin).any():
            whole = panel.frequency.moments(np.array([panel.first.min(), last.max() - 1]))
            reach = " to ".join(str(pd.Timestamp(moment)) for moment in whole)
            raise UserError(
                f'--split "{split}": the {PART_NAMES[part]} part is empty;'
                f" the data reach from {reach}",
                HINT,
            )
    return PartEnds(ends, "by date: validation and test from " + ", ".join(fields[:2]))


def _from(panel: Panel, start: np.datetime64) -> int:
    """The first grid position on or after a date."""
    position = int(panel.frequency.positions(np.array([start]))[0][0])
    return position + int(panel.frequency.moments(np.array([position]))[0] < start)


MANY_SERIES = 20  # from here on a whole series is one independent unit of the test set


@dataclass(frozen=True)
class Geometry:
    """What a window reads and forecasts, in steps; `season` is that of the naive forecast."""

    lookback: int
    horizon: int
    season: int
    patch: int

    @property
    def positions(self) -> int:
        """Patches in a look-back window."""
        return -(-self.lookback // self.patch)


@dataclass(frozen=True)
class Windows:
    """The windows of one part: their series, origins (rows of the panel) and blocks."""

    series: Rows
    origins: Rows
    blocks: Rows
    stride: int

    def __len__(self) -> int:
        return len(self.origins)


def window_part(
    panel: Panel, parts: PartEnds, part: int, geometry: Geometry, stride: int | None, most: int
) -> Windows:
    """All windows whose targets lie in a part; every `stride`-th, or as many as `most` allows.

    Windows that have nothing observed to read, or nothing to be scored on, are left out.
    """
    begin, end = parts.span(part)
    begin = np.maximum(begin, geometry.lookback)
    last = end - geometry.horizon
    total = int(np.maximum(last - begin + 1, 0).sum())
    step = stride or max(1, -(-total // most))
    counts = np.where(last >= begin, (last - begin) // step + 1, 0)
    series = np.repeat(np.arange(len(panel)), counts)
    within = np.arange(len(series)) - np.repeat(counts.cumsum() - counts, counts)
    # Counted back from the end, so that the last window is always there.
    origins = panel.offsets[series] + last[series] - step * within
    kept = _observed(panel, origins, geometry)
    series, origins = series[kept], origins[kept]
    order = np.lexsort((origins, series))
    series, origins = series[order], origins[order]
    return Windows(series, origins, blocks(panel, series, origins, geometry), step)


def _observed(panel: Panel, origins: Rows, geometry: Geometry) -> NDArray[np.bool_]:
    seen = np.concatenate(([0], panel.known.any(axis=1).cumsum()))
    read = seen[origins] - seen[origins - geometry.lookback]
    scored = seen[origins + geometry.horizon] - seen[origins]
    return np.asarray((read > 0) & (scored > 0))


def blocks(panel: Panel, series: Rows, origins: Rows, geometry: Geometry) -> Rows:
    """A block number per window, so that overlapping windows do not count as independent.

    Many series: one block a series. Few: stretches of time a horizon long, shared by all series
    where they have dates, because one day's surprise strikes them all. How long the errors of
    contestants really depend on each other is seen when they are compared.
    """
    if len(origins) == 0:
        return origins
    if len(np.unique(series)) >= MANY_SERIES:
        return np.unique(series, return_inverse=True)[1]
    length = geometry.horizon
    place = origins - panel.offsets[series] + panel.first[series]
    stretch = (place - place.min()) // length
    if not panel.frequency.dated:
        stretch += series * (stretch.max() + 1)
    return np.unique(stretch, return_inverse=True)[1]

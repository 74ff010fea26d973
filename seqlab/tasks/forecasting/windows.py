"""Forecast windows: which origins a part has, how far apart, and which belong together.

An origin is the first row to forecast: a window reads the `lookback` rows before it and is scored
on the `horizon` rows from it on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqlab.tasks.forecasting.panel import Panel
from seqlab.tasks.forecasting.parts import PartEnds

Rows = NDArray[np.int64]
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

    Many series: one block a series. Few: stretches of time at least a horizon and a season long,
    shared by all series where they have dates, because one day's surprise strikes them all.
    """
    if len(origins) == 0:
        return origins
    if len(np.unique(series)) >= MANY_SERIES:
        return np.unique(series, return_inverse=True)[1]
    length = max(geometry.horizon, geometry.season)
    place = origins - panel.offsets[series] + panel.first[series]
    stretch = (place - place.min()) // length
    if not panel.frequency.dated:
        stretch += series * (stretch.max() + 1)
    return np.unique(stretch, return_inverse=True)[1]

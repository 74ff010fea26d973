"""Curves over bins that hold about as many examples each: quality by length, residuals by value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqlab.tasks.base import Exhibit

BINS = 6

Rows = NDArray[np.intp]
Measure = Callable[[Rows], float]  # of some examples, by their numbers


def binned(
    title: str,
    values: NDArray[Any],
    measure: Measure,
    labels: tuple[str, str],
    *,
    note: str = "",
    bins: int = BINS,
) -> Exhibit:
    """A measure of the examples in each bin over the bin's median value; labels of x and y."""
    edges = np.unique(np.quantile(values, np.linspace(0, 1, bins + 1)))
    place = np.searchsorted(edges, values, side="right") - 1
    place = place.clip(0, max(len(edges) - 2, 0))
    found = [np.flatnonzero(place == number) for number in np.unique(place)]
    return Exhibit(
        "curve",
        title,
        {
            "x_label": labels[0],
            "y_label": labels[1],
            "x": [float(np.median(values[rows])) for rows in found],
            "y": [float(measure(rows)) for rows in found],
            "count": [len(rows) for rows in found],
        },
        note,
    )

"""Curves over bins of about as many examples each, and series drawn for people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqlab.data.examples import Examples
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
    bin_rows = [np.flatnonzero(place == number) for number in np.unique(place)]
    return Exhibit(
        "curve",
        title,
        {
            "x_label": labels[0],
            "y_label": labels[1],
            "x": [float(np.median(values[rows])) for rows in bin_rows],
            "y": [float(measure(rows)) for rows in bin_rows],
            "count": [len(rows) for rows in bin_rows],
        },
        note,
    )


MOST_DRAWN_SERIES = 8
MOST_STEPS = 600  # of a drawn series
SPARK_WIDTH = 120


def by_class(
    predictions: NDArray[np.float64],
    examples: Examples,
    classes: list[str],
    channels: Sequence[str],
) -> Exhibit:
    """The first test series of each class with what is predicted for it; channels by name."""
    labels, values = examples.array("label"), examples.ragged("values")
    items = []
    for number, name in enumerate(classes):
        rows = np.flatnonzero(labels == number)[: max(1, MOST_DRAWN_SERIES // len(classes))]
        for row in rows:
            x, best = values[int(row)], int(predictions[row].argmax())
            stride = -(-len(x) // MOST_STEPS)
            points = {
                "x": list(range(1, len(x) + 1, stride)),
                "y": [round(float(v), 4) for v in x[::stride, 0]],
            }
            nothing: dict[str, list[Any]] = {"x": [], "y": []}
            items.append(
                {
                    "title": f'class "{name}": series {examples.frame["name"].iloc[row]}',
                    "x_label": "step",
                    "y_label": channels[0] if len(channels) > 1 else "value",
                    "history": nothing,
                    "target": points,
                    "predicted": nothing,
                    "answer": f"{classes[best]} ({predictions[row, best]:.2f})",
                }
            )
    note = (
        "The first test series of each class, on the scale of the training part; beneath, what is"
    )
    note += " predicted for it, and how sure."
    if len(channels) > 1:
        note += f" Drawn is the first of {len(channels)} channels."
    return Exhibit("series", "Series by class", {"items": items[:MOST_DRAWN_SERIES]}, note)


def sparkline(x: NDArray[Any]) -> list[float]:
    """A curve of one channel, short enough to stand beside a line of text."""
    at = np.linspace(0, len(x) - 1, min(SPARK_WIDTH, len(x))).round().astype(int)
    return [round(float(v), 4) for v in np.asarray(x, dtype=np.float64)[at]]

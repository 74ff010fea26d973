"""What a report shows of a classifier of values: errors, confusions, and the examples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqlab.data.examples import Examples
from seqlab.tasks.base import Exhibit, Predictions
from seqlab.tasks.classification.exhibits import (
    BINS,
    HARDEST,
    MOST_CLASSES,
    by_class,
    confusion,
    reliability,
)

MOST_DRAWN = 8  # series that are drawn
MOST_STEPS = 600  # of a drawn series
SPARK = "▁▂▃▄▅▆▇█"
SPARK_WIDTH = 40

Floats = NDArray[np.float32]


def shared_exhibits(
    predictions: Predictions, labels: NDArray[np.int64], classes: list[str]
) -> list[Exhibit]:
    """Errors by class, confusions, reliability."""
    wrong = predictions.argmax(axis=1) != labels
    made = [by_class(wrong, labels, classes)]
    if len(classes) <= MOST_CLASSES:
        made.append(confusion(predictions.argmax(axis=1), labels, classes))
    return [*made, reliability(predictions, labels)]


def by_length(wrong: NDArray[np.bool_], lengths: NDArray[np.int64]) -> list[Exhibit]:
    """The share that is wrong, by the number of steps; nothing where all are as long."""
    edges = np.unique(np.quantile(lengths, np.linspace(0, 1, BINS + 1)))
    if len(edges) < 2:
        return []
    bins = np.clip(np.searchsorted(edges, lengths, side="right") - 1, 0, len(edges) - 2)
    found = [bins == b for b in range(len(edges) - 1) if (bins == b).any()]
    return [
        Exhibit(
            "curve",
            "Errors by length",
            {
                "x_label": "steps in the series",
                "y_label": "share wrong",
                "x": [float(np.median(lengths[rows])) for rows in found],
                "y": [float(wrong[rows].mean()) for rows in found],
                "count": [int(rows.sum()) for rows in found],
            },
        )
    ]


def drawn(
    examples: Examples, classes: list[str], values: Callable[[int], Floats], channels: list[str]
) -> Exhibit:
    """The first test series of each class, in units of the training part's deviation."""
    labels = np.asarray(examples.arrays["label"])
    items = []
    for number, name in enumerate(classes):
        rows = np.flatnonzero(labels == number)[: max(1, MOST_DRAWN // len(classes))]
        for row in rows:
            x = values(int(row))
            stride = -(-len(x) // MOST_STEPS)
            where = f", {channels[0]}" if len(channels) > 1 else ""
            points = {
                "x": list(range(1, len(x) + 1, stride)),
                "y": [round(float(v), 4) for v in x[::stride, 0]],
            }
            nothing: dict[str, list[Any]] = {"x": [], "y": []}
            items.append(
                {
                    "title": f'class "{name}": {examples.frame["name"].iloc[row]}{where}',
                    "history": nothing,
                    "target": points,
                    "predicted": nothing,
                }
            )
    note = "The first test series of each class, on the scale of the training part."
    return Exhibit("series", "Series by class", {"items": items[:MOST_DRAWN]}, note)


def hardest(
    predictions: Predictions, examples: Examples, classes: list[str], said: Callable[[int], str]
) -> Exhibit:
    """The examples whose given label is the least probable; `said` puts one into words."""
    labels = np.asarray(examples.arrays["label"])
    given = predictions[np.arange(len(labels)), labels]
    items = [
        {
            "text": said(int(row)),
            "target": classes[labels[row]],
            "predicted": classes[int(predictions[row].argmax())],
            "score": float(given[row]),
        }
        for row in np.argsort(given, kind="stable")[:HARDEST]
    ]
    note = "Lowest probability of the given label first; some of these labels may be wrong."
    return Exhibit("examples", "Hardest test examples", {"items": items}, note)


def sparkline(x: NDArray[Any]) -> str:
    """A curve of one channel in a line of text."""
    at = np.linspace(0, len(x) - 1, min(SPARK_WIDTH, len(x))).round().astype(int)
    points = np.asarray(x, dtype=np.float64)[at]
    low, high = points.min(), points.max()
    levels = (points - low) / (high - low) if high > low else np.zeros_like(points)
    return "".join(SPARK[int(level)] for level in np.round(levels * (len(SPARK) - 1)))


def pictures(
    predictions: Predictions, examples: Examples, classes: list[str], most: int = 24
) -> Exhibit:
    """The images whose given label is the least probable."""
    labels = np.asarray(examples.arrays["label"])
    pixels = np.asarray(examples.arrays["pixels"])
    given = predictions[np.arange(len(labels)), labels]
    items = [
        {
            "pixels": np.round(pixels[row] / 255, 3).tolist(),
            "target": classes[labels[row]],
            "predicted": classes[int(predictions[row].argmax())],
            "score": float(given[row]),
        }
        for row in np.argsort(given, kind="stable")[:most]
    ]
    note = "Lowest probability of the given label first."
    return Exhibit("images", "Hardest test images", {"items": items}, note)

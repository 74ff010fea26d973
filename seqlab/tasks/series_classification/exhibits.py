"""What a report shows of a classifier of values: errors, confusions, and the examples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqlab.data.examples import Examples
from seqlab.tasks.base import Exhibit, Predictions
from seqlab.tasks.binned import binned
from seqlab.tasks.classification.exhibits import (
    MOST_CLASSES,
    by_class,
    confusion,
    hardest,
    reliability,
)

MOST_DRAWN = 8  # series that are drawn
MOST_STEPS = 600  # of a drawn series
SPARK_WIDTH = 120

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
    if lengths.min() == lengths.max():
        return []
    labels = ("steps in the series", "share wrong")
    return [binned("Errors by length", lengths, lambda rows: wrong[rows].mean(), labels)]


def drawn(
    predictions: Predictions,
    examples: Examples,
    classes: list[str],
    values: Callable[[int], Floats],
    channels: list[str],
) -> Exhibit:
    """The first test series of each class with what is predicted for it; channels by name."""
    labels = np.asarray(examples.arrays["label"])
    items = []
    for number, name in enumerate(classes):
        rows = np.flatnonzero(labels == number)[: max(1, MOST_DRAWN // len(classes))]
        for row in rows:
            x, best = values(int(row)), int(predictions[row].argmax())
            stride = -(-len(x) // MOST_STEPS)
            points = {
                "x": list(range(1, len(x) + 1, stride)),
                "y": [round(float(v), 4) for v in x[::stride, 0]],
            }
            nothing: dict[str, list[Any]] = {"x": [], "y": []}
            items.append(
                {
                    "title": f'class "{name}": {examples.frame["name"].iloc[row]}',
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
    return Exhibit("series", "Series by class", {"items": items[:MOST_DRAWN]}, note)


def hardest_series(
    predictions: Predictions,
    examples: Examples,
    classes: list[str],
    values: Callable[[int], Floats],
) -> Exhibit:
    """The series whose given label is the least probable, each with its first channel in small."""
    labels = np.asarray(examples.arrays["label"])

    def said(row: int) -> str:
        return f"{examples.frame['name'].iloc[row]}, {len(values(row)):,} steps"

    found = hardest(predictions, labels, said, classes)
    given = predictions[np.arange(len(labels)), labels]
    for row, item in zip(np.argsort(given, kind="stable"), found.data["items"], strict=False):
        item["curve"] = sparkline(values(int(row))[:, 0])
    return found


def sparkline(x: NDArray[Any]) -> list[float]:
    """A curve of one channel, short enough to stand beside a line of text."""
    at = np.linspace(0, len(x) - 1, min(SPARK_WIDTH, len(x))).round().astype(int)
    return [round(float(v), 4) for v in np.asarray(x, dtype=np.float64)[at]]


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
    note = "Lowest probability of the given label first; in brackets, that probability."
    return Exhibit("images", "Hardest test images", {"items": items}, note)

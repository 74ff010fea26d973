"""What a report shows of a classifier: where it errs, what it confuses, what it finds hardest."""

from __future__ import annotations

from typing import Literal

import numpy as np

from seqlab.data.examples import Examples
from seqlab.metrics.base import Array
from seqlab.metrics.predictions import confidence_and_right
from seqlab.tasks.base import Exhibit
from seqlab.tasks.exhibits.curves import binned
from seqlab.tasks.parts import Input

RELIABILITY_BINS = 10
HARDEST_SHOWN = 12
MOST_CLASSES = 40  # rows of a confusion matrix that can still be read


def exhibits(
    predictions: Array, examples: Examples, classes: list[str], read: Input
) -> list[Exhibit]:
    """Errors by length and class, confusions, reliability, hardest examples; labels are known."""
    labels = examples.array("label")
    reliable = reliability(predictions, labels)
    if labels.ndim == 2:
        wrong = ((predictions >= 0.5) != (labels == 1)).any(axis=1)
        return [
            *by_length(wrong, examples, read),
            _by_label(predictions >= 0.5, labels == 1, classes),
            reliable,
            _hardest_sets(predictions, labels, examples, classes, read),
        ]
    wrong = predictions.argmax(axis=1) != labels
    made = [*by_length(wrong, examples, read), by_class(wrong, labels, classes)]
    if len(classes) <= MOST_CLASSES:
        made.append(confusion(predictions.argmax(axis=1), labels, classes))
    return [*made, reliable, hardest(predictions, labels, examples, classes, read)]


def by_length(wrong: np.ndarray, examples: Examples, read: Input) -> list[Exhibit]:
    """The share that is wrong by the length of what was read; nothing where all are as long."""
    lengths, unit = read.lengths_shown(examples)
    if lengths.min() == lengths.max():
        return []
    labels = (unit, "share wrong")
    return [binned("Errors by length", lengths, lambda rows: wrong[rows].mean(), labels)]


def by_class(wrong: np.ndarray, labels: np.ndarray, classes: list[str]) -> Exhibit:
    """The share of each class's examples that is wrong."""
    rows = [
        [name, int((labels == i).sum()), float(wrong[labels == i].mean())]
        for i, name in enumerate(classes)
        if (labels == i).any()
    ]
    return Exhibit(
        "table",
        "Errors by class",
        {"columns": ["class", "test examples", "share wrong"], "rows": rows},
    )


def confusion(predicted: np.ndarray, labels: np.ndarray, classes: list[str]) -> Exhibit:
    """How many examples of each class were taken for which."""
    counts = np.zeros((len(classes), len(classes)), dtype=int)
    np.add.at(counts, (labels, predicted), 1)
    return Exhibit(
        "matrix",
        "Confusions",
        {
            "rows": classes,
            "columns": classes,
            "values": counts.tolist(),
            "row_label": "true class",
            "column_label": "predicted class",
        },
    )


def reliability(predictions: Array, labels: np.ndarray) -> Exhibit:
    """How often predictions of one confidence are right (Guo et al., 2017)."""
    confidence, right = confidence_and_right(predictions, labels)
    confidence, right = confidence.ravel(), right.ravel()
    bins = np.clip(np.ceil(confidence * RELIABILITY_BINS) - 1, 0, RELIABILITY_BINS - 1)
    bin_rows = [bins == b for b in range(RELIABILITY_BINS) if (bins == b).any()]
    several = labels.ndim == 2
    return Exhibit(
        "curve",
        "Reliability",
        {
            "x_label": "confidence of a decision" if several else "probability of the prediction",
            "y_label": "share right",
            "x": [float(confidence[rows].mean()) for rows in bin_rows],
            "y": [float(right[rows].mean()) for rows in bin_rows],
            "count": [int(rows.sum()) for rows in bin_rows],
            "diagonal": True,
        },
        "Below the diagonal the contestant is surer than it should be, above it less sure.",
    )


def _by_label(chosen: np.ndarray, true: np.ndarray, classes: list[str]) -> Exhibit:
    """Of each of several labels: how often it is right where predicted, and found where true."""
    hits, predicted, given = ((chosen & true).sum(0), chosen.sum(0), true.sum(0))

    def share(number: int, whole: np.ndarray) -> float | None:
        return float(hits[number] / whole[number]) if whole[number] else None

    rows = [
        [name, int(given[i]), int(predicted[i]), share(i, predicted), share(i, given)]
        for i, name in enumerate(classes)
    ]
    columns = ["label", "test examples", "predicted", "precision", "recall"]
    return Exhibit("table", "Labels", {"columns": columns, "rows": rows})


def _hardest_sets(
    predictions: Array,
    labels: np.ndarray,
    examples: Examples,
    classes: list[str],
    read: Input,
) -> Exhibit:
    """Examples with several labels, those with the least probable true labels first."""
    names = np.asarray(classes, dtype=object)
    given = np.where(labels == 1, predictions, 1 - predictions)  # (n, L)
    items = [
        {
            **read.item(examples, int(row)),
            "target": ", ".join(names[labels[row] == 1]) or "none",
            "predicted": ", ".join(names[predictions[row] >= 0.5]) or "none",
            "score": float(given[row].min()),
        }
        for row in np.argsort(given.min(axis=1), kind="stable")[:HARDEST_SHOWN]
    ]
    note = (
        "Lowest probability of a right decision first, which stands in brackets; some of these"
        " labels may be wrong."
    )
    return Exhibit("examples", "Hardest test examples", {"items": items}, note)


def hardest(
    predictions: Array,
    labels: np.ndarray,
    examples: Examples,
    classes: list[str],
    read: Input,
) -> Exhibit:
    """Examples whose given label is the least probable."""
    given = predictions[np.arange(len(labels)), labels]
    items = [
        {
            **read.item(examples, int(row)),
            "target": classes[labels[row]],
            "predicted": classes[int(predictions[row].argmax())],
            "score": float(given[row]),
        }
        for row in np.argsort(given, kind="stable")[:HARDEST_SHOWN]
    ]
    note = (
        "Lowest probability of the given label first, which stands in brackets; some of these"
        " labels may be wrong."
    )
    kind: Literal["images", "examples"] = "images" if "pixels" in items[0] else "examples"
    return Exhibit(kind, f"Hardest test {kind}", {"items": items}, note)

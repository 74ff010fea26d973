"""What a report shows of a classifier: where it errs, what it confuses, what it finds hardest."""

from __future__ import annotations

import numpy as np

from seqlab.data.examples import Examples, Ragged
from seqlab.tasks.base import Exhibit, Predictions

BINS = 6
HARDEST = 12
SHOWN = 400  # characters of a text
MOST_CLASSES = 40  # rows of a confusion matrix that can still be read


def exhibits(predictions: Predictions, examples: Examples, classes: list[str]) -> list[Exhibit]:
    """Errors by length and class, confusions, hardest examples; labels must be known."""
    labels = np.asarray(examples.arrays["label"])
    wrong = predictions.argmax(axis=1) != labels
    made = [_by_length(wrong, examples), _by_class(wrong, labels, classes)]
    if len(classes) <= MOST_CLASSES:
        made.append(_confusion(predictions.argmax(axis=1), labels, classes))
    return [*made, _hardest(predictions, labels, examples, classes)]


def _by_length(wrong: np.ndarray, examples: Examples) -> Exhibit:
    tokens = examples.arrays["tokens"]
    assert isinstance(tokens, Ragged)
    lengths = tokens.lengths
    edges = np.unique(np.quantile(lengths, np.linspace(0, 1, BINS + 1)))
    bins = np.clip(np.searchsorted(edges, lengths, side="right") - 1, 0, max(len(edges) - 2, 0))
    found = [bins == b for b in range(max(len(edges) - 1, 1)) if (bins == b).any()]
    return Exhibit(
        "curve",
        "Errors by length",
        {
            "x_label": "tokens in the text",
            "y_label": "share wrong",
            "x": [float(np.median(lengths[rows])) for rows in found],
            "y": [float(wrong[rows].mean()) for rows in found],
            "count": [int(rows.sum()) for rows in found],
        },
    )


def _by_class(wrong: np.ndarray, labels: np.ndarray, classes: list[str]) -> Exhibit:
    rows = [
        [name, int((labels == i).sum()), float(wrong[labels == i].mean())]
        for i, name in enumerate(classes)
        if (labels == i).any()
    ]
    return Exhibit(
        "table", "Errors by class", {"columns": ["class", "test examples", "wrong"], "rows": rows}
    )


def _confusion(predicted: np.ndarray, labels: np.ndarray, classes: list[str]) -> Exhibit:
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


def _hardest(
    predictions: Predictions, labels: np.ndarray, examples: Examples, classes: list[str]
) -> Exhibit:
    given = predictions[np.arange(len(labels)), labels]
    items = [
        {
            "text": str(examples.frame["text"].iloc[row])[:SHOWN],
            "target": classes[labels[row]],
            "predicted": classes[int(predictions[row].argmax())],
            "score": float(given[row]),
        }
        for row in np.argsort(given, kind="stable")[:HARDEST]
    ]
    note = "Lowest probability of the given label first; some of these labels may be wrong."
    return Exhibit("examples", "Hardest test examples", {"items": items}, note)

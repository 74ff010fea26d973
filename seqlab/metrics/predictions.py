"""Predictions and targets in the shapes that the metrics read, checked once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seqlab.metrics.base import Array


def class_probabilities(predictions: Array, targets: Array) -> tuple[Array, NDArray[np.int64]]:
    """Probabilities (n, C) and integer classes (n,), as they are."""
    probabilities = np.asarray(predictions, dtype=np.float64)
    labels = np.asarray(targets)
    assert probabilities.ndim == 2, f"class probabilities must be (n, C), not {probabilities.shape}"
    assert labels.shape == probabilities.shape[:1], "one target for each example"
    classes = labels.astype(np.int64)
    assert np.array_equal(classes, labels), "targets must be whole numbers"
    assert ((classes >= 0) & (classes < probabilities.shape[1])).all(), "targets must be classes"
    return probabilities, classes


def is_multi_label(targets: Array) -> bool:
    """Whether targets say of every label whether it holds, (n, L), and not which one, (n,)."""
    return np.ndim(targets) == 2


def label_probabilities(predictions: Array, targets: Array) -> tuple[Array, Array]:
    """Probabilities and 0 or 1 of every label, (n, L) each."""
    probabilities = np.asarray(predictions, dtype=np.float64)
    true = np.asarray(targets, dtype=np.float64)
    assert probabilities.shape == true.shape, f"{probabilities.shape} and {true.shape}"
    assert np.isin(true, (0.0, 1.0)).all(), "targets must be 0 or 1"
    return probabilities, true


def label_sets(predictions: Array, targets: Array) -> tuple[Array, Array]:
    """Predicted and true labels as 0 or 1, (n, L) each; NaN where a probability is lost.

    A label of several is predicted from a probability of one half on; of classes that exclude
    each other, the most probable one.
    """
    if is_multi_label(targets):
        probabilities, true = label_probabilities(predictions, targets)
        chosen = (probabilities >= 0.5).astype(np.float64)
    else:
        probabilities, classes = class_probabilities(predictions, targets)
        identity = np.eye(probabilities.shape[1])
        chosen, true = identity[probabilities.argmax(axis=1)], identity[classes]
    return np.where(np.isnan(probabilities).any(axis=1, keepdims=True), np.nan, chosen), true


def confidence_and_right(predictions: Array, targets: Array) -> tuple[Array, Array]:
    """How sure each decision is and whether it is right, (n, decisions) each: one decision for
    classes that exclude each other, one a label otherwise.
    """
    if is_multi_label(targets):
        probabilities, true = label_probabilities(predictions, targets)
        right = (probabilities >= 0.5) == (true == 1)
        return np.maximum(probabilities, 1 - probabilities), right.astype(np.float64)
    probabilities, classes = class_probabilities(predictions, targets)
    right = probabilities.argmax(axis=1) == classes
    return probabilities.max(axis=1, keepdims=True), right[:, None].astype(np.float64)


def most_probable(probabilities: Array) -> Array:
    """The most probable class of each example, (n,); NaN where a probability is lost."""
    lost = np.isnan(probabilities).any(axis=1)
    return np.where(lost, np.nan, probabilities.argmax(axis=1))


def errors_and_known(predictions: Array, targets: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Prediction − target and whether the target is known, both (n, values of an example).

    Where the target is missing (NaN) the error is 0 and must not be counted.
    """
    predicted = np.asarray(predictions, dtype=np.float64)
    wanted = np.asarray(targets, dtype=np.float64)
    assert predicted.shape == wanted.shape, f"{predicted.shape} predicted, {wanted.shape} wanted"
    known = ~np.isnan(wanted)
    errors = np.where(known, predicted - np.where(known, wanted, 0.0), 0.0)
    return errors.reshape(len(errors), -1), known.reshape(len(errors), -1)


def total_and_count(values: Array, known: NDArray[np.bool_]) -> Array:
    """Per-example sums and counts of the known values, (n, 2)."""
    return np.stack([np.where(known, values, 0.0).sum(axis=1), known.sum(axis=1)], axis=1)

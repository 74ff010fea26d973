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

"""Logistic regression for any number of classes or labels, as weights and intercepts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

Array = NDArray[np.float64]
ITERATIONS = 300


def probabilities(logits: Array, multi_label: bool) -> Array:
    """(n, C) of logits (n, C), or (n, 1) for the second of two classes."""
    if multi_label:
        return np.asarray(1 / (1 + np.exp(-logits)))
    if logits.shape[1] == 1:
        second = 1 / (1 + np.exp(-logits))
        return np.concatenate([1 - second, second], axis=1)
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def one_label(x: Any, labels: Array, classes: int, strength: float) -> tuple[Array, Array]:
    """Logits' weights (C, features) and intercepts (C,), or one logit of the second of two.

    −∞ for a class that is not there.
    """
    model = LogisticRegression(C=strength, max_iter=ITERATIONS).fit(x, labels)
    coefficients, intercept = model.coef_, model.intercept_
    if classes == 2:
        return coefficients, intercept
    if len(model.classes_) == 2:  # the first has a logit of 0
        coefficients = np.concatenate([np.zeros_like(coefficients), coefficients])
        intercept = np.concatenate([[0.0], intercept])
    weights, intercepts = np.zeros((classes, x.shape[1])), np.full(classes, -np.inf)
    weights[model.classes_], intercepts[model.classes_] = coefficients, intercept
    return weights, intercepts


def each_label(x: Any, labels: Array, classes: int, strength: float) -> tuple[Array, Array]:
    """A logit of its own for each label, weights (L, features) and intercepts (L,)."""
    weights, intercepts = np.zeros((classes, x.shape[1])), np.zeros(classes)
    for number in range(classes):
        share = labels[:, number].mean()
        if 0 < share < 1:
            model = LogisticRegression(C=strength, max_iter=ITERATIONS).fit(x, labels[:, number])
            weights[number], intercepts[number] = model.coef_[0], model.intercept_[0]
        else:  # nothing to learn from: always, or never
            intercepts[number] = 20.0 if share else -20.0
    return weights, intercepts

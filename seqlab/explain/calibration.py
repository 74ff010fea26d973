"""How far probabilities can be trusted, when to abstain, and sets that hold the truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from seqlab.explain.intervals import Estimate
from seqlab.explain.proportions import wilson

Array = NDArray[np.float64]
BINS = 10
COVERAGE = 0.9  # of prediction sets
SMALLEST = 1e-12


@dataclass(frozen=True)
class Bin:
    """Answers of about one confidence, and how many of them are right."""

    low: float
    high: float
    answers: int
    confidence: float
    right: Estimate


def reliability(probabilities: Array, wanted: NDArray[np.int64]) -> list[Bin]:
    """Confidence against accuracy in ten bins, empty ones left out."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == wanted
    edges = np.linspace(0, 1, BINS + 1)
    places = np.clip(np.digitize(confidence, edges) - 1, 0, BINS - 1)
    return [
        Bin(
            float(edges[b]),
            float(edges[b + 1]),
            int((places == b).sum()),
            float(confidence[places == b].mean()),
            wilson(int(right[places == b].sum()), int((places == b).sum())),
        )
        for b in range(BINS)
        if (places == b).any()
    ]


@dataclass(frozen=True)
class Abstention:
    """Answering only from a confidence on. precision: wanted; reached: on the test part."""

    precision: float
    threshold: float
    answered: Estimate
    reached: Estimate

    @property
    def sentence(self) -> str:
        """In words."""
        wanted, answered = 100 * self.precision, 100 * self.answered.value
        if not np.isfinite(self.threshold):
            return f"no confidence gives {wanted:.0f} % precision on the validation part"
        return (
            f"at {wanted:.0f} % precision it answers {answered:.0f} %"
            f" (from a confidence of {self.threshold:.2f} on, chosen on the validation part; on the"
            f" test part {100 * self.reached.value:.1f} % of these answers are right)"
        )


def abstention(
    valid: tuple[Array, NDArray[np.int64]], test: tuple[Array, NDArray[np.int64]], precision: float
) -> Abstention:
    """The lowest threshold that reaches a precision on validation, and what it does on test."""
    confidence, right = _confidences(*valid)
    order = np.argsort(-confidence, kind="stable")
    reached = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    fits = np.flatnonzero(reached >= precision)
    threshold = float(confidence[order[fits[-1]]]) if len(fits) else float("inf")
    confidence, right = _confidences(*test)
    said = confidence >= threshold
    return Abstention(
        precision,
        threshold,
        wilson(int(said.sum()), len(said)),
        wilson(int(right[said].sum()), int(said.sum())),
    )


def _confidences(
    probabilities: Array, wanted: NDArray[np.int64]
) -> tuple[Array, NDArray[np.bool_]]:
    return probabilities.max(axis=1), probabilities.argmax(axis=1) == wanted


def temperature(probabilities: Array, wanted: NDArray[np.int64]) -> float:
    """What logits are to be divided by: Guo et al. (2017), On calibration of modern networks."""
    logits = np.log(probabilities.clip(SMALLEST))

    def loss(log_temperature: float) -> float:
        return float(
            -_log_softmax(logits / np.exp(log_temperature))[range(len(wanted)), wanted].mean()
        )

    found = minimize_scalar(loss, bounds=(-3, 3), method="bounded")
    return float(np.exp(found.x))


def scaled(probabilities: Array, by: float) -> Array:
    """Probabilities at a temperature."""
    return np.asarray(np.exp(_log_softmax(np.log(probabilities.clip(SMALLEST)) / by)))


def _log_softmax(logits: Array) -> Array:
    raised = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(raised - np.log(np.exp(raised).sum(axis=1, keepdims=True)))


@dataclass(frozen=True)
class PredictionSets:
    """Sets of classes that hold the true one in `coverage` of all cases.

    threshold: classes from this probability on are in the set. Split conformal prediction: Vovk et
    al. (2005); the score is 1 − the probability of the class.
    """

    coverage: float
    threshold: float
    covered: Estimate
    size: float

    @property
    def sentence(self) -> str:
        """In words."""
        return (
            f"sets of all classes from a probability of {self.threshold:.2f} on hold the true class"
            f" in {100 * self.covered.value:.1f} % of the test rows (95 %:"
            f" {100 * self.covered.low:.1f}–{100 * self.covered.high:.1f}; wanted"
            f" {100 * self.coverage:.0f}), {self.size:.2f} classes each on average"
        )


def prediction_sets(
    valid: tuple[Array, NDArray[np.int64]],
    test: tuple[Array, NDArray[np.int64]],
    coverage: float = COVERAGE,
) -> PredictionSets:
    """From the validation part, checked on the test part."""
    probabilities, wanted = valid
    strangeness = 1 - probabilities[np.arange(len(wanted)), wanted]
    level = min(1.0, np.ceil((len(wanted) + 1) * coverage) / len(wanted))
    limit = float(np.quantile(strangeness, level, method="higher"))
    probabilities, wanted = test
    inside = 1 - probabilities <= limit
    held = inside[np.arange(len(wanted)), wanted]
    return PredictionSets(
        coverage, 1 - limit, wilson(int(held.sum()), len(held)), float(inside.sum(axis=1).mean())
    )


@dataclass(frozen=True)
class NumberIntervals:
    """Predictions ± width, that hold the true number in `coverage` of all cases."""

    coverage: float
    width: float
    covered: Estimate

    @property
    def sentence(self) -> str:
        """In words."""
        return (
            f"the true number lies within ±{self.width:.4g} of the predicted one in"
            f" {100 * self.covered.value:.1f} % of the test rows (95 %:"
            f" {100 * self.covered.low:.1f}–{100 * self.covered.high:.1f}; wanted"
            f" {100 * self.coverage:.0f})"
        )


def number_intervals(
    valid: tuple[Array, Array], test: tuple[Array, Array], coverage: float = COVERAGE
) -> NumberIntervals:
    """Split conformal intervals by the absolute error, NaN left out."""
    away = np.abs(valid[0] - valid[1]).ravel()
    away = away[np.isfinite(away)]
    level = min(1.0, np.ceil((len(away) + 1) * coverage) / max(len(away), 1))
    width = float(np.quantile(away, level, method="higher"))
    there = np.abs(test[0] - test[1]).ravel()
    there = there[np.isfinite(there)]
    return NumberIntervals(coverage, width, wilson(int((there <= width).sum()), len(there)))

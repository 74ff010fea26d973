"""What a report shows of predicted numbers: against the truth, their residuals, the hardest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqlab.data.examples import Examples
from seqlab.tasks.base import Exhibit
from seqlab.tasks.exhibits.curves import binned
from seqlab.tasks.parts import Input

Array = NDArray[np.float64]

MOST_POINTS = 1500
BINS = 8
HARDEST_SHOWN = 12


@dataclass(frozen=True)
class Scale:
    """The targets' names, and the standard deviation of each in the training part."""

    names: tuple[str, ...]
    spread: Array


def exhibits(predicted: Array, examples: Examples, scale: Scale, read: Input) -> list[Exhibit]:
    """Per target a scatter and its residuals; then the examples that are furthest off."""
    wanted, names = examples.array("target"), scale.names
    made: list[Exhibit] = []
    for k, name in enumerate(names):
        known = ~np.isnan(wanted[:, k])
        if known.any():
            made += _target(name, predicted[known, k], wanted[known, k], len(names) > 1)
    return [*made, _hardest(predicted, wanted, examples, scale, read)]


def _target(name: str, predicted: Array, wanted: Array, several: bool) -> list[Exhibit]:
    suffix = f": {name}" if several else ""
    rows = np.arange(len(wanted))
    if len(rows) > MOST_POINTS:
        rows = np.sort(np.random.default_rng(0).choice(rows, MOST_POINTS, replace=False))
    scatter = Exhibit(
        "scatter",
        f"Predicted against true{suffix}",
        {
            "x_label": f"true {name}",
            "y_label": f"predicted {name}",
            "x": wanted[rows].tolist(),
            "y": predicted[rows].tolist(),
            "diagonal": True,
        },
        f"{len(rows):,} of {len(wanted):,} test examples." if len(rows) < len(wanted) else "",
    )
    away = wanted - predicted
    residuals = binned(
        f"Residuals by predicted value{suffix}",
        predicted,
        lambda rows: away[rows].mean(),
        (f"predicted {name}", "average of true − predicted"),
        note="Above 0 the predictions are too low there, below it too high.",
        bins=BINS,
    )
    return [scatter, residuals]


def _hardest(
    predicted: Array, wanted: Array, examples: Examples, scale: Scale, read: Input
) -> Exhibit:
    """Furthest off in standard deviations of the targets, those of all targets together."""
    off = np.nanmean(np.abs(predicted - wanted) / scale.spread, axis=1)
    items = [
        {
            **read.item(examples, int(row)),
            "target": _numbers(scale.names, wanted[row]),
            "predicted": _numbers(scale.names, predicted[row]),
            "score": float(off[row]),
        }
        for row in np.argsort(-off, kind="stable")[:HARDEST_SHOWN]
    ]
    note = (
        "Furthest from the given number first; in brackets, how far, in standard deviations of the"
        " training part."
    )
    return Exhibit("examples", "Hardest test examples", {"items": items}, note)


def _numbers(names: tuple[str, ...], values: Array) -> str:
    if len(names) == 1:
        return _number(values[0])
    return ", ".join(f"{name} {_number(v)}" for name, v in zip(names, values, strict=True))


def _number(value: float) -> str:
    return f"{value:.4g}".replace("-", "−")

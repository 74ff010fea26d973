"""Learning curves: per contestant the mean over its seeds, and a band from lowest to highest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqlab.report.figure import Figure, axis, band, line
from seqlab.report.stored import StoredStudy
from seqlab.runs import Run

Array = NDArray[np.float64]


MOST_BANDS = 6  # more would hide each other


@dataclass(frozen=True)
class Curve:
    """A quantity over training steps, reduced over seeds: all arrays are (points,)."""

    steps: Array
    mean: Array
    low: Array
    high: Array


def seed_curve(runs: Sequence[Run], quantity: str) -> Curve | None:
    """The quantity over steps as far as at least half of the seeds trained.

    Between its own evaluations a seed's curve is interpolated; outside them it has no value.
    """
    points = [_points(run, quantity) for run in runs if run.ok]
    points = [(x, y) for x, y in points if len(x)]
    if not points:
        return None
    steps = np.unique(np.concatenate([x for x, _ in points]))
    values = np.array([np.interp(steps, x, y, np.nan, np.nan) for x, y in points])
    enough = np.isfinite(values).sum(axis=0) * 2 >= len(points)
    values = values[:, enough]
    return Curve(
        steps[enough],
        np.nanmean(values, axis=0),
        np.nanmin(values, axis=0),
        np.nanmax(values, axis=0),
    )


def learning(study: StoredStudy, quantity: str, label: str) -> Figure | None:
    """One quantity of the histories over the training steps, all contestants together."""
    curves = {c.name: seed_curve(c.verdicts, quantity) for c in study.contestants}
    shown = [c for c in study.contestants if curves[c.name] is not None]
    if not shown:
        return None
    data = []
    for contestant in shown:
        curve = curves[contestant.name]
        assert curve is not None
        x = curve.steps.tolist()
        if contestant in shown[:MOST_BANDS] and (curve.high > curve.low).any():
            data.append(band(contestant, x, curve.low.tolist(), curve.high.tolist()))
        mode = "lines" if len(x) > 1 else "markers"
        hover = "%{y:.4g} at step %{x:,}"
        data.append(line(contestant, x, curve.mean.tolist(), mode=mode, hovertemplate=hover))
    return Figure(
        name=f"learning-{quantity.replace('_', '-')}",
        title=label,
        alt=f"{label} over training steps, a curve for each of " + ", ".join(c.name for c in shown),
        data=data,
        layout={
            "xaxis": axis("step", rangemode="tozero"),
            "yaxis": axis(label.lower()),
        },
        caption=f"Bands: the first {MOST_BANDS} only." if len(shown) > MOST_BANDS else "",
        legend=shown,
    )


def _points(run: Run, quantity: str) -> tuple[Array, Array]:
    records = [
        (record["step"], record[quantity])
        for record in run.history()
        if record.get("step") is not None and record.get(quantity) is not None
    ]
    table = np.array(sorted(records), dtype=np.float64).reshape(-1, 2)
    return table[:, 0], table[:, 1]

"""What tuning bought: the best of n trials to be expected, and how trials depend on the rate."""

from __future__ import annotations

import math

from seqlab.compare.tuning_curve import tuning_curve
from seqlab.report.figure import Figure, axis, line, markers
from seqlab.report.stored import Contestant, StoredStudy

FEWEST_TRIALS = 4  # from which "the best of so many" is a curve
MOST_TICKS = 12  # more whole numbers than these would not fit on a phone


def expected_best(study: StoredStudy) -> Figure | None:
    """Expected validation score of the best of n trials, for n up to half of those run."""
    curves = {
        contestant.name: tuning_curve(_scores(contestant), study.higher_is_better)
        for contestant in study.contestants
        if len(contestant.trials) >= FEWEST_TRIALS
    }
    shown = [c for c in study.contestants if math.isfinite(sum(curves.get(c.name, [math.nan])))]
    if not shown:
        return None
    most = max(len(curves[contestant.name]) // 2 for contestant in shown)
    data = []
    for contestant in shown:
        best = curves[contestant.name]
        budgets = list(range(1, max(1, len(best) // 2) + 1))
        data.append(
            line(
                contestant,
                budgets,
                best[: len(budgets)].tolist(),
                mode="lines+markers",
                marker=markers(contestant, 7),
                hovertemplate="%{y:.4g}, best of %{x}",
            )
        )
    return Figure(
        name="expected-best",
        title="Expected best of n trials",
        alt=f"Expected validation {study.metric} against the number of trials, a curve for each "
        f"of {', '.join(contestant.name for contestant in shown)}",
        data=data,
        layout={
            "xaxis": axis("trials") | ({"dtick": 1} if most <= MOST_TICKS else {}),
            "yaxis": axis(f"validation {study.metric}"),
        },
        caption="Shown up to half of the trials: for more, the mean would rest on too few.",
        legend=shown,
    )


def rates(study: StoredStudy) -> Figure | None:
    """Validation score of each trial against its learning rate."""
    points = {
        contestant.name: sorted(
            (float(run.result["learning_rate"]), float(run.result["valid"]))
            for run in contestant.trials
            if run.ok and run.result.get("learning_rate") and run.result.get("valid") is not None
        )
        for contestant in study.contestants
    }
    shown = [contestant for contestant in study.contestants if len(points[contestant.name]) > 1]
    if not shown:
        return None
    return Figure(
        name="rates",
        title="Every trial and its learning rate",
        alt=f"Validation {study.metric} of each trial against its learning rate, for each of "
        + ", ".join(contestant.name for contestant in shown),
        data=[
            line(
                contestant,
                [rate for rate, _ in points[contestant.name]],
                [score for _, score in points[contestant.name]],
                mode="lines+markers",
                marker=markers(contestant, 7),
                hovertemplate="%{y:.4g} at %{x:.3g}",
            )
            for contestant in shown
        ],
        layout={
            "xaxis": axis("learning rate", [rate for c in shown for rate, _ in points[c.name]]),
            "yaxis": axis(f"validation {study.metric}"),
        },
        caption="If the best trial lies at the end of the range, a wider range may be better.",
        legend=shown,
    )


def _scores(contestant: Contestant) -> list[float]:
    """Validation scores of all trials; one that failed is not a number."""
    values = [run.result.get("valid") if run.ok else None for run in contestant.trials]
    return [math.nan if value is None else float(value) for value in values]

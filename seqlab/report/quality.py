"""Quality as figures: every contestant's score with its interval, and quality against cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from seqlab.report.figure import Figure, axis, colour, markers, plain
from seqlab.report.numbers import decimals, fixed, significant
from seqlab.report.stored import Contestant, StoredStudy, scores

ROW_HEIGHT = 40


def places(study: StoredStudy) -> int:
    """Decimals of the primary metric: two digits of the narrowest interval's half-width."""
    return decimals(_half_width(contestant) for contestant in study.ranked)


def metric_label(study: StoredStudy) -> str:
    """The metric with its unit and direction, for an axis."""
    unit = study.settings.get("metric_unit")
    direction = "higher is better" if study.higher_is_better else "lower is better"
    return f"{study.metric}{f' ({unit})' if unit else ''} – {direction}"


def intervals(study: StoredStudy) -> Figure | None:
    """A dot and an interval per contestant, its seeds as small dots, the margin as a band."""
    ranked = [c for c in study.ranked if c.name not in study.trivial]
    if not ranked:
        return None
    digits = places(study)
    data: list[dict[str, Any]] = []
    for row, contestant in enumerate(ranked):
        seeds = scores(contestant.verdicts, study.metric)
        if len(seeds) > 1:
            data.append(_seeds(contestant, seeds.tolist(), row + 0.27, digits))
        data.append(mean_mark(contestant, row, digits))
    return Figure(
        name="intervals",
        title=f"{study.metric}, mean and interval",
        alt="Means and 95 % intervals: " + "; ".join(words(c, digits) for c in ranked),
        data=data,
        layout={
            "xaxis": {**axis(metric_label(study)), "zeroline": False},
            "yaxis": {
                "tickvals": list(range(len(ranked))),
                "ticktext": [plain(c.name, 16) for c in ranked],
                "range": [len(ranked) - 0.4, -0.6],
                "showgrid": False,
                "zeroline": False,
            },
            "shapes": margin_band(study),
        },
        caption="Large mark: mean; line: its 95 % interval; small dots: single seeds; grey: within "
        f"the margin of the {'highest' if study.higher_is_better else 'lowest'} mean.",
        height=80 + ROW_HEIGHT * len(ranked),
    )


def cost(study: StoredStudy, column: str, label: str, unit: str) -> Figure | None:
    """Quality against a cost, the Pareto front as a stepped line."""
    shown = [c for c in study.ranked if (c.number(column) or 0) > 0 and c.name not in study.trivial]
    if len(shown) < 2:
        return None
    digits = places(study)
    front = pareto(shown, column, study.higher_is_better)
    limit = _limit(study, column)
    data: list[dict[str, Any]] = [_front(front, column)] if len(front) > 1 else []
    for contestant in shown:
        price, mean = contestant.number(column), contestant.number("mean")
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": [price],
                "y": [mean],
                "error_y": _error(contestant),
                "marker": markers(contestant, 12),
                "name": plain(contestant.name),
                "legendgroup": plain(contestant.name),
                "hovertemplate": f"{fixed(mean, digits)} at {significant(price)} {unit}",
            }
        )
    names = ", ".join(c.name for c in front)
    return Figure(
        name=f"cost-{column.replace('_', '-')}",
        title=f"Against {label}",
        alt=f"{study.metric} against {label}; on the Pareto front: {names}",
        data=data,
        layout={
            "xaxis": axis(f"{label} ({unit})", [c.number(column) or 0 for c in shown]),
            "yaxis": axis(study.metric),
            "shapes": limit,
        },
        caption=f"On the Pareto front (nothing is both better and cheaper): {names}."
        + " Dotted: your limit." * bool(limit),
        legend=shown,
    )


def pareto(
    contestants: Sequence[Contestant], column: str, higher_is_better: bool
) -> list[Contestant]:
    """Those than which none has a better mean at no more cost, cheapest first."""
    sign = 1.0 if higher_is_better else -1.0

    def gain(contestant: Contestant) -> float:
        return sign * (contestant.number("mean") or 0.0)

    front: list[Contestant] = []
    for contestant in sorted(contestants, key=lambda c: (c.number(column) or 0.0, -gain(c))):
        if not front or gain(contestant) > gain(front[-1]):
            front.append(contestant)
    return front


def _seeds(contestant: Contestant, seeds: list[float], row: float, digits: int) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": seeds,
        "y": [row] * len(seeds),
        "marker": {"color": colour(contestant, 55), "size": 5},
        "name": plain(contestant.name),
        "hovertemplate": f"one seed: %{{x:.{digits}f}}",
    }


def mean_mark(contestant: Contestant, row: int, digits: int) -> dict[str, Any]:
    """A contestant's mean with its interval, in its row."""
    low, high = contestant.number("ci_low"), contestant.number("ci_high")
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [contestant.number("mean")],
        "y": [row],
        "error_x": _error(contestant),
        "marker": markers(contestant, 12),
        "name": plain(contestant.name),
        "hovertemplate": f"{fixed(contestant.number('mean'), digits)}, 95 % interval "
        f"{fixed(low, digits)} … {fixed(high, digits)}",
    }


def _error(contestant: Contestant) -> dict[str, Any]:
    mean, low, high = (contestant.number(name) for name in ("mean", "ci_low", "ci_high"))
    if mean is None or low is None or high is None:
        return {"visible": False}
    return {
        "type": "data",
        "array": [high - mean],
        "arrayminus": [mean - low],
        "symmetric": False,
        "color": colour(contestant),
        "thickness": 2,
        "width": 4,
    }


def _front(front: list[Contestant], column: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [c.number(column) for c in front],
        "y": [c.number("mean") for c in front],
        "line": {"color": "@muted", "width": 1.5, "dash": "dash", "shape": "hv"},
        "hoverinfo": "skip",
        "name": "Pareto front",
    }


def margin_band(study: StoredStudy) -> list[dict[str, Any]]:
    """What lies within the margin of the best mean, as a grey band."""
    means = [c.number("mean") or 0.0 for c in study.ranked]
    if study.margin is None or not means:
        return []
    best = max(means) if study.higher_is_better else min(means)
    edge = best - study.margin if study.higher_is_better else best + study.margin
    return [
        {
            "type": "rect",
            "x0": edge,
            "x1": best,
            "yref": "paper",
            "y0": 0,
            "y1": 1,
            "fillcolor": "@ink/8",
            "line": {"width": 0},
            "layer": "below",
        }
    ]


def _limit(study: StoredStudy, column: str) -> list[dict[str, Any]]:
    """The user's limit on a cost as a line."""
    limits = study.verdict.get("constraints") or {}
    limit = limits.get("max_latency_ms") if column == "latency_ms_p50" else None
    if limit is None:
        return []
    place = {"x0": limit, "x1": limit, "yref": "paper", "y0": 0, "y1": 1}
    return [{"type": "line", **place, "line": {"color": "@poor", "width": 1.5, "dash": "dot"}}]


def _half_width(contestant: Contestant) -> float | None:
    low, high = contestant.number("ci_low"), contestant.number("ci_high")
    return None if low is None or high is None else (high - low) / 2


def words(contestant: Contestant, digits: int) -> str:
    """A mean and its interval for those who do not see the figure."""
    mean, low, high = (
        fixed(contestant.number(name), digits) for name in ("mean", "ci_low", "ci_high")
    )
    return f"{contestant.name} {mean} ({low} to {high})"

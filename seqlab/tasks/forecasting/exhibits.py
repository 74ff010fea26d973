"""What a report shows of forecasts: error by step and by series, drawn forecasts, residuals."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab import registry
from seqlab.data.examples import Examples
from seqlab.metrics.base import Metric
from seqlab.tasks.base import Exhibit, Predictions
from seqlab.tasks.forecasting.examples import grid, origins, series_of, starts

if TYPE_CHECKING:
    from seqlab.tasks.forecast import Forecast

Array = NDArray[np.float64]
MOST_ROWS = 20  # of a table
MOST_STEPS = 48  # points of the curve by step
MOST_POINTS = 200  # of drawn history
SPREAD, WORST = 3, 3  # forecasts drawn: evenly chosen, and those with the largest errors


def draw(task: Forecast, predictions: Predictions, examples: Examples) -> list[Exhibit]:
    """All exhibits, in the order in which a report shows them."""
    metric: Metric = registry.load("metrics", task.metrics[0])()
    predicted, wanted = task.on_scale(metric.space, predictions, examples)
    return [
        _by_step(metric, predicted, wanted),
        _by_series(task, metric, predicted, wanted, examples),
        _drawn(task, metric, predictions, examples),
        _residuals(task, predictions, examples),
    ]


def _by_step(metric: Metric, predicted: Array, wanted: Array) -> Exhibit:
    H = wanted.shape[1]
    edges = np.unique(np.linspace(0, H, min(H, MOST_STEPS) + 1).round().astype(int))
    spans = list(pairwise(edges))
    values = [metric.value(metric.collect(predicted[:, a:b], wanted[:, a:b])) for a, b in spans]
    counts = [int((~np.isnan(wanted[:, a:b])).sum()) for a, b in spans]
    data = {
        "x_label": "steps ahead",
        "y_label": metric.name,
        "x": [int(b) for _, b in spans],
        "y": values,
        "count": counts,
    }
    return Exhibit("curve", "Error by step ahead", data)


def _by_series(
    task: Forecast, metric: Metric, predicted: Array, wanted: Array, examples: Examples
) -> Exhibit:
    """One row for each series and target, the largest errors first."""
    series = series_of(examples)
    names = examples.frame["unique_id"].astype("str").to_numpy()
    targets = task.fitted.layout.targets
    order = np.argsort(series, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(series[order])) + 1)
    rows: list[list[Any]] = []
    for c, target in enumerate(targets):
        statistics = metric.collect(predicted[:, :, c : c + 1], wanted[:, :, c : c + 1])
        known = (~np.isnan(wanted[:, :, c])).sum(axis=1)
        for windows in members:
            label = target if len(task.fitted.series) == 1 else names[windows[0]]
            label += f" · {target}" if len(targets) > 1 and label != target else ""
            rows.append([label, metric.value(statistics[windows]), int(known[windows].sum())])
    rows.sort(key=lambda row: (np.isnan(row[1]), -row[1]))
    note = f"the {MOST_ROWS} largest of {len(rows)}" if len(rows) > MOST_ROWS else ""
    data = {"columns": ["series", metric.name, "targets"], "rows": rows[:MOST_ROWS]}
    return Exhibit("table", "Error by series", data, note)


def _drawn(task: Forecast, metric: Metric, predictions: Predictions, examples: Examples) -> Exhibit:
    predicted, wanted = task.on_scale(metric.space, predictions, examples)
    statistics = metric.collect(predicted, wanted)
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.nan_to_num(statistics[:, 0] / statistics[:, 1])
    even = np.linspace(0, len(examples) - 1, min(SPREAD, len(examples))).round().astype(int)
    items = [_item(task, predictions, examples, i, 0) for i in np.unique(even)]
    for i in _worst(error, examples, even):
        c = int(np.nan_to_num(np.abs(predicted[i] - wanted[i])).mean(axis=0).argmax())
        items.append(_item(task, predictions, examples, i, c, " (among the largest errors)"))
    return Exhibit("series", "Forecasts", {"items": items})


def _worst(error: Array, examples: Examples, drawn: NDArray[np.int64]) -> list[int]:
    """The windows with the largest errors, none from a block that is drawn already."""
    blocks = np.arange(len(error)) if examples.blocks is None else examples.blocks
    used = set(blocks[drawn].tolist())
    worst: list[int] = []
    for i in np.argsort(-error):
        if blocks[i] not in used and len(worst) < WORST:
            used.add(blocks[i])
            worst.append(int(i))
    return worst


def _item(
    task: Forecast,
    predictions: Predictions,
    examples: Examples,
    i: int,
    c: int,
    remark: str = "",
) -> dict[str, Any]:
    """One window of one target, with its history, in the data's own units."""
    geometry, moments = task.fitted.geometry, grid(examples, task.fitted).moments
    steps = min(geometry.lookback, max(2 * geometry.horizon, 2 * geometry.season))
    origin, start = int(origins(examples)[i]), int(starts(examples)[i])
    thin = max(1, -(-steps // MOST_POINTS))
    before = np.arange(origin - steps, origin)[(steps - 1) % thin :: thin]
    ahead = np.arange(origin, origin + geometry.horizon)
    dates = _labels(moments(ahead + start))
    values = np.asarray(examples.shared["targets"], dtype=np.float64)[:, c]
    target, name = task.fitted.layout.targets[c], str(examples.frame["unique_id"].iloc[i])
    title = target if len(task.fitted.series) == 1 else f"{name}, {target}"
    return {
        "title": f"{title} from {dates[0]}{remark}",
        "history": {"x": _labels(moments(before + start)), "y": _numbers(values[before])},
        "target": {"x": dates, "y": _numbers(values[ahead])},
        "predicted": {"x": dates, "y": _numbers(np.asarray(predictions)[i, :, c])},
    }


def _residuals(task: Forecast, predictions: Predictions, examples: Examples) -> Exhibit:
    """Prediction minus truth by target, in the data's own units."""
    away = np.asarray(predictions, dtype=np.float64) - task.truth(examples)
    rows: list[list[Any]] = []
    for c, target in enumerate(task.fitted.layout.targets[:MOST_ROWS]):
        for label, part in (("", away[:, :, c]), (" (first step)", away[:, 0, c])):
            known = part[~np.isnan(part)]
            if len(known):
                low, middle, high = np.quantile(known, (0.05, 0.5, 0.95))
                rows.append(
                    [target + label, *map(float, (known.mean(), known.std(), low, middle, high))]
                )
    columns = ["target", "bias", "spread", "5 %", "median", "95 %"]
    note = "prediction minus truth, in the data's own units"
    return Exhibit("table", "Residuals", {"columns": columns, "rows": rows}, note)


def _labels(moments: NDArray[np.generic]) -> list[Any]:
    if not np.issubdtype(moments.dtype, np.datetime64):
        return [int(step) for step in moments]
    return [str(pd.Timestamp(moment)).removesuffix(" 00:00:00") for moment in moments]


def _numbers(values: Array) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]

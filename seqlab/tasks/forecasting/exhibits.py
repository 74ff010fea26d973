"""What a report shows of forecasts: error by step and by series, drawn forecasts, residuals."""

from __future__ import annotations

import warnings
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab import registry
from seqlab.data.examples import Examples
from seqlab.metrics.base import Metric
from seqlab.tasks.base import Exhibit, Predictions, as_array
from seqlab.tasks.forecasting.examples import grid, origins, series_of, starts
from seqlab.tasks.forecasting.options import MEDIAN_LEVEL

if TYPE_CHECKING:
    from seqlab.tasks.forecast import Forecast

Array = NDArray[np.float64]
MOST_ROWS = 20  # of a table
MOST_STEPS = 48  # points of the curve by step
MOST_HORIZON_ROWS = 8  # rows of residuals along the horizon
MOST_HISTORY_POINTS = 200  # of drawn history
SPREAD_SHOWN = 3  # forecasts, evenly chosen
WORST_SHOWN = 3  # forecasts, those with the largest errors


def draw(task: Forecast, predictions: Predictions, examples: Examples) -> list[Exhibit]:
    """All exhibits, in the order in which a report shows them."""
    metric: Metric = registry.load("metrics", task.metrics[0])()
    predicted, wanted = task.on_scale(metric.space, predictions, examples)
    return [
        _by_step(task, metric, predicted, wanted, "Error by step ahead"),
        *_coverage(task, predicted, wanted),
        _bias(task, predictions, examples),
        _by_series(task, metric, predicted, wanted, examples),
        _drawn(task, metric, predictions, examples),
        _residuals(task, predictions, examples),
        _residuals_by_step(task, predictions, examples),
    ]


def _by_step(
    task: Forecast, metric: Metric, predicted: Array, wanted: Array, title: str, note: str = ""
) -> Exhibit:
    spans = _spans(wanted.shape[1], MOST_STEPS)
    values = [
        metric.value(task.collect(metric, predicted[:, a:b], wanted[:, a:b])) for a, b in spans
    ]
    return _curve(spans, metric.name, values, wanted, title, note)


def _coverage(task: Forecast, predicted: Array, wanted: Array) -> list[Exhibit]:
    """Whether the intervals hold what they promise, step by step."""
    if predicted.ndim == wanted.ndim:
        return []
    levels = task.fitted.quantiles
    note = f"the share that should lie in the widest interval: {levels[-1] - levels[0]:.0%}"
    metric: Metric = registry.load("metrics", "coverage")()
    return [_by_step(task, metric, predicted, wanted, "Coverage by step ahead", note)]


def _bias(task: Forecast, predictions: Predictions, examples: Examples) -> Exhibit:
    """The mean residual of each step: whether forecasts drift up or down along the horizon."""
    away, wanted = _standard_residuals(task, predictions, examples)
    spans = _spans(wanted.shape[1], MOST_STEPS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a step without any target
        values = [float(np.nanmean(away[:, a:b])) for a, b in spans]
    note = "mean of prediction minus truth, in standard deviations of each series"
    return _curve(spans, "bias", values, wanted, "Residuals by step ahead", note)


def _curve(
    spans: list[tuple[int, int]],
    label: str,
    values: list[float],
    wanted: Array,
    title: str,
    note: str,
) -> Exhibit:
    data = {
        "x_label": "steps ahead",
        "y_label": label,
        "x": [int(b) for _, b in spans],
        "y": values,
        "count": [int((~np.isnan(wanted[:, a:b])).sum()) for a, b in spans],
    }
    return Exhibit("curve", title, data, note)


def _spans(steps: int, most: int) -> list[tuple[int, int]]:
    """The horizon in `most` spans of about one length, or step by step."""
    edges = np.unique(np.linspace(0, steps, min(steps, most) + 1).round().astype(int))
    return [(int(a), int(b)) for a, b in pairwise(edges)]


def _standard_residuals(
    task: Forecast, predictions: Predictions, examples: Examples
) -> tuple[Array, Array]:
    """Prediction minus truth, NaN where it is not known, and the truth; standardised."""
    predicted, wanted = task.on_scale("standard", task.middle(predictions), examples)
    return predicted - wanted, wanted


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
        statistics = task.collect(metric, predicted[:, :, c : c + 1], wanted[:, :, c : c + 1])
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
    statistics = task.collect(metric, predicted, wanted)
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.nan_to_num(statistics[:, 0] / statistics[:, 1])
    middle = task.middle(predicted)
    even = np.linspace(0, len(examples) - 1, min(SPREAD_SHOWN, len(examples))).round().astype(int)
    items = [_item(task, predictions, examples, i, 0) for i in np.unique(even)]
    for i in _worst(error, examples, even):
        c = int(np.nan_to_num(np.abs(middle[i] - wanted[i])).mean(axis=0).argmax())
        items.append(_item(task, predictions, examples, i, c, " (among the largest errors)"))
    return Exhibit("series", "Forecasts", {"items": items})


def _worst(error: Array, examples: Examples, drawn: NDArray[np.int64]) -> list[int]:
    """The windows with the largest errors, none from a block that is drawn already."""
    blocks = np.arange(len(error)) if examples.blocks is None else examples.blocks
    used = set(blocks[drawn].tolist())
    worst: list[int] = []
    for i in np.argsort(-error):
        if blocks[i] not in used and len(worst) < WORST_SHOWN:
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
    thin = max(1, -(-steps // MOST_HISTORY_POINTS))
    before = np.arange(origin - steps, origin)[(steps - 1) % thin :: thin]
    ahead = np.arange(origin, origin + geometry.horizon)
    dates = _labels(moments(ahead + start))
    values = np.asarray(examples.shared["targets"], dtype=np.float64)[:, c]
    target, name = task.fitted.layout.targets[c], str(examples.frame["unique_id"].iloc[i])
    title = target if len(task.fitted.series) == 1 else f"{name}, {target}"
    return {
        "title": f"{title} from {dates[0]}{remark}",
        "y_label": target,
        "history": {"x": _labels(moments(before + start)), "y": _numbers(values[before])},
        "target": {"x": dates, "y": _numbers(values[ahead])},
        "predicted": {"x": dates, **_forecast(task, as_array(predictions)[i, :, c])},
    }


def _forecast(task: Forecast, values: Array) -> dict[str, list[float | None]]:
    """What is drawn of (horizon,) or (horizon, quantiles): the line, and the widest interval."""
    if values.ndim == 1:
        return {"y": _numbers(values)}
    middle = values[:, task.fitted.quantiles.index(MEDIAN_LEVEL)]
    return {
        "y": _numbers(middle),
        "low": _numbers(values[:, 0]),
        "high": _numbers(values[:, -1]),
    }


def _residuals(task: Forecast, predictions: Predictions, examples: Examples) -> Exhibit:
    """Prediction minus truth by target, in the data's own units."""
    away = task.middle(predictions) - task.truth(examples)
    targets = task.fitted.layout.targets[:MOST_ROWS]
    parts = {target: away[:, :, c] for c, target in enumerate(targets)}
    note = "prediction minus truth, in the data's own units"
    return _spread("target", parts, "Residuals", note)


def _residuals_by_step(task: Forecast, predictions: Predictions, examples: Examples) -> Exhibit:
    """The same along the horizon, of all series together, standardised."""
    away, wanted = _standard_residuals(task, predictions, examples)
    spans = _spans(wanted.shape[1], MOST_HORIZON_ROWS)
    parts = {f"{a + 1}–{b}" if b > a + 1 else str(b): away[:, a:b] for a, b in spans}
    note = "prediction minus truth, in standard deviations of each series"
    return _spread("steps ahead", parts, "Residuals along the horizon", note)


def _spread(what: str, parts: dict[str, Array], title: str, note: str) -> Exhibit:
    """A row for each part of the residuals: how they lie."""
    rows: list[list[Any]] = []
    for label, part in parts.items():
        known = part[~np.isnan(part)]
        if len(known):
            low, middle, high = np.quantile(known, (0.05, 0.5, 0.95))
            rows.append([label, *map(float, (known.mean(), known.std(), low, middle, high))])
    columns = [what, "bias", "spread", "5 %", "median", "95 %"]
    return Exhibit("table", title, {"columns": columns, "rows": rows}, note)


def _labels(moments: NDArray[np.generic]) -> list[Any]:
    if not np.issubdtype(moments.dtype, np.datetime64):
        return [int(step) for step in moments]
    return [str(pd.Timestamp(moment)).removesuffix(" 00:00:00") for moment in moments]


def _numbers(values: Array) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]

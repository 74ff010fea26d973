"""The data doctor of forecasts: what is in the series, what will go wrong, what to do about it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab import registry
from seqlab.data.columns import aliases, names_time, normalised
from seqlab.data.examples import Examples
from seqlab.data.findings import Finding
from seqlab.data.moments.forms import can_be_moments
from seqlab.data.table import Table
from seqlab.data.unused import unused_findings
from seqlab.errors import UserError
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.forecasting import naive
from seqlab.tasks.forecasting.examples import future, scale
from seqlab.tasks.forecasting.fitted import Fitted
from seqlab.tasks.forecasting.layout import Layout
from seqlab.tasks.forecasting.panel import Panel
from seqlab.tasks.forecasting.preparation import PreparedPanel, fit, read
from seqlab.tasks.forecasting.scaling import sums
from seqlab.tasks.forecasting.seasonality import WEAK_STRENGTH, sample, strengths

MISSING_SHARE = 0.05  # share of missing values that deserves a word
EXTREME_RANGES = 15.0  # distances between the quartiles, from which a value is suspect
FEW_BLOCKS = 10
QUICK_WINDOWS = 500  # windows scored in the quick check
FILLED_NOTE = "models read the last known value and are told so; losses and metrics skip it"


def examine(sources: Sources, spec: DataSpec) -> list[Finding]:
    """All findings, the guesses first; a user's error becomes the one finding that matters."""
    try:
        prepared = read(sources, spec)[-1]
        return findings_of(sources.train, prepared, *fit(prepared, spec))
    except UserError as error:
        return [Finding("error", error.message, "", error.hint)]


def findings_of(
    train: Table,
    prepared: PreparedPanel,
    fitted: Fitted,
    parts: list[Examples],
    card: dict[str, Any],
) -> list[Finding]:
    """All findings on a panel and what was fitted on it."""
    panel = prepared.panel
    return [
        Finding("info", "How the data are read", "; ".join(prepared.notes)),
        *_unread_moments(train, prepared.layout),
        _size(panel, prepared.layout),
        *_grid(panel),
        *_missing(panel),
        *_short(prepared),
        *_constant(panel, prepared),
        *_extreme(panel, prepared.layout),
        _components(prepared),
        *_drift(panel, fitted, prepared),
        *_windows(card),
        _bar(fitted, parts[1]),
        *_unused(train, prepared.layout),
    ]


def _unread_moments(table: Table, layout: Layout) -> list[Finding]:
    """Columns that are named as times and hold none that can be read, where steps are counted."""
    if layout.time or layout.by_row:
        return []
    frame = table.frame
    words = [
        name
        for name in map(str, frame.columns)
        if (names_time(name) or normalised(name) in aliases("time"))
        and not pd.api.types.is_numeric_dtype(frame[name].dtype)
        and not can_be_moments(frame[name])
        and frame[name].notna().any()
    ]
    return [
        Finding(
            "warning",
            f'column "{name}" is named as a time, but its cells cannot be read as moments',
            f'such as "{frame[name].dropna().iloc[0]}"; the steps are counted',
            f"if they are moments: --columns time={name} --set options.time_format=%d.%m.%Y (or as"
            " they are written)",
        )
        for name in words[:1]
    ]


def _unused(table: Table, layout: Layout) -> list[Finding]:
    """Columns without a role, where not every column is a step of a series."""
    if layout.by_row:
        return []  # what else stands in the rows is said with how they are read
    inputs = (*layout.covariates, *layout.known, *layout.static)
    step = () if layout.step is None else (layout.step,)
    return unused_findings(
        table.frame, (*layout.time, *step, *layout.series, *layout.targets, *inputs, "split")
    )


def _size(panel: Panel, layout: Layout) -> Finding:
    lengths = panel.lengths
    count = f"{len(panel)} series" if len(panel) > 1 else "one series"
    channels = f" of {len(panel.targets)} channels" if len(panel.targets) > 1 else ""
    shortest, longest = int(lengths.min()), int(lengths.max())
    steps = f"{longest}" if shortest == longest else f"{shortest} to {longest}"
    title = f"{count}{channels}, {steps} steps of {panel.frequency}"
    detail = ""
    if panel.frequency.dated:
        ends = panel.frequency.moments(
            np.array([panel.first.min(), (panel.first + lengths).max() - 1])
        )
        detail = f"from {layout.iso(ends[0])} to {layout.iso(ends[1])}"
    return Finding("info", title, detail)


def _grid(panel: Panel) -> list[Finding]:
    """Steps that are not there, and rows that are not on a step."""
    findings = []
    if panel.gaps:
        share = panel.gaps / len(panel.values)
        findings.append(
            Finding(
                "warning" if share > MISSING_SHARE else "info",
                f"{panel.gaps} gaps in time ({share:.1%} of the steps)",
                "the dates of these steps are not in the data",
                FILLED_NOTE,
            )
        )
    if panel.moved:
        findings.append(
            Finding(
                "warning",
                f"irregular steps: {panel.moved} rows moved to the nearest step"
                f" of {panel.frequency}",
                advice="resample the data yourself if that is not what they mean",
            )
        )
    return findings


def _missing(panel: Panel) -> list[Finding]:
    """Values that are not there: in all, by channel, by series."""
    findings = []
    known = panel.known
    share = 1 - known.mean()
    if share > panel.gaps / len(panel.values):
        by_channel = 1 - known.mean(axis=0)
        worst = int(by_channel.argmax())
        findings.append(
            Finding(
                "warning" if share > MISSING_SHARE else "info",
                f"{share:.1%} of the values are missing",
                f'most in "{panel.targets[worst]}" ({by_channel[worst]:.1%})',
                FILLED_NOTE,
            )
        )
    counts = np.bincount(panel.owners(), known.mean(axis=1), minlength=len(panel))
    sparse = np.flatnonzero(counts < 0.5 * panel.lengths)
    if len(sparse) and len(panel) > 1:
        findings.append(
            Finding(
                "warning",
                f"{len(sparse)} series are missing more than half of their values",
                _named([panel.series[s] for s in sparse]),
                "leave them out unless their forecasts matter",
            )
        )
    return findings


def _short(prepared: PreparedPanel) -> list[Finding]:
    """Series that are left out."""
    geometry, empty = prepared.geometry, prepared.panel.empty
    findings = []
    if prepared.dropped:
        findings.append(
            Finding(
                "warning",
                f"{len(prepared.dropped)} series are too short and left out",
                _named(prepared.dropped),
                f"they have fewer than {geometry.lookback + geometry.horizon} steps"
                f" (look-back {geometry.lookback} + horizon {geometry.horizon}):"
                " choose a smaller --lookback to keep them",
            )
        )
    if empty:
        findings.append(
            Finding(
                "warning", f"{len(empty)} series have no values and are left out", _named(empty)
            )
        )
    return findings


def _constant(panel: Panel, prepared: PreparedPanel) -> list[Finding]:
    """Targets that never change in the training part."""
    C = len(panel.targets)
    owners = panel.owners()
    used = np.arange(len(panel.values)) - panel.offsets[owners] < prepared.parts.ends[owners, 0]
    low, high = np.full((len(panel), C), np.inf), np.full((len(panel), C), -np.inf)
    values = panel.values[used, :C]
    np.fmin.at(low, owners[used], values)
    np.fmax.at(high, owners[used], values)
    constant = [
        panel.series[s]
        if C == 1
        else panel.targets[c]
        if len(panel) == 1
        else f"{panel.series[s]} · {panel.targets[c]}"
        for s, c in np.argwhere(low == high)
    ]
    if not constant:
        return []
    return [
        Finding(
            "warning",
            f"{len(constant)} series never change in the training part",
            _named(constant),
            "scaled errors leave them out; remove them if they tell nothing",
        )
    ]


def _extreme(panel: Panel, layout: Layout) -> list[Finding]:
    """Values far outside the quartiles of their series."""
    extremes, where = 0, ""
    for s in range(min(len(panel), 2000)):
        part = panel.values[panel.offsets[s] : panel.offsets[s + 1], : len(panel.targets)]
        low, high = _quartiles(part)
        far = np.maximum(part - high, low - part) > EXTREME_RANGES * (high - low)
        far &= (high > low)[None]
        if far.any() and not where:
            row, c = np.argwhere(far)[0]
            moment = panel.moments(np.array([s]), np.array([panel.offsets[s] + row]))[0]
            where = f'first: {panel.targets[c]} = {part[row, c]:g} in "{panel.series[s]}"'
            where += f" at {layout.iso(moment)}"
        extremes += int(far.sum())
    if not extremes:
        return []
    return [
        Finding(
            "warning",
            f"{extremes} extreme values, more than {EXTREME_RANGES:g} interquartile ranges away",
            where,
            "check them: a typing error weighs heavily in squared errors, less with --metric mae",
        )
    ]


def _quartiles(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The lower and the upper quartile of each channel (steps, channels), gaps left out.

    NumPy's own goes channel by channel where there are gaps, and there may be thousands.
    """
    ordered = np.sort(values, axis=0)  # gaps come last
    last = np.maximum((~np.isnan(values)).sum(axis=0) - 1, 0)  # a channel of gaps has NaN there
    rows, columns = np.array([[0.25], [0.75]]) * last, np.arange(values.shape[1])
    below = np.floor(rows).astype(np.int64)
    first, second = ordered[below, columns], ordered[np.minimum(below + 1, last), columns]
    low, high = first + (rows - below) * (second - first)
    return low, high


def _components(prepared: PreparedPanel) -> Finding:
    season = prepared.geometry.season
    seasonal, trend = strengths(sample(prepared.panel, prepared.parts.ends[:, 0]), season)
    words = f"season of {season} steps: strength {seasonal:.2f}; " if season > 1 else ""
    return Finding(
        "info",
        f"{words}trend: strength {trend:.2f} (0 none, 1 all)",
        advice=""
        if season == 1 or seasonal >= WEAK_STRENGTH
        else "a weak season: is --season right?",
    )


def _drift(panel: Panel, fitted: Fitted, prepared: PreparedPanel) -> list[Finding]:
    """Whether the test part lies on another level than the training part."""
    C = len(panel.targets)
    begin, _ = prepared.parts.span(2)
    owners = panel.owners()
    within = np.arange(len(panel.values)) - panel.offsets[owners]
    late = (within >= begin[owners])[:, None] & panel.known
    mean, std = fitted.scales.mean[owners, :C], fitted.scales.std[owners, :C]
    standard = np.where(late, (panel.values[:, :C] - mean) / std, 0.0)
    counts = sums(late.astype(np.float64), owners, len(panel))
    level = np.abs(sums(standard, owners, len(panel)) / np.maximum(counts, 1))
    moved = (level > 1.5) & (counts > 0)
    if not moved.any():
        return []
    return [
        Finding(
            "warning",
            f"{moved.sum()} of {(counts > 0).sum()} series lie on another level in the test part",
            f"their means moved by up to {level[moved].max():.1f} standard deviations",
            "instance normalisation (on by default) is made for this; keep it on",
        )
    ]


def _windows(card: dict[str, Any]) -> list[Finding]:
    parts = card["parts"]
    words = [
        f"{name}: {part['windows']}"
        + (f" (every {part['stride']} steps)" if part["stride"] > 1 else "")
        + f", {part['from']} to {part['to']}"
        for name, part in parts.items()
    ]
    findings = [Finding("info", "Windows in each part", "; ".join(words))]
    blocks = parts["test"]["blocks"]
    if blocks < FEW_BLOCKS:
        findings.append(
            Finding(
                "warning",
                f"stretches of the test part that do not overlap: only {blocks}",
                "so few can hardly tell contestants apart",
                "give longer series, a larger test share (--split 50/20/30),"
                " or a smaller --horizon",
            )
        )
    return findings


def _bar(fitted: Fitted, valid: Examples) -> Finding:
    """How good forecasts without learning are, on the validation part."""
    chosen = np.unique(np.linspace(0, len(valid) - 1, min(QUICK_WINDOWS, len(valid))).astype(int))
    windows, C = valid.take(chosen), fitted.channels
    metric = registry.load("metrics", "mase")()
    unit = scale("naive", windows, C)
    truth = future("targets", windows, fitted.geometry.horizon) / unit
    values = {
        name: metric.value(metric.collect(forecast(windows, fitted.geometry, C) / unit, truth))
        for name, forecast in (("last value", naive.last_value), ("seasonal naive", naive.seasonal))
    }
    best = min(values, key=lambda name: values[name])
    said = ", ".join(f"{name} {value:.2f}" for name, value in values.items())
    return Finding(
        "info",
        f"The bar to beat: {best}",
        f"scaled errors on the validation part: {said}"
        " (1 is the one-season-ahead naive error of the training part)",
        "a model must stay below this to be worth its cost",
    )


def _named(names: list[str] | tuple[str, ...], most: int = 8) -> str:
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")

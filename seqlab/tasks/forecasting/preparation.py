"""From tables to fitted parts: layout, panel, split, settings, scales, windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab import registry
from seqlab.data.examples import Examples
from seqlab.data.table import Table
from seqlab.errors import UserError, unknown
from seqlab.metrics.base import metrics_of
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.forecasting import settings
from seqlab.tasks.forecasting.examples import examples_of, shared_arrays
from seqlab.tasks.forecasting.fitted import Fitted
from seqlab.tasks.forecasting.frequency import cycles_within
from seqlab.tasks.forecasting.layout import Layout, called, observe, read_layout
from seqlab.tasks.forecasting.options import read_options
from seqlab.tasks.forecasting.panel import Panel, build_panel
from seqlab.tasks.forecasting.scaling import fit_scales, static_scales
from seqlab.tasks.forecasting.windows import (
    PART_NAMES,
    Geometry,
    PartEnds,
    Windows,
    cut,
    cut_folds,
    window_part,
)

METRICS = ("mse", "mae", "mase", "smape", "rmse")
QUANTILE_METRICS = ("crps", "pinball", "coverage")
# The most channel-windows of each part: beyond, origins lie further apart, and the card says so.
# Training wants variety; validation is scored many times; the test part decides.
MOST_WINDOWS = (60_000, 5_000, 25_000)


@dataclass(frozen=True)
class PreparedPanel:
    """A panel with all that was settled before windows are cut: one for each fold."""

    layout: Layout
    panel: Panel
    parts: PartEnds
    geometry: Geometry
    metrics: tuple[str, ...]
    notes: tuple[str, ...]
    dropped: tuple[str, ...]


def read(sources: Sources, spec: DataSpec) -> list[PreparedPanel]:
    """Tables to panels with settings, one for each fold; all user errors come from here."""
    settings.check_settings(spec)
    read_options(spec.options)
    train, *later = _tables(sources)
    given = [table for table in later if table is not None]
    layout = read_layout(train, spec.columns, given, read_options(spec.options))
    rest = [None if table is None else observe(table, layout) for table in later]
    panel = build_panel([observe(train, layout), *rest], layout)
    season, season_note = settings.choose_season(panel, spec)
    horizon, horizon_note = settings.choose_horizon(panel, spec, season)
    notes = (*layout.notes, *_moments_note(panel, layout), season_note, horizon_note)
    readings = []
    for fold in _cuts(panel, spec, horizon):
        geometry, note = settings.choose_geometry(spec, panel, season, horizon, fold.ends[:, 0])
        kept, short = _long_enough(panel, geometry)
        readings.append(
            PreparedPanel(
                layout,
                panel.take(kept) if short else panel,
                PartEnds(fold.ends[kept], fold.how),
                geometry,
                _metrics(spec, panel),
                (*notes, note, f"split: {fold.how}"),
                short,
            )
        )
    return readings


def _moments_note(panel: Panel, layout: Layout) -> list[str]:
    """The first and the last moment, and the step between them."""
    grid = panel.frequency
    if not grid.dated:
        return []
    first, last = panel.first.min(), (panel.first + panel.lengths).max() - 1
    ends = " to ".join(map(layout.iso, grid.moments(np.array([first, last]))))
    calendar = f" ({grid.calendar})" if grid.calendar else ""
    turned = ", given newest first and read oldest first" if panel.turned else ""
    return [f"moments: {ends}, in steps of {grid}{calendar}{turned}"]


def _cuts(panel: Panel, spec: DataSpec, horizon: int) -> list[PartEnds]:
    if spec.folds is None:
        return [cut(panel, spec.split, horizon)]
    if panel.given is not None:
        raise UserError("--folds: the parts are given in files already", "leave --folds out")
    if spec.split is not None:
        raise UserError(
            f"--folds {spec.folds} and --split {spec.split}: folds divide the data themselves",
            "leave one of them out",
        )
    return cut_folds(panel, spec.folds, horizon)


def cut_windows(prepared: PreparedPanel, spec: DataSpec) -> list[Windows]:
    """The windows of the three parts; a part without any is an error that says how to get some."""
    channels = len(prepared.panel.targets)
    windows = []
    for part, most in enumerate(MOST_WINDOWS):
        stride = spec.stride if part else None
        part_windows = window_part(
            prepared.panel,
            prepared.parts,
            part,
            prepared.geometry,
            stride,
            max(1, most // channels),
        )
        if len(part_windows) == 0:
            raise _no_window(prepared, part)
        windows.append(part_windows)
    return windows


def fit(prepared: PreparedPanel, spec: DataSpec) -> tuple[Fitted, list[Examples], dict[str, Any]]:
    """The fitted state, the three parts as examples, and the data card."""
    panel, geometry = prepared.panel, prepared.geometry
    windows = cut_windows(prepared, spec)
    training = prepared.parts.ends[:, 0]
    scales = fit_scales(panel, training, geometry.season)
    _check_movement(prepared, windows, scales.naive)
    cycles = cycles_within(panel.frequency, int(training.max())) if spec.calendar else ()
    options = read_options(spec.options)
    mean, std = static_scales(panel, prepared.layout)
    fitted = Fitted(
        prepared.layout,
        panel.frequency,
        geometry,
        panel.series,
        scales,
        prepared.metrics,
        cycles,
        missing=bool(np.isnan(panel.values).any()),
        instance_norm=spec.revin,
        joint=spec.channels == "joint",
        windows=len(windows[0]),
        strategy=options.strategy,
        quantiles=options.levels,
        static_mean=mean,
        static_std=std,
        residual=options.residual,
    )
    shared = shared_arrays(panel, scales, fitted)
    parts = [examples_of(part_windows, panel, shared) for part_windows in windows]
    return fitted, parts, _card(prepared, fitted, windows)


def _check_movement(
    prepared: PreparedPanel, windows: Sequence[Windows], naive: NDArray[np.float64]
) -> None:
    """Something must move in the training part, and what is scored must have a scale."""
    if not np.isfinite(naive).any():
        raise UserError(
            f"every series of {', '.join(prepared.panel.targets)} is constant in the training part",
            "there is nothing to learn: check the columns, or choose another split",
        )
    for part in (1, 2):
        moving = np.isfinite(naive[windows[part].series]).any()
        if registry.load("metrics", prepared.metrics[0]).space == "scaled" and not moving:
            raise UserError(
                f"the {PART_NAMES[part]} part holds only series that never change in the training"
                f" part: {prepared.metrics[0]} has no scale for them",
                "choose another metric, such as --metric mae, or another split",
            )


def _tables(sources: Sources) -> tuple[Table, Table | None, Table | None]:
    """Training, validation and test tables; a column `split` divides one table into them."""
    table = sources.train
    if sources.valid is not None and sources.test is None:
        raise UserError(
            "--valid without --test: in time the test part comes last",
            "give --test too, or leave both out and use --split",
        )
    if "split" not in table.frame.columns or sources.test is not None:
        return table, sources.valid, sources.test
    tables = {
        name: Table(
            table.frame[table.frame["split"] == name].drop(columns="split").reset_index(drop=True),
            f"{table.origin} ({name})",
            header=table.header,
        )
        for name in ("train", "valid", "test")
    }
    train, valid, test = tables.values()
    if train.frame.empty or test.frame.empty:
        named_parts = ", ".join(map(str, pd.unique(table.frame["split"])[:5]))
        raise UserError(
            f'"{table.origin}" column "split": expected rows of train and test,'
            f" found {named_parts}",
            "rename the column if it does not say which part a row belongs to",
        )
    return train, None if valid.frame.empty else valid, test


def _metrics(spec: DataSpec, panel: Panel) -> tuple[str, ...]:
    """Squared error for channels together, as in the literature; scaled error for many series;
    where quantiles are asked for, what scores them all.
    """
    usual = "mse" if len(panel.targets) > 1 else "mase" if len(panel) > 1 else "mae"
    known = metrics_of("forecast", METRICS, "r2", *QUANTILE_METRICS)
    if read_options(spec.options).levels:
        usual, known = "crps", (*known, *QUANTILE_METRICS)
    primary = spec.metric or usual
    if primary == "coverage":
        raise UserError(
            "--metric coverage: the widest interval would win",
            "accepted: crps or pinball, which reward narrow intervals too; coverage is shown",
        )
    if primary in QUANTILE_METRICS and primary not in known:
        raise UserError(
            f"--metric {primary}: no quantiles are forecast",
            "ask for some with --set options.intervals=80",
        )
    if primary not in known:
        raise unknown("metric of forecasts", primary, known)
    return (primary, *(name for name in known if name != primary))


def _long_enough(panel: Panel, geometry: Geometry) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """The series that hold a window at all, and the names of those that do not."""
    least = geometry.lookback + geometry.horizon
    short = panel.lengths < least
    if short.all():
        longest = int(panel.lengths.argmax())
        raise UserError(
            f"{called(panel.series[longest])} has {panel.lengths[longest]} steps; look-back"
            f" {geometry.lookback} + horizon {geometry.horizon} need at least {least}",
            "give longer series, or a smaller --lookback or --horizon",
        )
    return np.flatnonzero(~short), tuple(panel.series[s] for s in np.flatnonzero(short))


def _no_window(prepared: PreparedPanel, part: int) -> UserError:
    geometry, panel = prepared.geometry, prepared.panel
    begin, end = prepared.parts.span(part)
    longest = int((end - begin).argmax())
    need = geometry.horizon + (0 if part else geometry.lookback)
    sizes = f"look-back {geometry.lookback} + " if part == 0 else ""
    steps = max(0, int((end - begin)[longest]))
    return UserError(
        f"the {PART_NAMES[part]} part holds no window: it has {steps} of the"
        f" {panel.lengths[longest]} steps of {called(panel.series[longest])},"
        f" {sizes}horizon {geometry.horizon} need {need}",
        "give longer series, a smaller --lookback or --horizon, or another --split",
    )


def _card(prepared: PreparedPanel, fitted: Fitted, windows: Sequence[Windows]) -> dict[str, Any]:
    """What a report says of the data."""
    panel, geometry = prepared.panel, prepared.geometry
    spans = {}
    for part, part_windows in enumerate(windows):
        begin, end = prepared.parts.span(part)
        s = int((end - begin).argmax())
        edges = np.array([begin[s], end[s] - 1]) + panel.offsets[s]
        moments = panel.moments(np.array([s, s]), edges)
        spans[("train", "valid", "test")[part]] = {
            "windows": len(part_windows),
            "stride": part_windows.stride,
            "blocks": len(np.unique(part_windows.blocks)),
            "from": prepared.layout.iso(moments[0]),
            "to": prepared.layout.iso(moments[1]),
        }
    missing = float(np.isnan(panel.values[:, : len(panel.targets)]).mean())
    return {
        "series": len(panel),
        "channels": len(panel.targets),
        "targets": list(panel.targets),
        "covariates": list(prepared.layout.past_inputs),
        "rows": len(panel.values),
        "frequency": str(panel.frequency) if panel.frequency.dated else "steps without dates",
        "season": geometry.season,
        "horizon": geometry.horizon,
        "lookback": geometry.lookback,
        "patch": geometry.patch,
        "positions": fitted.positions,
        "known_in_advance": list(prepared.layout.known_inputs),
        "static": list(prepared.layout.static_inputs),
        "strategy": fitted.strategy,
        "residual": fitted.residual,
        "quantiles": list(fitted.quantiles),
        "instance_norm": fitted.instance_norm,
        "channels_modelled": "joint" if fitted.joint else "independent",
        "calendar": list(fitted.cycles),
        "missing_share": missing,
        "gaps": panel.gaps,
        "moved": panel.moved,
        "series_too_short": list(prepared.dropped),
        "series_empty": list(panel.empty),
        "parts": spans,
        "notes": list(prepared.notes),
    }

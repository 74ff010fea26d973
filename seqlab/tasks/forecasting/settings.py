"""Horizon, season, look-back and patch: the user's own, or what the data suggest, and why."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seqlab.errors import UserError
from seqlab.tasks.base import DataSpec
from seqlab.tasks.forecasting.options import read_options
from seqlab.tasks.forecasting.panel import Panel
from seqlab.tasks.forecasting.seasonality import WEAK_STRENGTH, find_season, sample, strengths
from seqlab.tasks.forecasting.windows import Geometry

Rows = NDArray[np.int64]


def check_settings(spec: DataSpec) -> None:
    """Settings of forecasts that no data could satisfy."""
    accepted = {
        "horizon": "how many steps to forecast, such as 24",
        "lookback": "how many steps a forecast reads, such as 168",
        "season": "the steps in one season, such as 24 for hours of the day; 1: none",
        "stride": "the steps between the forecasts that are scored, such as 1",
        "patch": "how many steps a model reads at a time, such as 24; 1: step by step",
    }
    for name, meaning in accepted.items():
        value = getattr(spec, name)
        if value is not None and value < 1:
            raise UserError(f"{name} = {value}: expected at least 1", f"{name}: {meaning}")


def choose_season(panel: Panel, spec: DataSpec, training: Rows | None = None) -> tuple[int, str]:
    """The season in steps, and where it comes from."""
    if spec.season is not None:
        return spec.season, f"season: {spec.season} steps (as given)"
    if panel.frequency.dated:
        season = panel.frequency.season()
        return season, f"season: {season} steps (usual for steps of {panel.frequency})"
    ends = (0.7 * panel.lengths).astype(np.int64) if training is None else training
    pieces = sample(panel, ends)
    season, clarity = find_season(pieces)
    if (
        season == 1 or strengths(pieces, season)[0] < WEAK_STRENGTH
    ):  # trends have autocorrelation too
        return 1, "season: none found by autocorrelation (to name one: --season STEPS)"
    return season, f"season: {season} steps (autocorrelation {clarity:.2f} in the training part)"


def choose_horizon(panel: Panel, spec: DataSpec, season: int) -> tuple[int, str]:
    """How far to forecast."""
    if spec.horizon is not None:
        return spec.horizon, f"horizon: {spec.horizon} steps (as given)"
    horizon = panel.frequency.horizon(season)
    shortest = _shortest(panel.lengths)
    horizon = max(1, min(horizon, shortest // 25))
    of = f" of {panel.frequency}" if panel.frequency.dated else ""
    return horizon, f"horizon: {horizon} steps{of} (to change: --horizon STEPS)"


def _shortest(lengths: Rows) -> int:
    """The length that settings must suit: series below it hold a tenth of all steps together.

    Counted in steps, so that a few very short series do not cut look-back and horizon for all.
    """
    ordered = np.sort(lengths)
    return int(ordered[np.searchsorted(ordered.cumsum(), 0.1 * ordered.sum())])


def choose_geometry(
    spec: DataSpec, panel: Panel, season: int, horizon: int, training: Rows
) -> tuple[Geometry, str]:
    """Look-back and patch; the look-back leaves half of the shorter training parts for windows."""
    options = read_options(spec.options)
    rolled = options.strategy == "recursive"
    usual = panel.frequency.lookback(season, horizon)
    lengths = training[training > 0]
    room = _shortest(lengths) - horizon if len(lengths) else 0
    lookback, why = spec.lookback, "as given"
    if lookback is None:
        lookback, why = usual, "several seasons and horizons"
        if usual > room // 2:
            lookback = max(1, room // 2)
            if lookback >= season:
                lookback -= lookback % season
            why = f"half of the shorter training parts; {usual} with longer series"
    patch = spec.patch or _patch(lookback, season, horizon if rolled else None)
    if patch > lookback:
        raise UserError(
            f"patch = {patch}: longer than the look-back of {lookback} steps",
            f"accepted: 1 to {lookback}",
        )
    if options.residual == "seasonal-naive" and lookback < season:
        raise UserError(
            f"options.residual = seasonal-naive: the look-back of {lookback} steps is shorter than"
            f" the season of {season}",
            "give a longer --lookback, or choose last-value",
        )
    note = f"look-back: {lookback} steps ({why}), read {patch} at a time"
    return Geometry(lookback, horizon, season, patch), note


def _patch(lookback: int, season: int, rolled: int | None) -> int:
    """A season where that makes a sequence of 8 to 32 patches, else a sixteenth of the look-back.

    Patches carry what a single step has not, the shape of a day, and save most of the time. What
    is rolled forward along a horizon, a patch at a time, takes four or more.
    """
    usual = season if 8 <= lookback // season <= 32 and season > 1 else max(1, lookback // 16)
    return usual if rolled is None else min(usual, max(1, rolled // 4))

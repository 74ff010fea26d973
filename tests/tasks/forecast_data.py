"""Small series for the tests of forecasts."""

from __future__ import annotations

import numpy as np
import pandas as pd

from seqlab.data.table import Table
from seqlab.tasks.base import DataSpec, Prepared, Sources
from seqlab.tasks.forecast import Forecast


def hourly(count: int = 600, channels: int = 1, seed: int = 0) -> pd.DataFrame:
    """A day's wave, a trend and noise, at every hour."""
    rng = np.random.default_rng(seed)
    steps = np.arange(count)
    columns = {
        f"c{c}": 10 * (c + 1)
        + np.sin(2 * np.pi * steps / 24 + c)
        + 0.002 * steps
        + 0.1 * rng.normal(size=count)
        for c in range(channels)
    }
    return pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=count, freq="h"), **columns})


def many(series: int = 25, count: int = 120) -> pd.DataFrame:
    """Daily series of very different levels."""
    frames = []
    for s in range(series):
        frame = hourly(count + s, seed=s).rename(columns={"c0": "y"})
        frame["ds"] = pd.date_range("2024-01-01", periods=len(frame))
        frames.append(frame.assign(unique_id=f"s{s:02d}", y=frame["y"] * 10 ** (s % 4)))
    return pd.concat(frames, ignore_index=True)


def prepare(frame: pd.DataFrame, **settings) -> Prepared:
    """The one fold of a table."""
    (prepared,) = Forecast.prepare(Sources(Table(frame, "data.csv")), DataSpec(**settings), 0)
    return prepared

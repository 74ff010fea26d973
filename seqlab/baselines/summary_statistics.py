"""What a few numbers say of a series: level, spread, extremes, trend and roughness of each channel.

The order of values counts in trend and roughness only; what this cannot see is what sequence
models are for.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)

Array = NDArray[np.float64]


def summaries(series: Sequence[NDArray[np.float32]]) -> Array:
    """Series (steps, channels) without gaps → (n, 11·channels + 1), the last the log of steps."""
    return np.stack([_summary(np.asarray(values, dtype=np.float64)) for values in series])


def _summary(x: Array) -> Array:
    steps = len(x)
    time = np.linspace(-1.0, 1.0, steps)[:, None] if steps > 1 else np.zeros((1, 1))
    change = np.diff(x, axis=0) if steps > 1 else np.zeros_like(x)
    slope = (time * (x - x.mean(axis=0))).sum(axis=0) / max(float((time**2).sum()), 1e-12)
    parts = [
        x.mean(axis=0),
        x.std(axis=0),
        *np.quantile(x, QUANTILES, axis=0),
        x[-1] - x[0],
        slope,
        np.abs(change).mean(axis=0),
        change.std(axis=0),
    ]
    return np.concatenate([*parts, [np.log(steps)]])

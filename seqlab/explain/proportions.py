"""Shares of yes among so many, with Wilson's interval (1927)."""

from __future__ import annotations

import math

from scipy.special import ndtri

from seqlab.explain.intervals import LEVEL, Estimate


def wilson(yes: int, count: int, level: float = LEVEL) -> Estimate:
    """The share and its two-sided interval; NaN of nothing."""
    if not count:
        return Estimate(math.nan, 0.0, 1.0)
    z, share = float(ndtri(1 - level / 2)), yes / count
    centre = (share + z * z / (2 * count)) / (1 + z * z / count)
    width = (
        z * math.sqrt(share * (1 - share) / count + z * z / (4 * count**2)) / (1 + z * z / count)
    )
    return Estimate(share, max(0.0, centre - width), min(1.0, centre + width))

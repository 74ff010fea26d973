"""Where in time the examples of a test part lie, for whoever asks which of them are independent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class InTime:
    """Test examples that are windows of series.

    series    the series' number, for each window
    step      where the window begins, on the calendar that all series share
    horizon   how many steps a window is scored on
    calendar  whether the series share one: a step is then the same moment in all of them
    """

    series: Rows
    step: Rows
    horizon: int
    calendar: bool = True

    def __post_init__(self) -> None:
        assert self.series.shape == self.step.shape

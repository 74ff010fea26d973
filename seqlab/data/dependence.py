"""What moves together among the examples of a test part: groups of them, or moments in time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class InGroups:
    """Test examples that come in groups: rows of one subject, parts of one document.

    group  the group's number, for each example
    noun   what one of them is called
    """

    group: Rows
    noun: str = "test block"


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


Dependence = InGroups | InTime

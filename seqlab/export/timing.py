"""How long single examples take, contestants in turn so that a busy machine strikes all alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

Name = TypeVar("Name", bound=Hashable)
ROUNDS, BURST, WARM = 20, 10, 3  # rounds over all; calls of each in a round; calls before the first


@dataclass(frozen=True)
class Latency:
    """Milliseconds of one example: the median, and what 99 of 100 stay below."""

    median: float
    p99: float

    def plain(self) -> dict[str, float]:
        """As cards have it."""
        return {"median_ms": self.median, "p99_ms": self.p99}


def in_turn(calls: Mapping[Name, Callable[[], object]]) -> dict[Name, Latency]:
    """The latency of each call."""
    for call in calls.values():
        for _ in range(WARM):
            call()
    taken: dict[Name, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            for _ in range(BURST):
                start = time.perf_counter()
                call()
                taken[name].append(1e3 * (time.perf_counter() - start))
    return {
        name: Latency(float(np.median(some)), float(np.percentile(some, 99)))
        for name, some in taken.items()
    }

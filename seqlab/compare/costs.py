"""What contestants cost in use, what the user can afford, and which of several is the cheapest."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

ALIKE = 1.1  # costs within this factor are alike: machines are no more exact
LIMITS = {  # constraint → cost, what to call it
    "max_latency_ms": ("latency_ms_p50", "ms an example"),
    "max_memory_mb": ("peak_memory_mb", "MB of memory"),
    "max_size_mb": ("size_mb", "MB of weights"),
    "max_params": ("params", "parameters"),
}
ORDER = {  # what makes a contestant cheap, the first first
    "latency_ms_p50": "ms an example",
    "peak_memory_mb": "MB of memory",
    "train_seconds": "s to train",
}


@dataclass(frozen=True)
class Costs:
    """What a contestant costs in use; NaN where it was not measured."""

    kind: str  # model | baseline
    params: int
    train_seconds: float = math.nan
    latency_ms_p50: float = math.nan  # one example at a time
    latency_ms_p95: float = math.nan
    latency_batch64_ms: float = math.nan  # 64 examples together
    peak_memory_mb: float = math.nan
    size_mb: float = math.nan  # of what is stored: weights, or what a baseline has learned
    latency_ms_low: float = math.nan  # quartiles over rounds of measuring
    latency_ms_high: float = math.nan


@dataclass(frozen=True)
class Constraints:
    """What the recommended contestant must not exceed; None: no limit."""

    max_latency_ms: float | None = None
    max_memory_mb: float | None = None
    max_size_mb: float | None = None
    max_params: float | None = None

    @property
    def given(self) -> dict[str, float]:
        """The limits that were set."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: value for name, value in values.items() if value is not None}

    def broken(self, costs: Costs) -> list[str]:
        """The limits that a contestant does not meet; what was not measured meets none."""
        return [
            name
            for name, limit in self.given.items()
            if not getattr(costs, LIMITS[name][0]) <= limit
        ]

    def excess(self, costs: Costs) -> float:
        """The largest ratio of a cost to its limit; infinite where one was not measured."""
        ratios = [getattr(costs, LIMITS[name][0]) / limit for name, limit in self.given.items()]
        return max((math.inf if math.isnan(ratio) else ratio for ratio in ratios), default=0.0)

    def told(self, costs: Costs | None = None) -> str:
        """The limits in words, or what a contestant has instead."""
        return " and ".join(
            f"{amount(limit if costs is None else getattr(costs, LIMITS[name][0]))} "
            f"{LIMITS[name][1]}"
            for name, limit in self.given.items()
        )


def fitting(costs: Mapping[str, Costs], constraints: Constraints) -> list[str]:
    """The contestants that meet every limit, in their order; all where there is no limit."""
    return [name for name, own in costs.items() if not constraints.broken(own)]


def cheapest(names: Sequence[str], costs: Mapping[str, Costs]) -> str:
    """By latency, then memory, then training time; those alike in one are decided by the next.

    Costs within 10 % are alike, and latencies whose spreads over rounds overlap.

    What was not measured counts as more than anything that was; the first of equals is taken.
    """
    left = list(names)
    for cost in ORDER:
        known = [name for name in left if not math.isnan(getattr(costs[name], cost))]
        if known:
            least = min(known, key=lambda name: getattr(costs[name], cost))
            left = [name for name in known if not dearer(costs[name], costs[least], cost)]
    return left[0]


def dearer(one: Costs, other: Costs, cost: str) -> bool:
    """Whether one costs more than the other, by more than a machine or its rounds vary."""
    if cost == "latency_ms_p50" and one.latency_ms_low <= other.latency_ms_high:
        return False
    return bool(getattr(one, cost) > ALIKE * getattr(other, cost))


def dearer_in(name: str, other: str, costs: Mapping[str, Costs]) -> str | None:
    """The first cost in which the other is more than alike to `name`, or None."""
    for cost in ORDER:
        if dearer(costs[other], costs[name], cost):
            return cost
    return None


def amount(cost: float) -> str:
    """A cost as people read it."""
    if math.isnan(cost):
        return "unmeasured"
    return f"{cost:,.0f}" if abs(cost) >= 100 else f"{cost:.2g}"

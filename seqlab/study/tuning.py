"""Which of the trials that ran is the best, and whether its learning rate lies at the edge."""

from __future__ import annotations

from collections.abc import Sequence

from seqlab.runs import Run


def best_trial(runs: Sequence[Run], higher_is_better: bool) -> Run | None:
    """The finished trial that validated best; the earlier one where they tie."""
    done = [run for run in runs if run.ok and run.result["valid"] is not None]
    sign = 1 if higher_is_better else -1
    return max(done, key=lambda r: (sign * r.result["valid"], -r.result["number"]), default=None)


def at_edge(rate: float, tried: Sequence[float]) -> str:
    """Which end of the tried learning rates the best one is ("low", "high"), or nothing."""
    if len(tried) < 3:
        return ""
    if rate == min(tried):
        return "low"
    return "high" if rate == max(tried) else ""

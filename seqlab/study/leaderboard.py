"""The leaderboard, and every run of a study as a row."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seqlab.compare.comparison import Comparison, Standing
from seqlab.compare.costs import Costs
from seqlab.runs import list_runs
from seqlab.study.plan import PlannedContestant

COSTS = (
    "train_seconds",
    "latency_ms_p50",
    "latency_ms_low",
    "latency_ms_high",
    "latency_ms_p95",
    "latency_batch64_ms",
    "peak_memory_mb",
    "size_mb",
)


def priced(entry: PlannedContestant, measured: dict[str, Any] | None) -> Costs:
    values = {name: measured[name] for name in COSTS if name in measured} if measured else {}
    parameters = int((measured or {}).get("params", entry.body_parameters))
    return Costs(kind=entry.kind, params=parameters, **values)


def leaderboard(
    comparison: Comparison, entries: Sequence[PlannedContestant], costs: dict[str, dict[str, Any]]
) -> pd.DataFrame:
    by_name = {entry.name: entry for entry in entries}
    rows = []
    for standing in comparison.standings:
        entry, cost = by_name[standing.name], costs.get(standing.name, {})
        rows.append(
            {
                "candidate": standing.name,
                "kind": entry.kind,
                "metric": comparison.metric,
                "mean": standing.mean,
                "ci_low": standing.ci_low,
                "ci_high": standing.ci_high,
                "status": standing.status,
                "params": cost.get("params", entry.body_parameters),
                **{name: cost.get(name) for name in COSTS},
                "seeds": standing.seeds,
                "came_to_nothing": standing.came_to_nothing,
                "first_of_100": _rounded(standing.first),
                "first_if_retuned_of_100": _rounded(standing.tuned_first),
                "mean_of_all_runs": _other_mean(comparison, standing),
                "embedding_params": entry.embedding_parameters,
                "brought_params": cost.get("brought_params") or None,
                "width": None if entry.model is None else entry.model.width,
                "backend": cost.get("backend"),
                "reason": standing.reason,
            }
        )
    return pd.DataFrame(rows)


def _rounded(likely: float) -> float | None:
    return round(likely, 1) if np.isfinite(likely) else None


def _other_mean(comparison: Comparison, standing: Standing) -> float:
    """The mean over all runs, where `mean` is that of the best of several."""
    other = comparison.other or comparison
    return other.standing(standing.name).mean


def results_frame(folder: Path) -> pd.DataFrame:
    """Every run of a study as a row: what it was, how it was set, what it reached and spent."""
    rows = []
    for run in list_runs(folder):
        flat = dict(run.result)
        parameters = flat.pop("parameters", None) or {}
        flat |= {f"test_{name}": value for name, value in (flat.pop("test", None) or {}).items()}
        flat |= {f"params_{name}": value for name, value in parameters.items()}
        # What is nested differs from run to run; a column has one type.
        rows.append({k: json.dumps(v) if isinstance(v, dict) else v for k, v in flat.items()})
    return pd.DataFrame(rows)

"""Finished runs to an answer: comparison, leaderboard, recommendation, and their files."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seqlab import __version__
from seqlab.compare.comparison import Comparison, Standing
from seqlab.compare.contestants import Contestant
from seqlab.compare.decision import Rules, compare
from seqlab.compare.families import BASELINES
from seqlab.compare.power import needed
from seqlab.compare.recommendation import Constraints, Costs, Recommendation, Wishes, recommend
from seqlab.compare.sizes import judge_sizes
from seqlab.data.examples import Rows
from seqlab.data.in_time import InTime
from seqlab.metrics.base import Array, Metric
from seqlab.runs import Run, list_runs, read_json, replacing, write_json
from seqlab.study.floor import floor_statistics
from seqlab.study.looks import declaration, look_at_test
from seqlab.study.plan import PlannedContestant
from seqlab.study.prepared_folder import load_prepared
from seqlab.study.resolving import accepted_loss, declared_margin
from seqlab.study.spec import StudySpec
from seqlab.study.stages import Conditions, Finished, trial_scores
from seqlab.study.training_cut import cut_training
from seqlab.versions import FORMAT

MAIN_SHARE = 0.8  # of what a look may spend goes to the comparison, the rest to smaller sizes
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


@dataclass(frozen=True)
class Remarks:
    """What a verdict says of the runs: what was left out of them, and rates at the grid's edge."""

    left_out: list[str]
    edges: list[str]


def write_verdict(
    conditions: Conditions,
    finished: Finished,
    costs: dict[str, dict[str, Any]],
    spec: StudySpec,
    remarks: Remarks,
) -> dict[str, Any]:
    """Compare, recommend, and write what the report and the user read; returns the verdict."""
    folder, metric = conditions.folder, conditions.metric
    declared = declaration(spec, metric, [entry.name for entry in conditions.entries])
    look = look_at_test(folder, finished, declared)
    with_sizes = any(size is not None for _, size in finished)
    rules = Rules(
        margin=declared_margin(metric, spec),
        looks=look.number,
        share=MAIN_SHARE if with_sizes else 1.0,
        seed=spec.seed,
    )
    trials = trial_scores(conditions)
    contestants = [
        contestant_of(
            entry, finished.get((entry.name, None), []), metric, trials.get(entry.name, ())
        )
        for entry in conditions.entries
    ]
    field = _Field(metric, _dependence(conditions), floor_statistics(conditions))
    comparison = compare(
        contestants, metric, blocks=field.blocks, rules=rules, trivial=field.trivial
    )
    priced = {e.name: _costs(e, costs.get(e.name)) for e in conditions.entries if e.name in costs}
    limits = Constraints(**spec.constraints.plain())
    wishes = Wishes(limits, spec.prefer, accepted_loss(metric, spec))
    cut = cut_training(conditions, finished, spec)
    recommendation = recommend(comparison, priced, wishes, cut)
    sizes = _sizes(conditions, finished, field, replace(rules, share=1 - MAIN_SHARE))
    write_json(folder / "comparison.json", {**comparison.to_dict(), "sizes": sizes})
    board = _leaderboard(comparison, conditions.entries, costs)
    with replacing(folder / "leaderboard.csv") as temporary:
        board.to_csv(temporary, index=False)
    with replacing(folder / "results.parquet") as temporary:
        results_frame(folder).to_parquet(temporary)
    could_change = [*needed(comparison, [c.name for c in contestants]), *remarks.edges]
    verdict = _verdict(comparison, recommendation, spec, remarks.left_out, could_change, sizes)
    verdict["declared"] = look.plain()
    _write_study(conditions, spec, comparison, verdict, finished)
    write_json(folder / "verdict.json", verdict)
    return verdict


@dataclass(frozen=True, eq=False)
class _Field:
    """What all comparisons of a study share: the metric, what moves together, the floor."""

    metric: Metric
    blocks: Rows | InTime | None
    trivial: Array | None


def contestant_of(
    entry: PlannedContestant,
    seeds: Sequence[Sequence[Run]],
    metric: Metric,
    trials: tuple[float, ...] = (),
) -> Contestant:
    """A contestant's statistics (seeds, examples, K), the folds' examples one after the other.

    A seed that failed is counted; a contestant none of whose seeds finished has failed.
    """
    families = (BASELINES,) if entry.kind == "baseline" else entry.families
    known: dict[str, Any] = {"families": families, "trivial": entry.constant}
    done = [runs for runs in seeds if all(run.ok for run in runs)]
    lost = len(seeds) - len(done)
    if not done:
        reasons = [run.result["reason"] for runs in seeds for run in runs if not run.ok]
        reason = reasons[0] if reasons else "no run ended"
        return Contestant(entry.name, None, entry.deterministic, reason, lost=lost, **known)
    statistics = [np.concatenate([run.statistics(metric.name) for run in runs]) for runs in done]
    validation = [_validation(runs) for runs in done]
    return Contestant(
        entry.name,
        np.stack(statistics),
        entry.deterministic,
        seeds=tuple(int(runs[0].result["number"]) for runs in done),
        validation=tuple(validation) if np.isfinite(validation).all() else (),
        lost=lost,
        trials=trials,
        **known,
    )


def _validation(runs: Sequence[Run]) -> float:
    """A seed's validation score, the mean over folds; NaN where it is not known."""
    values = [run.result.get("valid") for run in runs]
    return float(np.mean([np.nan if value is None else value for value in values]))


def _dependence(conditions: Conditions) -> Rows | InTime | None:
    """What moves together in all folds' test parts."""
    planner = conditions.planner
    folders = [conditions.folder / f"prepared/fold{fold}" for fold in range(len(planner.data))]
    folds = [load_prepared(planner.task.name, folder) for folder in folders]
    return folds[0].task.dependence([fold.test for fold in folds])


def _costs(entry: PlannedContestant, measured: dict[str, Any] | None) -> Costs:
    values = {name: measured[name] for name in COSTS if name in measured} if measured else {}
    parameters = int((measured or {}).get("params", entry.body_parameters))
    return Costs(kind=entry.kind, params=parameters, **values)


def _leaderboard(
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


def _sizes(
    conditions: Conditions, finished: Finished, field: _Field, rules: Rules
) -> dict[str, Any] | None:
    """Quality against training size, if sizes were asked for."""
    sizes = sorted({size for _, size in finished if size is not None})
    if not sizes:
        return None
    whole = len(conditions.prepared_train)
    at = {
        size or whole: [
            contestant_of(entry, finished.get((entry.name, size), []), field.metric)
            for entry in conditions.entries
        ]
        for size in (*sizes, None)
    }
    judged: dict[str, Any] = judge_sizes(at, field.metric, field.blocks, rules).to_dict()
    return judged


def _verdict(
    comparison: Comparison,
    recommendation: Recommendation,
    spec: StudySpec,
    left_out: list[str],
    could_change: list[str],
    sizes: dict[str, Any] | None,
) -> dict[str, Any]:
    more = [sizes["sentence"]] if sizes else []
    return {
        "recommended": recommendation.name,
        "winner_set": list(comparison.winner_set),
        "metric": comparison.metric,
        "margin": comparison.margin.value,
        "margin_relative": comparison.margin.relative,
        "seeds": comparison.seeds,
        "preview": comparison.preview,
        "looks": comparison.looks,
        "headline": recommendation.headline,
        "details": list(recommendation.details),
        "families": list(recommendation.families),
        "restarts": comparison.restarts,
        "came_to_nothing": {
            s.name: {"seeds": s.runs, "lost": s.lost, "collapsed": s.came_to_nothing - s.lost}
            for s in comparison.standings
            if s.came_to_nothing
        },
        "sentence": recommendation.sentence,
        "reasons": [*recommendation.reasons, *more],
        "could_change": [*recommendation.could_change, *could_change],
        "left_out": left_out,
        "constraints": spec.constraints.plain(),
    }


def _write_study(
    conditions: Conditions,
    spec: StudySpec,
    comparison: Comparison,
    verdict: dict[str, Any],
    finished: Finished,
) -> None:
    """`study.json`: what was declared and what it came to, for the report."""
    card = read_json(conditions.folder / "data_card.json")
    write_json(
        conditions.folder / "study.json",
        {
            "format": FORMAT,
            "name": conditions.folder.name,
            "task": spec.task,
            "metric": comparison.metric,
            "higher_is_better": comparison.higher_is_better,
            "data": card["origin"],
            "command": shlex.join(["seqlab", *sys.argv[1:]]) if _from_shell() else "",
            "budget": spec.budget.plain(),
            "realised": {
                "time": conditions.clock.spent + _spent_before(conditions.folder),
                "contestants": _realised(finished),
            },
            "margin": {"value": verdict["margin"], "relative": verdict["margin_relative"]},
            "candidates": [entry.name for entry in conditions.entries],
            "left_out": verdict["left_out"],
            "sizes": list(spec.sizes) or None,
            "folds": len(conditions.planner.data),
            "looks": comparison.looks,
            "seqlab_version": __version__,
            "created": read_json(conditions.folder / "environment.json")["date"],
        },
    )


def _from_shell() -> bool:
    called = Path(sys.argv[0])
    return called.stem == "seqlab" or (called.stem, called.parent.name) == ("__main__", "seqlab")


def _spent_before(folder: Path) -> float:
    """Seconds of former sessions on this study."""
    path = folder / "study.json"
    return float(read_json(path)["realised"].get("time", 0.0)) if path.exists() else 0.0


def _realised(finished: Finished) -> dict[str, Any]:
    """What each contestant's verdict runs spent, the mean over its seeds."""
    spent = {}
    for (name, size), seeds in finished.items():
        results = [run.result for runs in seeds for run in runs if run.ok]
        if size is not None or not results:
            continue
        fields = ("epochs", "steps", "tokens", "seconds", "flops_estimate", "learning_rate")
        spent[name] = {
            field: float(np.mean([r[field] for r in results]))
            for field in fields
            if all(r.get(field) is not None for r in results)
        }
        spent[name] |= results[0].get("parameters") or {}
        spent[name]["seeds"] = len(seeds)
    return spent

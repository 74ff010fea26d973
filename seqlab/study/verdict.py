"""Finished runs to an answer: comparison, leaderboard, recommendation, and their files."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from seqlab import __version__
from seqlab.compare.comparison import Comparison
from seqlab.compare.decision import Rules
from seqlab.compare.need import needs
from seqlab.compare.race import race_sentences, raced
from seqlab.compare.recommendation import Constraints, Recommendation, Wishes, recommend
from seqlab.compare.wording import counted
from seqlab.runs import Run, read_json, replacing, write_json
from seqlab.study.contest import contest_of
from seqlab.study.fairness import fairness_sentence, unequal_seconds
from seqlab.study.leaderboard import leaderboard, priced, results_frame
from seqlab.study.looks import declaration, look_at_test
from seqlab.study.race import Race
from seqlab.study.resolving import accepted_loss, declared_margin
from seqlab.study.spec import StudySpec
from seqlab.study.stages import Conditions, Finished
from seqlab.study.training_cut import cut_training, still_improving, told, with_more_training
from seqlab.versions import FORMAT

PER_SEED = "each seed was tuned by itself: statements hold for whole pipelines"


@dataclass(frozen=True)
class Remarks:
    """What a verdict says of the runs: what was left out of them, rates at the grid's edge, and
    how the race went.
    """

    left_out: list[str]
    edges: list[str]
    race: Race


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
    margin, share = declared_margin(metric, spec), remarks.race.share
    rules = Rules(margin=margin, looks=look.number, share=share, seed=spec.seed)
    contest = contest_of(conditions, finished)
    comparison = raced(contest.compared(rules), remarks.race.run)
    sizes = contest.sizes(rules)
    limits = Constraints(**spec.constraints.plain())
    recommendation = recommend(
        comparison,
        {e.name: priced(e, costs.get(e.name)) for e in conditions.entries if e.name in costs},
        Wishes(limits, spec.prefer, accepted_loss(metric, spec)),
        " ".join(
            text
            for text in (
                cut_training(conditions, finished, spec),
                *race_sentences(comparison, remarks.race.run),
            )
            if text
        ),
    )
    write_json(folder / "comparison.json", {**comparison.to_dict(), "sizes": sizes})
    with replacing(folder / "leaderboard.csv") as temporary:
        leaderboard(comparison, conditions.entries, costs).to_csv(temporary, index=False)
    with replacing(folder / "results.parquet") as temporary:
        results_frame(folder).to_parquet(temporary)
    improving = still_improving(conditions, finished, spec)
    longer = with_more_training(conditions, finished, comparison, improving)
    could_change = [
        *_needed(comparison, finished, conditions.clock.workers),
        *told(longer, comparison),
        *remarks.edges,
    ]
    verdict = _verdict(comparison, recommendation, spec, remarks.left_out, could_change, sizes)
    verdict["declared"] = look.plain()
    verdict["reasons"] += filter(
        None,
        (
            fairness_sentence(spec.budget, conditions.planner.allowance.lengths),
            unequal_seconds(spec.budget, _training_seconds(finished)),
        ),
    )
    verdict["with_more_training"] = [asdict(one) for one in longer]
    verdict["race"] = [held.to_dict() for held in remarks.race.run]
    _write_study(conditions, spec, comparison, verdict, finished)
    write_json(folder / "verdict.json", verdict)
    return verdict


def _verdict(
    comparison: Comparison,
    recommendation: Recommendation,
    spec: StudySpec,
    left_out: list[str],
    could_change: list[str],
    sizes: dict[str, Any] | None,
) -> dict[str, Any]:
    more = [sizes["sentence"]] if sizes else []
    per_seed = spec.budget.tune_per_seed and spec.budget.trials > 0
    more += [PER_SEED] if per_seed else []
    return {
        "recommended": recommendation.name,
        "winner_set": list(comparison.winner_set),
        "metric": comparison.metric,
        "margin": comparison.margin.value,
        "margin_relative": comparison.margin.relative,
        "seeds": comparison.seeds,
        "tuned": "per seed" if per_seed else "once",
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
                "stages": {name: round(s, 1) for name, s in conditions.clock.stages.items()},
                "contestants": _realised(finished),
            },
            "margin": {"value": verdict["margin"], "relative": verdict["margin_relative"]},
            "candidates": [entry.name for entry in conditions.entries],
            "left_out": verdict["left_out"],
            "sizes": list(spec.sizes) or None,
            "folds": len(conditions.planner.data),
            "looks": comparison.looks,
            "portfolio": conditions.planner.allowance.portfolio,
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


def _needed(comparison: Comparison, finished: Finished, workers: int) -> list[str]:
    """What would decide the undecided, and how long the seeds for it would run here."""
    sentences = []
    for need in needs(comparison):
        runs = [finished.get((name, None), []) for name in (need.name, need.rival)]
        seconds = sum(_seed_seconds(seeds) for seeds in runs if len(seeds) > 1)
        more = 0 if need.seeds is None else need.seeds[0] - max(map(len, runs))
        time = ""
        if need.seeds is not None and more > 0 and seconds > 0:
            minutes = max(1, round(more * seconds / workers / 60))
            time = (
                f"; so many seeds of these two take about {counted(minutes, 'minute')} more here: "
                f"the same command with --seeds {need.seeds[0]} --time none"
            )
        sentences.append(need.sentence + time)
    return sentences


def _seed_seconds(seeds: Sequence[Sequence[Run]]) -> float:
    """What a seed of a contestant takes, the mean over those that ran."""
    took = [sum(run.result.get("wall_seconds") or 0.0 for run in runs) for runs in seeds]
    return float(np.mean(took)) if took else 0.0


def _training_seconds(finished: Finished) -> dict[str, float]:
    """What training took each candidate, the mean over its seeds."""
    spent = _realised(finished)
    return {name: own["seconds"] for name, own in spent.items() if "steps" in own}


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

"""A study's contest: its contestants with their statistics, and all that they are judged by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from seqlab.compare.comparison import Comparison
from seqlab.compare.contestants import Contestant
from seqlab.compare.decision import Rules, compare
from seqlab.compare.families import BASELINES
from seqlab.compare.sizes import judge_sizes
from seqlab.data.dependence import Dependence
from seqlab.metrics.base import Array, Metric
from seqlab.runs import Run
from seqlab.study.floor import floor_statistics
from seqlab.study.plan import PlannedContestant
from seqlab.study.prepared_folder import load_prepared
from seqlab.study.resolving import dependence_of
from seqlab.study.stages import Conditions, Finished
from seqlab.study.trials import trial_scores

MAIN_SHARE = 0.8  # of what a look may spend goes to the comparison, the rest to smaller sizes


@dataclass(frozen=True, kw_only=True, eq=False)
class Contest:
    """Who competes, by training size (None: all of it), and what all comparisons share.

    blocks   what of the test part moves together
    trivial  the statistics (examples, K) of a baseline that learned nothing
    whole    examples in the training part
    """

    at: dict[int | None, list[Contestant]]
    metric: Metric
    blocks: Dependence | None
    trivial: Array | None
    whole: int

    def compared(self, rules: Rules) -> Comparison:
        """The comparison on all the training data."""
        share = MAIN_SHARE if len(self.at) > 1 else 1.0
        rules = replace(rules, share=share * rules.share)
        return compare(
            self.at[None], self.metric, blocks=self.blocks, rules=rules, trivial=self.trivial
        )

    def sizes(self, rules: Rules) -> dict[str, Any] | None:
        """Quality against training size, if sizes were asked for."""
        if len(self.at) == 1:
            return None
        rules = replace(rules, share=(1 - MAIN_SHARE) * rules.share)
        at = {size or self.whole: contestants for size, contestants in self.at.items()}
        judged: dict[str, Any] = judge_sizes(at, self.metric, self.blocks, rules).to_dict()
        return judged


def contest_of(conditions: Conditions, finished: Finished) -> Contest:
    """The contest of a study's finished runs."""
    metric, trials = conditions.metric, trial_scores(conditions)
    sizes = sorted({size for _, size in finished if size is not None})
    return Contest(
        at={
            size: [
                contestant_of(
                    entry, finished.get((entry.name, size), []), metric, trials.get(entry.name, ())
                )
                for entry in conditions.entries
            ]
            for size in (*sizes, None)
        },
        metric=metric,
        blocks=_dependence(conditions),
        trivial=floor_statistics(conditions),
        whole=len(conditions.prepared_train),
    )


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


def _dependence(conditions: Conditions) -> Dependence | None:
    """What moves together in all folds' test parts."""
    planner = conditions.planner
    folders = [conditions.folder / f"prepared/fold{fold}" for fold in range(len(planner.data))]
    folds = [load_prepared(planner.task.name, folder) for folder in folders]
    return dependence_of(folds, planner.spec.data.group)

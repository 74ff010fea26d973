"""The one decision: contestants, a metric and a margin in; standings and the winner set out.

Intervals of all pairs that hold together (`simultaneous.py`) decide everything: each contestant's
status against the best of the others (`best.py`), the table of pairs, and, with the variance of
tuning added (`retuning.py`), the comparison of families.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from seqlab.compare.comparison import Comparison
from seqlab.compare.contestants import Contestant, IntArray, Margin, check_comparable
from seqlab.compare.families import compare_families
from seqlab.compare.pairs import differences_of, pairs_of
from seqlab.compare.placing import Field, Placing, failed_standing
from seqlab.compare.restarts import RESTARTS, Kept, as_it_is, losses
from seqlab.compare.rules import Rules
from seqlab.compare.variation import estimate
from seqlab.data.dependence import Dependence
from seqlab.metrics.base import Array, Metric

__all__ = ["Rules", "compare"]


def compare(
    contestants: Sequence[Contestant],
    metric: Metric,
    *,
    blocks: IntArray | Dependence | None = None,
    rules: Rules = Rules(),
    trivial: Array | None = None,
) -> Comparison:
    """Compare contestants that were scored on the same test examples.

    `blocks` says which examples are not independent, by a number for each (examples,), as named
    groups (rows of one subject, parts of one document) or as windows of series: what moves
    together is then what is resampled. `trivial` are the trivial baseline's statistics
    (examples, K): a seed without a result scores as it; by default those of a contestant that is
    marked as trivial.

    Where some seeds of a contestant came to nothing, the comparison is of the best of RESTARTS
    runs, as it validates, if that is known; `other` then counts every run.
    Raises: UserError where contestants cannot be compared, or the metric is undefined.
    """
    contestants = [_without_lost_seeds(contestant) for contestant in contestants]
    check_comparable(contestants)
    comparison = Comparison(
        metric=metric.name,
        higher_is_better=metric.higher_is_better,
        in_points=metric.unit_range,
        margin=rules.margin or Margin.of(metric),
        looks=rules.looks,
        level=rules.level,
        level_spent=rules.level_spent,
        standings=tuple(failed_standing(c) for c in contestants if c.failed),
    )
    running = [contestant for contestant in contestants if contestant.statistics is not None]
    if not running:
        return comparison
    trivial = _trivial(running) if trivial is None else trivial
    field = Field(
        [as_it_is(contestant, trivial, metric) for contestant in running],
        metric,
        losses(running, trivial, metric),
        0.0 if trivial is None else metric.value(trivial),
    )
    counted = _decided(comparison, field, blocks, Kept(), rules)
    if any(one.some for one in field.losses.values()) and _can_choose(running):
        kept = _decided(comparison, field, blocks, Kept(RESTARTS), rules)
        return replace(kept, other=counted)
    return counted


def _trivial(running: Sequence[Contestant]) -> Array | None:
    """The statistics of the contestant that learned nothing, if there is one."""
    return next((c.statistics[0] for c in running if c.trivial and c.statistics is not None), None)


def _can_choose(running: Sequence[Contestant]) -> bool:
    """Whether the validation scores are known by which one of several runs would be kept."""
    return all(c.deterministic or c.validation for c in running)


def _decided(
    comparison: Comparison,
    field: Field,
    blocks: IntArray | Dependence | None,
    kept: Kept,
    rules: Rules,
) -> Comparison:
    """The comparison with its standings, pairs and families."""
    running, metric = field.running, field.metric
    unsteady = [name for name, one in field.losses.items() if one.count]
    variation = estimate(running, metric, blocks, rules.seed, kept=kept, unsteady=unsteady)
    differences = differences_of(variation, metric, rules)
    placing = Placing(field, variation, kept, differences, comparison.margin, rules)
    return replace(
        comparison,
        standings=placing.standings() + comparison.standings,
        pairs=tuple(pairs_of(running, metric, variation, differences, placing.drawn)),
        families=compare_families(running, metric, placing.tuned or variation, rules),
        best_shown=len(running) > 1 and int((~placing.against.behind).sum()) == 1,
        delta=placing.delta,
        examples=field.examples,
        units=variation.units,
        unit=variation.unit,
        short=variation.short,
        restarts=kept.of,
        variation=variation,
    )


def _without_lost_seeds(contestant: Contestant) -> Contestant:
    """A seed whose statistics are not finite was lost; a contestant with no other has failed."""
    if contestant.statistics is None:
        return contestant
    lost = np.any(~np.isfinite(contestant.statistics), axis=2).sum(axis=1)  # examples, per seed
    if not lost.any():
        return contestant
    good = np.flatnonzero(lost == 0)
    if not len(good):
        seed = contestant.seeds[0] if contestant.seeds else 1
        reason = f"seed {seed}: {lost[0]} predictions are not finite numbers"
        return replace(contestant, statistics=None, failed=reason, seeds=(), validation=())
    return replace(
        contestant,
        statistics=contestant.statistics[good],
        seeds=tuple(contestant.seeds[i] for i in good) if contestant.seeds else (),
        validation=tuple(contestant.validation[i] for i in good) if contestant.validation else (),
        lost=contestant.lost + len(lost) - len(good),
    )

"""What a study's test set can resolve, said before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from seqlab import registry
from seqlab.compare.contestants import Margin, check_enough
from seqlab.compare.dependence import stretches_at_most
from seqlab.compare.margins import read_margin
from seqlab.compare.power import Spread, resolution
from seqlab.data.dependence import Dependence, InGroups, InTime
from seqlab.data.examples import Examples
from seqlab.errors import UserError
from seqlab.metrics.base import Metric
from seqlab.study.plan import PlannedContestant
from seqlab.study.spec import StudySpec
from seqlab.tasks.base import Prepared

ERROR_CORRELATION = 0.9  # assumed correlation of two good contestants' errors on the same examples
SEED_ERROR_SHARE = 0.02  # of the error, assumed between seeds
MOST_EXAMPLES = 20_000  # of a part, from which a baseline tells how errors vary


def declared_margin(metric: Metric, spec: StudySpec) -> Margin:
    """The user's margin, or the metric's own."""
    if spec.margin is None:
        return Margin.of(metric)
    return read_margin(spec.margin, metric)


def accepted_loss(metric: Metric, spec: StudySpec) -> Margin | None:
    """How much quality the user gives up for a cheaper contestant; None: nothing was said."""
    return None if spec.accept is None else read_margin(spec.accept, metric, "--accept")


def check_declared(metric: Metric, spec: StudySpec) -> None:
    """Refuse a margin or an accepted loss that does not fit the metric; raises UserError."""
    declared_margin(metric, spec)
    accepted_loss(metric, spec)


def dependence_of(folds: Sequence[Prepared], group: str | None) -> Dependence | None:
    """What moves together in all folds' test parts, called by its column where there is one."""
    dependence = folds[0].task.dependence([fold.test for fold in folds])
    if isinstance(dependence, InGroups) and group is not None:
        return replace(dependence, noun=f'value of "{group}"')
    return dependence


def resolvable(
    folds: Sequence[Prepared], spec: StudySpec, entries: Sequence[PlannedContestant], seeds: int
) -> dict[str, Any]:
    """The size and blocks of the test set, over all folds, against an assumed spread.

    For shares the spread is an assumption; for errors it is that of the first baseline on the
    validation part: the test part is not touched.
    Raises: UserError for a test set too small for any interval, before anything is trained.
    """
    prepared = folds[0]
    metric: Metric = registry.load("metrics", prepared.task.metrics[0])()
    dependence = dependence_of(folds, spec.data.group)
    unit, units = _independent(dependence, sum(len(fold.test) for fold in folds))
    if units < 2 and spec.data.group is not None:
        raise UserError(
            f'--group {spec.data.group}: the test part holds one value of "{spec.data.group}", and '
            "at least 2 are needed to judge differences",
            "test every value once with --folds 5, or a larger part with --split 60/20/20",
        )
    if not isinstance(dependence, InTime):  # of windows the verdict says if there are too few
        check_enough(units, unit)
    margin = declared_margin(metric, spec)
    if metric.unit_range:
        spread, value = Spread.of_shares(), 1.0
    else:
        names = [e.name for e in entries if e.kind == "baseline" and not e.settings]
        if not names:
            return {}
        spread, value = _of_baseline(names[0], prepared, metric)
    spread, delta = replace(spread, unit=unit), margin.absolute(value)
    found = resolution(
        units,
        seeds,
        len(entries),
        spread,
        delta,
        metric.unit_range,
        in_folds=_units_in_folds(folds, units),
    )
    return found.to_dict()


def _units_in_folds(folds: Sequence[Prepared], units: int) -> int:
    """How many units there were if every row were tested once; 0 where that cannot be had."""
    first = folds[0]
    able = "folds" in registry.card("tasks", first.task.name)["settings"]
    if len(folds) > 1 or not able:
        return 0
    rows = len(first.train) + len(first.valid) + len(first.test)
    return units * rows // len(first.test)


def _independent(dependence: Dependence | None, examples: int) -> tuple[str, int]:
    """What of the test parts is independent, in words, and how much of it there is at most."""
    if isinstance(dependence, InTime):
        return "stretch of time", stretches_at_most(dependence)
    if dependence is None:
        return "test example", examples
    return dependence.noun, len(np.unique(dependence.group))


def _first(part: Examples) -> Examples:
    return part if len(part) <= MOST_EXAMPLES else part.take(np.arange(MOST_EXAMPLES))


def _of_baseline(name: str, prepared: Prepared, metric: Metric) -> tuple[Spread, float]:
    """The spread of a baseline's error over validation blocks, and the error itself."""
    task, train, valid = prepared.task, _first(prepared.train), _first(prepared.valid)
    baseline = registry.load("baselines", name)().fit(task, train, valid, 0)
    statistics = task.statistics(metric, baseline.predict(task, valid), valid)
    value = metric.value(statistics)
    block_of = np.arange(len(valid)) if valid.blocks is None else valid.blocks
    distinct, block_of = np.unique(block_of, return_inverse=True)
    by_block = [metric.value(statistics[block_of == b]) for b in range(min(len(distinct), 200))]
    deviation = float(np.nanstd(by_block)) if len(by_block) > 1 else value
    source = f"assuming errors that agree to {ERROR_CORRELATION:.0%} and vary as those of {name} do"
    return Spread(
        deviation * np.sqrt(2 * (1 - ERROR_CORRELATION)), SEED_ERROR_SHARE * value, source
    ), value

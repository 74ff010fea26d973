"""The one decision: contestants, a metric and a margin in; standings and the winner set out.

Comparisons with the best (`best.py`) give each contestant its status and make the winner set;
simultaneous intervals of all pairs fill the table beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from seqlab.compare.best import WithTheBest, pair_contrasts, pair_index, with_the_best
from seqlab.compare.comparison import Comparison, Pair, Standing, Status
from seqlab.compare.contestants import Contestant, IntArray, Margin, check_comparable
from seqlab.compare.seedwise import paired, sign_flip_p, superiority
from seqlab.compare.simultaneous import Joint
from seqlab.compare.variation import Variation, estimate
from seqlab.metrics.base import Array, Metric


@dataclass(frozen=True)
class Rules:
    """How a comparison is to be made.

    margin  the difference that matters; None: the metric's own
    looks   how often the test set has been looked at, this time included: look number n spends
            level/2ⁿ, so that looking again and again cannot manufacture a winner
    level   error probability of the whole study
    seed    of the draws
    """

    margin: Margin | None = None
    looks: int = 1
    level: float = 0.05
    seed: int = 0

    def __post_init__(self) -> None:
        assert self.looks >= 1
        assert 0 < self.level < 1

    @property
    def level_spent(self) -> float:
        """What this look may spend."""
        return float(self.level * 0.5**self.looks)


def compare(
    contestants: Sequence[Contestant],
    metric: Metric,
    *,
    blocks: IntArray | None = None,
    rules: Rules = Rules(),
) -> Comparison:
    """Compare contestants that were scored on the same test examples.

    `blocks` (examples,) gives a block id where examples are not independent (overlapping forecast
    windows, parts of one document): a block is then what is resampled.
    Raises: UserError where contestants cannot be compared, or the metric is undefined.
    """
    contestants = [_usable(contestant) for contestant in contestants]
    check_comparable(contestants, blocks)
    margin = rules.margin or Margin.of(metric)
    comparison = Comparison(
        metric=metric.name,
        higher_is_better=metric.higher_is_better,
        in_points=metric.unit_range,
        margin=margin,
        looks=rules.looks,
        level=rules.level,
        level_spent=rules.level_spent,
        standings=tuple(_failed(c) for c in contestants if c.failed),
    )
    running = [contestant for contestant in contestants if not contestant.failed]
    if not running:
        return comparison
    variation = estimate(running, metric, blocks, rules.seed)
    means = variation.means if metric.higher_is_better else -variation.means
    joint = Joint.draw(variation, pair_contrasts(len(running)), rules.seed)
    against = _against_the_best(means, joint, rules.level_spent)
    delta = margin.absolute(means.max())
    standings = _standings(running, variation, against, metric, rules, delta)
    return replace(
        comparison,
        standings=tuple(standings[i] for i in np.argsort(-means, kind="stable"))
        + comparison.standings,
        pairs=tuple(_pairs(running, variation, joint, metric, rules)),
        best_shown=len(running) > 1 and int(against.candidates.sum()) == 1,
        delta=delta,
        examples=len(blocks) if blocks is not None else variation.units,
        units=variation.units,
        variation=variation,
    )


def _usable(contestant: Contestant) -> Contestant:
    """A contestant with statistics that are not finite has failed; say where."""
    if contestant.statistics is None:
        return contestant
    lost = np.any(~np.isfinite(contestant.statistics), axis=2).sum(axis=1)  # examples, per seed
    if not lost.any():
        return contestant
    run = int(np.argmax(lost > 0))
    seed = contestant.seeds[run] if contestant.seeds else run + 1
    reason = f"seed {seed}: {lost[run]} predictions are not finite numbers"
    return replace(contestant, statistics=None, failed=reason, seeds=())


def _failed(contestant: Contestant) -> Standing:
    return Standing(
        name=contestant.name,
        status="failed",
        seeds=0,
        deterministic=contestant.deterministic,
        reason=contestant.failed,
    )


def _against_the_best(means: Array, joint: Joint, level: float) -> WithTheBest:
    if len(means) > 1:
        return with_the_best(means, joint, level)
    nothing = np.full(1, np.nan)
    return WithTheBest(nothing, nothing, nothing, np.ones(1, dtype=bool))


def _standings(
    running: Sequence[Contestant],
    variation: Variation,
    against: WithTheBest,
    metric: Metric,
    rules: Rules,
    delta: float,
) -> list[Standing]:
    means = variation.means
    widths = Joint.draw(variation, np.eye(len(means)), rules.seed).alone(rules.level)
    limits = (0.0, 1.0) if metric.unit_range else (-np.inf, np.inf)
    own = np.clip([means - widths, means + widths], *limits)
    best = int(np.argmax(means) if metric.higher_is_better else np.argmin(means))
    differences = against.differences
    low, high = (_possible(end, metric) for end in (against.low, against.high))
    if not metric.higher_is_better:
        low, high, differences = 0.0 - high, 0.0 - low, 0.0 - differences
    return [
        Standing(
            name=contestant.name,
            status="best" if i == best else _status(against, i, delta),
            mean=float(means[i]),
            ci_low=float(own[0, i]),
            ci_high=float(own[1, i]),
            difference=float(differences[i]),
            low=float(low[i]),
            high=float(high[i]),
            seeds=len(variation.scores[i]),
            deterministic=contestant.deterministic,
        )
        for i, contestant in enumerate(running)
    ]


def _possible(ends: Array, metric: Metric) -> Array:
    """Scores between 0 and 1 differ by 1 at most; what one seed cannot say stays infinite."""
    return np.where(np.isfinite(ends), ends.clip(-1, 1), ends) if metric.unit_range else ends


def _status(against: WithTheBest, contestant: int, delta: float) -> Status:
    """The status of one that is not the best, from its interval [low ≤ 0, high ≥ 0]."""
    low, high = against.low[contestant], against.high[contestant]
    if not against.candidates[contestant]:
        return "negligible" if low > -delta else "worse"
    return "tied" if -delta < low and high < delta else "undecided"


def _pairs(
    running: Sequence[Contestant],
    variation: Variation,
    joint: Joint,
    metric: Metric,
    rules: Rules,
) -> Iterator[Pair]:
    if len(running) < 2:
        return
    sign = 1.0 if metric.higher_is_better else -1.0
    widths = joint.together(rules.level_spent)
    for i, j, width in zip(*pair_index(len(running)), widths, strict=True):
        scores = (sign * variation.scores[i], sign * variation.scores[j])
        a, b = paired(running[i], running[j], scores)
        difference = float(variation.means[i] - variation.means[j])
        ends = difference + float(width) * np.array([-1.0, 1.0])
        low, high = _possible(ends, metric).tolist()
        yield Pair(
            running[i].name,
            running[j].name,
            difference,
            low,
            high,
            *superiority(a, b, rules.seed),
            sign_flip_p(a - b, rules.seed),
        )

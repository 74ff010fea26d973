"""Does the decision keep its promises? Coverage, A/A rate and power on contestants drawn at will.

`python -m seqlab.compare.simulation` prints the table; `--quick` a small one.

A run of a contestant answers an example rightly if
  threshold + seed effect + difficulty + affinity + residual > 0,
all normal: difficulty belongs to the example alone, affinity to the contestant and the example.
Their shares follow from how often two runs of one contestant, and of two contestants, disagree,
so that the true accuracies are known exactly. Errors are the exponential of the same sum.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri, owens_t

from seqlab.compare.comparison import Comparison
from seqlab.compare.contestants import Contestant
from seqlab.compare.decision import Rules, compare
from seqlab.metrics.accuracy import Accuracy
from seqlab.metrics.base import Metric
from seqlab.metrics.mae import Mae

COVERED, KEPT, CALLED_DIFFERENT, POWER = 0.93, 0.95, 0.05, 0.8  # what is promised
ERROR_SPREAD = 0.7  # of an error's logarithm


@dataclass(frozen=True)
class World:
    """A study that could have been: what is compared, and how chance acts.

    values         true accuracies (or mean errors), one per contestant
    deterministic  how many of them, from the last, have no seeds
    disagreement   share of examples on which runs of two contestants differ, at values[0]
    own            the same for two runs of one contestant
    seed_sd        of the accuracy (or relative to the mean error), beyond what the examples make
    """

    values: tuple[float, ...]
    seeds: int = 8
    examples: int = 2000
    deterministic: int = 0
    disagreement: float = 0.17
    own: float = 0.11
    seed_sd: float = 0.005
    errors: bool = False

    @property
    def metric(self) -> Metric:
        """The metric whose true values are known."""
        return Mae() if self.errors else Accuracy()

    def draw(self, rng: np.random.Generator) -> list[Contestant]:
        """One study's contestants."""
        between, within, seed_share = self._shares()
        difficulty = rng.normal(0.0, np.sqrt(between), self.examples)
        contestants = []
        for number, value in enumerate(self.values):
            fixed = number >= len(self.values) - self.deterministic
            runs = 1 if fixed else self.seeds
            share = 0.0 if fixed else seed_share
            affinity = rng.normal(0.0, np.sqrt(within - between), self.examples)
            effect = rng.normal(0.0, np.sqrt(share), (runs, 1))
            residual = rng.normal(0.0, np.sqrt(1 - within - share), (runs, self.examples))
            total = effect + difficulty + affinity + residual  # variance 1
            if self.errors:
                outcome = value * np.exp(ERROR_SPREAD * total - ERROR_SPREAD**2 / 2)
            else:
                outcome = (ndtri(value) + total > 0).astype(np.float64)
            statistics = np.stack([outcome, np.ones_like(outcome)], axis=2)
            contestants.append(Contestant(f"c{number}", statistics, deterministic=fixed))
        return contestants

    def _shares(self) -> tuple[float, float, float]:
        """Correlations between contestants and between seeds, and the seed effect's share."""
        if self.errors:
            return 1 - self.disagreement, 1 - self.own, (self.seed_sd / ERROR_SPREAD) ** 2
        h = float(ndtri(self.values[0]))
        slope = np.exp(-(h**2) / 2) / np.sqrt(2 * np.pi)
        between, within = (_correlation(h, d) for d in (self.disagreement, self.own))
        return between, within, float(self.seed_sd / slope) ** 2


def _correlation(h: float, disagreement: float) -> float:
    """Correlation at which two normals fall on different sides of −h that often (Owen 1956)."""

    def excess(rho: float) -> float:
        return float(4 * owens_t(h, np.sqrt((1 - rho) / (1 + rho)))) - disagreement

    return float(brentq(excess, -0.999, 0.999999))


@dataclass(frozen=True)
class Record:
    """How often, of so many drawn studies, what was promised came true."""

    repetitions: int
    best_coverage: float  # all intervals against the best of the others hold their true values
    pair_coverage: float  # all pairs' intervals do
    own_coverage: float  # a contestant's own interval does
    best_kept: float  # the true best is in the winner set
    called_different: float  # the first two: one shown behind, or apart in the pairs' table
    best_shown: float  # the first is shown better than all others
    second_worse: float  # the second is shown worse
    half_width: float  # of the interval of the first two's difference, median


def simulate(world: World, repetitions: int, seed: int = 0, rules: Rules = Rules()) -> Record:
    """Draw studies of a world and hold what the comparison says against the truth."""
    rng = np.random.default_rng(seed)
    judged = [
        _judge(compare(world.draw(rng), world.metric, rules=replace(rules, seed=i)), world)
        for i in range(repetitions)
    ]
    *shares, widths = np.array(judged, dtype=np.float64).T
    seen = [*(share.mean() for share in shares), np.median(widths)]
    return Record(repetitions, *(float(value) for value in seen))


def _judge(comparison: Comparison, world: World) -> tuple[float, ...]:
    true = dict(zip((f"c{i}" for i in range(len(world.values))), world.values, strict=True))
    sign = 1 if comparison.higher_is_better else -1
    shown = {standing.name: standing for standing in comparison.standings}
    best = max(true.values(), key=lambda value: sign * value)
    against = []
    for name, standing in shown.items():
        others = max((v for n, v in true.items() if n != name), key=lambda value: sign * value)
        against.append(standing.low <= true[name] - others <= standing.high)
    pairs = [p.low <= true[p.first] - true[p.second] <= p.high for p in comparison.pairs]
    own = [s.ci_low <= true[name] <= s.ci_high for name, s in shown.items()]
    kept = any(true[name] == best for name in comparison.winner_set)
    pair = comparison.pair("c0", "c1")
    behind = {shown[name].status for name in ("c0", "c1")} & {"worse", "negligible"}
    return (
        all(against),
        all(pairs),
        float(np.mean(own)),
        kept,
        bool(behind) or not pair.low <= 0 <= pair.high,
        comparison.best == "c0" and comparison.best_shown,
        shown["c1"].status == "worse",
        (pair.high - pair.low) / 2,
    )


def apart(count: int) -> tuple[float, ...]:
    """Each half a point behind the one before: true differences to the best are never 0."""
    return tuple(0.8 - 0.005 * step for step in range(count))


def ahead(count: int, gap: float = 0.03) -> tuple[float, ...]:
    """The first ahead of all others, which are equal: none is easier to tell than another."""
    return (0.8, *[0.8 - gap] * (count - 1))


def grid(quick: bool) -> Iterator[World]:
    """Studies of all sizes, a third of the contestants deterministic; then seeds that hardly
    matter and seeds that matter most, and skewed errors.
    """
    seeds = (3, 8) if quick else (3, 5, 8, 20)
    examples = (200, 2000) if quick else (200, 1000, 5000)
    counts = (2, 6) if quick else (2, 6, 16)
    for k, m, n in product(seeds, examples, counts):
        yield World(apart(n), seeds=k, examples=m, deterministic=n // 3)
    for k, sd in product(seeds, (0.0, 0.02)):
        yield World(apart(6), seeds=k, seed_sd=sd)
        yield World((1.0, 1.01, 1.02), seeds=k, errors=True, seed_sd=sd)


def power_worlds() -> Iterator[World]:
    """A gap of 3 points at 8 seeds, 2,000 examples and 6 contestants."""
    for disagreement, deterministic in product((0.15, 0.17, 0.2), (0, 2)):
        yield World(ahead(6), disagreement=disagreement, deterministic=deterministic)


COLUMNS = (
    "  k     M   n det seed sd errors  best covered  pairs    own  best kept    A/A  half-width"
)


def main(arguments: list[str] | None = None) -> int:
    """Print the table; 1 if coverage, A/A rate or power misses what is promised."""
    parser = argparse.ArgumentParser(prog="python -m seqlab.compare.simulation")
    parser.add_argument("--quick", action="store_true", help="a small grid")
    parser.add_argument("--repetitions", type=int, default=200)
    options = parser.parse_args(arguments)
    start = time.perf_counter()
    print(COLUMNS)
    held = [_print_coverage(world, options.repetitions) for world in grid(options.quick)]
    print("power: a gap of 3 points, 8 seeds, 2,000 examples, 6 contestants")
    held += [_print_power(world, options.repetitions) for world in power_worlds()]
    print(f"{time.perf_counter() - start:.0f} s")
    return 0 if all(held) else 1


def _print_coverage(world: World, repetitions: int) -> bool:
    record = simulate(world, repetitions)
    first, _, *others = world.values
    pair = simulate(replace(world, values=(first, first, *others)), repetitions, seed=1)
    held = (
        min(record.best_coverage, record.pair_coverage) >= COVERED
        and record.best_kept >= KEPT
        and pair.called_different <= CALLED_DIFFERENT
    )
    print(
        f"{world.seeds:3d} {world.examples:5d} {len(world.values):3d} {world.deterministic:3d}"
        f" {world.seed_sd:7.3f} {'yes' if world.errors else 'no':>6}"
        f"  {record.best_coverage:12.3f}  {record.pair_coverage:5.3f}  {record.own_coverage:5.3f}"
        f"  {record.best_kept:9.3f}  {pair.called_different:5.3f}"
        f"  {record.half_width:10.4f}{'' if held else '  <- missed'}",
        flush=True,
    )
    return held


def _print_power(world: World, repetitions: int) -> bool:
    record = simulate(world, repetitions)
    held = record.second_worse >= POWER
    print(
        f"  disagreement {world.disagreement:.2f}, {world.deterministic} deterministic:"
        f" one that is 3 points behind is shown worse {record.second_worse:.3f},"
        f" all five at once {record.best_shown:.3f}{'' if held else '  <- missed'}",
        flush=True,
    )
    return held


if __name__ == "__main__":
    sys.exit(main())

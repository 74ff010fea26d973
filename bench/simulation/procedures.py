"""Published procedures on the same studies: how often each calls one worse that is not, and how
often it finds the one that is.

Each decides who is worse than the one with the best mean, as papers do with it:
  paired bootstrap   over examples, runs averaged; 95 % each (Koehn, 2004)
  McNemar            on the first run of each, exact; 5 % each (Dietterich, 1998)
  Nadeau–Bengio      t over runs, variance × (1/k + test/train) with a quarter for test; 5 % each
  rliable            intervals of each mean by a bootstrap over runs that do not overlap
                     (Agarwal et al., 2021)
  Friedman–Nemenyi   ranks within each run, critical difference at 5 % (Demšar, 2006)
  AdaStop            permutations of runs, all pairs stepwise, one look (Mathieu et al., 2024)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, friedmanchisquare, studentized_range, t

from bench.simulation.fields import SECOND, behind, equal
from bench.simulation.worlds import Crossed, Logistic, World
from seqlab.compare.decision import Rules, compare
from seqlab.metrics.base import Array

DRAWS = 1000
LEVEL = 0.05
WORLDS: tuple[tuple[World, World], ...] = (
    (
        Crossed("two-way normal", equal(6)),
        Crossed("", behind(6)),
    ),
    (
        Crossed("one varies four times as much", equal(6), scales=(1, 1, 1, 1, 4, 1)),
        Crossed("", (0.8, 0.8, 0.8, 0.8, 0.78, SECOND), scales=(1, 1, 1, 1, 4, 1)),
    ),
    (
        Crossed("seeds vary by 2 points", equal(6), seed_sd=0.02),
        Crossed("", behind(6), seed_sd=0.02),
    ),
    (Logistic("logistic", equal(6)), Logistic("", behind(6))),
)
Worse = NDArray[np.bool_]  # (n,)
Procedure = Callable[[Array, np.random.Generator], Worse]  # of runs × examples, for each contestant


def table_of_procedures(pool: ProcessPoolExecutor, repetitions: int) -> None:
    """Print, for each world and procedure, false claims among equals and power for a gap."""
    names = ["seqlab", *PROCEDURES]
    print(
        "\n| 6 contestants, 8 seeds, 2,000 examples: false among equals / found 3 points behind | "
        + " | ".join(names)
        + " |\n|---|"
        + "---|" * len(names)
    )
    for same, gap in WORLDS:
        false = _shares(pool, same, repetitions, any)
        found = _shares(pool, gap, repetitions, lambda worse: worse[-1])
        cells = [f"{false[name]:.2f} / {found[name]:.2f}" for name in names]
        print(f"| {same.name} | {' | '.join(cells)} |", flush=True)
    print(
        "\nWho finds more than seqlab in a world also calls equals different more often than 5 % of"
        " the time there: the level is not kept, so the power is no measure."
    )


def _shares(
    pool: ProcessPoolExecutor,
    world: World,
    repetitions: int,
    question: Callable[[Sequence[bool]], bool],
) -> dict[str, float]:
    judged = list(pool.map(_decide, [world] * repetitions, range(repetitions), chunksize=10))
    return {name: float(np.mean([question(one[name]) for one in judged])) for name in judged[0]}


def _decide(world: World, number: int) -> dict[str, list[bool]]:
    """Who is called worse by each procedure, on one study."""
    rng = np.random.default_rng([4, number])
    study = world.draw(rng)
    comparison = compare(study.contestants, world.metric, rules=Rules(seed=number))
    names = [c.name for c in study.contestants]
    worse = {"seqlab": [comparison.standing(n).status in ("worse", "negligible") for n in names]}
    values = np.stack([c.statistics[..., 0] for c in study.contestants if c.statistics is not None])
    for name, procedure in PROCEDURES.items():
        worse[name] = [bool(one) for one in procedure(values, rng)]
    return worse


def paired_bootstrap(values: Array, rng: np.random.Generator) -> Worse:
    """values (n, k, M): the share of draws of examples in which the best is not ahead."""
    means = values.mean(axis=1)  # (n, M)
    best = int(means.mean(axis=1).argmax())
    counts = rng.multinomial(means.shape[1], np.full(means.shape[1], 1 / means.shape[1]), DRAWS)
    lead = counts @ (means[best] - means).T  # (draws, n)
    return np.asarray((lead <= 0).mean(axis=0) < LEVEL)


def mcnemar(values: Array, rng: np.random.Generator) -> Worse:
    """On the first run of each."""
    right = values[:, 0] > 0.5
    best = int(values.mean(axis=(1, 2)).argmax())
    worse = np.zeros(len(values), dtype=bool)
    for i in range(len(values)):
        ahead, behind_ = int((right[best] & ~right[i]).sum()), int((right[i] & ~right[best]).sum())
        if i != best and ahead > behind_:
            worse[i] = binomtest(behind_, ahead + behind_).pvalue < LEVEL
    return worse


def nadeau_bengio(values: Array, rng: np.random.Generator) -> Worse:
    """A corrected t test over runs, the test part being a quarter of the training part."""
    scores = values.mean(axis=2)
    best, k = int(scores.mean(axis=1).argmax()), scores.shape[1]
    differences = scores[best] - scores
    error = np.sqrt((1 / k + 0.25) * differences.var(axis=1, ddof=1))
    error[best] = np.inf
    return np.asarray(2 * t.sf(differences.mean(axis=1) / error, k - 1) < LEVEL)


def rliable(values: Array, rng: np.random.Generator) -> Worse:
    """Percentile intervals of each mean over runs that do not overlap."""
    scores = values.mean(axis=2)
    draws = rng.integers(0, scores.shape[1], (DRAWS, scores.shape[1]))
    low, high = np.quantile(scores[:, draws].mean(axis=2), [0.025, 0.975], axis=1)
    return np.asarray(high < low[int(scores.mean(axis=1).argmax())])


def friedman_nemenyi(values: Array, rng: np.random.Generator) -> Worse:
    """Ranks within each run; nothing where Friedman's test sees nothing."""
    scores = values.mean(axis=2)  # (n, k)
    n, k = scores.shape
    if friedmanchisquare(*scores).pvalue >= LEVEL:
        return np.zeros(n, dtype=bool)
    ranks = scores.argsort(axis=0).argsort(axis=0).mean(axis=1)  # the best has the highest
    critical = studentized_range.isf(LEVEL, n, np.inf) / np.sqrt(2)
    return np.asarray(ranks.max() - ranks > critical * np.sqrt(n * (n + 1) / (6 * k)))


def adastop(values: Array, rng: np.random.Generator) -> Worse:
    """Permutations of the runs of two contestants, the largest of all pairs, stepwise."""
    scores = values.mean(axis=2)
    n, k = scores.shape
    pairs = list(combinations(range(n), 2))
    seen = np.array([abs(scores[a].sum() - scores[b].sum()) for a, b in pairs])
    shuffles = rng.random((DRAWS, 2 * k)).argsort(axis=1)
    drawn = np.empty((DRAWS, len(pairs)))
    for place, (a, b) in enumerate(pairs):
        mixed = np.concatenate([scores[a], scores[b]])[shuffles]
        drawn[:, place] = np.abs(mixed[:, :k].sum(axis=1) - mixed[:, k:].sum(axis=1))
    left = np.ones(len(pairs), dtype=bool)
    while left.any():
        bound = np.quantile(drawn[:, left].max(axis=1), 1 - LEVEL)
        rejected = left & (seen > bound)
        if not rejected.any():
            break
        left &= ~rejected
    means, worse = scores.mean(axis=1), np.zeros(n, dtype=bool)
    for a, b in (pair for pair, kept in zip(pairs, left, strict=True) if not kept):
        worse[b if means[a] > means[b] else a] = True
    return worse


PROCEDURES: dict[str, Procedure] = {
    "paired bootstrap": paired_bootstrap,
    "McNemar": mcnemar,
    "Nadeau–Bengio": nadeau_bengio,
    "rliable": rliable,
    "Friedman–Nemenyi": friedman_nemenyi,
    "AdaStop": adastop,
}

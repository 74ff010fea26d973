"""Whether explanations stay the same: over the seeds of a study, and against untrained weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata, spearmanr

from seqlab.explain.attribution import Attribution
from seqlab.explain.intervals import Estimate, mean_of
from seqlab.explain.methods.base import Case, Method
from seqlab.explain.subject import Subject

Array = NDArray[np.float64]
TOP = 3  # units that are compared


@dataclass(frozen=True)
class Agreement:
    """Over the seeds of one contestant.

    concordance  Kendall's W: 1 where all seeds order the units alike, 1/seeds by chance
    shared       of the top three units, how many two seeds have in common
    """

    method: str
    seeds: int
    examples: int
    concordance: Estimate
    shared: Estimate

    @property
    def sentence(self) -> str:
        """In words."""
        return (
            f"over {self.seeds} seeds {self.method} has {self.shared.value:.1f} of the top {TOP}"
            f" units in common (95 %: {self.shared.low:.1f}–{self.shared.high:.1f}); Kendall's W"
            f" {self.concordance.value:.2f}"
        )


def agreement(case: Case, others: Sequence[Subject], method: Method) -> Agreement | None:
    """Of the same answers by other seeds of the contestant; None where there are no others."""
    seeds = [method.attribute(replace(case, subject=other)) for other in others]
    if len(seeds) < 2:
        return None
    concordances, shares = [], []
    for row in range(len(case.examples)):
        values = np.stack([one.values[row][0] for one in seeds])  # (seeds, units)
        if values.shape[1] > TOP:
            concordances.append(kendalls_w(values))
            shares.append(_in_common(values))
    return Agreement(
        method.name,
        len(seeds),
        len(shares),
        mean_of(np.array(concordances)),
        mean_of(np.array(shares)),
    )


def kendalls_w(values: Array) -> float:
    """Concordance of rows (judges, things), ties averaged: Kendall & Babington Smith (1939)."""
    judges, things = values.shape
    ranks = np.stack([rankdata(row) for row in values])
    spread = float(((ranks.sum(axis=0) - judges * (things + 1) / 2) ** 2).sum())
    ties = sum(
        float((counts**3 - counts).sum())
        for counts in (np.unique(row, return_counts=True)[1] for row in ranks)
    )
    most = judges**2 * (things**3 - things) - judges * ties
    return 12 * spread / most if most > 0 else float("nan")


def _in_common(values: Array) -> float:
    tops = [set(np.argsort(-row, kind="stable")[:TOP].tolist()) for row in values]
    return float(np.mean([len(one & other) for one, other in combinations(tops, 2)]))


def correlation(some: Attribution, others: Attribution) -> Estimate:
    """The mean rank correlation of two explanations of the same examples."""
    found = []
    for ours, theirs in zip(some.values, others.values, strict=True):
        a, b = ours[0], theirs[0]
        if len(a) > 2 and np.ptp(a) > 0 and np.ptp(b) > 0:
            found.append(float(spearmanr(a, b).statistic))
    return mean_of(np.array(found))


def randomised(case: Case, seed: int) -> Subject:
    """The same network with the weights of a seed, before any training.

    An explanation that stays the same is not of what was learned: Adebayo et al. (2018), Sanity
    checks for saliency maps.
    """
    from seqlab.study.building import build_model

    model = case.subject.network("randomisation")
    fresh = build_model(case.subject.task, model.spec, seed).to(case.subject.device).eval()
    return replace(case.subject, name=f"{case.subject.name}, untrained", contestant=fresh)

"""Whether what a comparison said of a drawn study is true in its world."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import numpy as np

from bench.simulation.raced import race
from bench.simulation.worlds import Study, World
from seqlab.compare.comparison import Comparison, Families
from seqlab.compare.costs import Costs
from seqlab.compare.decision import Rules, compare
from seqlab.compare.recommendation import Recommendation, recommend


@dataclass(frozen=True)
class Judgement:
    """One study: 1 or 0 for each question, NaN where it does not arise."""

    false_claim: float  # something was called worse, best or apart that is not
    covered: float  # all intervals against the best of the others hold their true values
    pairs_covered: float  # all pairs' intervals do
    best_covered: float  # the interval of the best mean, less the best of the others, does
    best_kept: float  # a truly best one is in the winner set
    found: float  # the last contestant is shown to be worse
    regret: float  # of the recommendation, in the metric's units
    words_true: float  # every sentence is true
    too_short: float  # the comparison says that the test part cannot decide
    family_claim: float  # one family is called better than another, and is not
    runs: float = 1.0  # of networks, as a share of all seeds for all


@dataclass(frozen=True)
class Record:
    """The means of the judgements of so many drawn studies."""

    repetitions: int
    means: Mapping[str, float]

    def __getitem__(self, question: str) -> float:
        return self.means[question]

    def error(self, question: str) -> float:
        """The standard error of a share."""
        share = self.means[question]
        return float(np.sqrt(max(share * (1 - share), 0.0) / self.repetitions))


def simulate(world: World, repetitions: int, seed: int = 0) -> Record:
    """Draw studies of a world and hold what the comparison says against the truth."""
    judged = [judge_one(world, seed, number) for number in range(repetitions)]
    return record_of(judged)


def record_of(judged: list[Judgement]) -> Record:
    """The means over judgements."""
    names = [field.name for field in fields(Judgement)]
    values = np.array([[getattr(one, name) for name in names] for one in judged])
    with np.errstate(invalid="ignore"):
        means = [
            float(np.nanmean(column)) if np.isfinite(column).any() else float("nan")
            for column in values.T
        ]
    return Record(len(judged), dict(zip(names, means, strict=True)))


def judge_one(world: World, seed: int, number: int, rules: Rules | None = None) -> Judgement:
    """Draw one study and judge it."""
    rng = np.random.default_rng([seed, number])
    study = world.draw(rng)
    comparison = compare(
        study.contestants,
        world.metric,
        blocks=study.blocks,
        rules=rules or Rules(seed=number),
        trivial=study.trivial,
    )
    return judged(comparison, recommend(comparison, _costs(study)), world, study.true)


def judge_race(world: World, seed: int, number: int) -> Judgement:
    """Draw one study whose seeds are run in rounds, and judge what comes of it."""
    study = world.draw(np.random.default_rng([seed, number]))
    comparison, runs = race(study, world.metric, Rules(seed=number))
    advice = recommend(comparison, _costs(study))
    return replace(judged(comparison, advice, world, study.true), runs=runs)


def _costs(study: Study) -> dict[str, Costs]:
    """Each a bit dearer than the one before."""
    return {
        c.name: Costs("model", 1, latency_ms_p50=1.0 + i) for i, c in enumerate(study.contestants)
    }


def judged(
    comparison: Comparison,
    advice: Recommendation,
    world: World,
    as_tuned: Mapping[str, float] | None = None,
) -> Judgement:
    """What was said, against the truth: of families by the world, of contestants as tuned."""
    sign = 1.0 if comparison.higher_is_better else -1.0
    of_families = {name: sign * v for name, v in world.truth(comparison.restarts).items()}
    true = {name: sign * v for name, v in as_tuned.items()} if as_tuned else of_families
    best = max(true.values())
    close = 1e-9
    false_claim = 0.0
    covered, best_covered = True, True
    for standing in comparison.standings:
        others = max(v for n, v in true.items() if n != standing.name)
        gap = true[standing.name] - others
        low, high = sorted((sign * standing.low, sign * standing.high))
        holds = low - close <= gap <= high + close
        covered &= holds
        if standing.status == "best":
            best_covered = holds
        if standing.status in ("worse", "negligible") and true[standing.name] >= best - close:
            false_claim = 1.0
        if standing.status == "tied" and best - true[standing.name] > comparison.delta + close:
            false_claim = 1.0
    if comparison.best_shown and true[str(comparison.best)] < best - close:
        false_claim = 1.0
    for pair in comparison.pairs:
        truly = sign * (true[pair.first] - true[pair.second])
        if pair.shown and truly * sign * pair.difference <= close * abs(pair.difference):
            false_claim = 1.0
    pairs = [
        p.low - close <= (true[p.first] - true[p.second]) * sign <= p.high + close
        for p in comparison.pairs
    ]
    last = comparison.standing(f"c{len(true) - 1}")
    chosen = advice.name
    return Judgement(
        false_claim=false_claim,
        covered=float(covered),
        pairs_covered=float(all(pairs)),
        best_covered=float(best_covered),
        best_kept=float(any(true[name] >= best - close for name in comparison.winner_set)),
        found=float(last.status == "worse"),
        regret=best - true[chosen] if chosen is not None else float("nan"),
        words_true=float(_words_true(advice, (true, of_families), comparison.delta)),
        too_short=float(bool(comparison.short)),
        family_claim=float(
            any(_false_of_families(m, of_families, sign) for m in comparison.families)
        ),
    )


def _false_of_families(match: Families, true: Mapping[str, float], sign: float) -> bool:
    """Whether it is shown that a family is ahead that is not, by the members it has here."""
    truly = true[match.first_member] - true[match.second_member]
    return match.decided and truly * sign * match.difference <= 0


def _words_true(
    advice: Recommendation, truths: tuple[Mapping[str, float], Mapping[str, float]], delta: float
) -> bool:
    """Whether no sentence says what is false: shown to be best, equal within, ahead.

    `truths` are those of the contestants, and of the families.
    """
    true, of_families = truths
    best = max(true.values())
    for sentence in (advice.headline, *advice.details, *advice.families):
        claimed = "shown to be the best" in sentence and advice.name is not None
        if claimed and true[str(advice.name)] < best - 1e-9:
            return False
        equal = re.match(r"(.+) are shown to be equal within", sentence)
        if equal:
            named = re.findall(r"c\d+", equal.group(1))
            if max(true[n] for n in named) - min(true[n] for n in named) > delta + 1e-9:
                return False
        ahead = re.search(r"\((c\d+)\) against \w+ \((c\d+)\): ahead by", sentence)
        if ahead and of_families[ahead.group(1)] <= of_families[ahead.group(2)] + 1e-9:
            return False
    return True

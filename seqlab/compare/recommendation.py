"""Which contestant to use, in words: the headline, what stands behind it, and what could change."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from seqlab.compare.answer import Answer, collapses, family_sentence, hundredths, preview_note
from seqlab.compare.choice import NO_LIMITS, Case, Prefer
from seqlab.compare.comparison import Comparison, plain
from seqlab.compare.contestants import Margin
from seqlab.compare.costs import ALIKE, ORDER, Constraints, Costs, amount
from seqlab.compare.wording import listed

__all__ = ["Constraints", "Costs", "Recommendation", "Wishes", "recommend"]

WORTH_TELLING = 5  # of 100 draws in which a contestant is the first
FAILED = "every contestant failed"


@dataclass(frozen=True)
class Wishes:
    """What the user declared beforehand: limits, the rule of the choice, or an exchange.

    prefer  balanced, quality or cost (`choice.py`)
    accept  how far behind the best mean the cheapest may be; None: by the rule
    """

    constraints: Constraints = NO_LIMITS
    prefer: Prefer = "balanced"
    accept: Margin | None = None


@dataclass(frozen=True)
class Recommendation:
    """`name` is None where nothing can be recommended; `headline` says so then."""

    name: str | None
    headline: str
    details: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    could_change: tuple[str, ...] = ()
    families: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The headline and what stands behind it."""
        return " ".join((self.headline, *self.details))

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {**cast(dict[str, Any], plain(self)), "sentence": self.sentence}


def recommend(
    comparison: Comparison,
    costs: Mapping[str, Costs],
    wishes: Wishes = Wishes(),
    training: str = "",
) -> Recommendation:
    """Whom to use by the rule of `choice.py`, and the words for it.

    A cost within 10 % of another counts as the same, and the next one decides. A contestant whose
    costs were not measured meets no constraint, and is not cheaper than one whose costs were.
    Where only the best of several runs is kept, training takes as many runs. `training` is a
    sentence on how training was cut, told right after the headline.
    """
    case = _case(comparison, costs, wishes)
    if not case.running:
        left = [s.name for s in comparison.standings if s.status != "failed"]
        reason = f"only {listed(left)} is left, which learns nothing" if left else FAILED
        headline = f"Nothing can be recommended: {reason}."
        return Recommendation(None, headline, reasons=tuple(_failures(comparison)))
    families = tuple(family_sentence(match, case) for match in comparison.families)
    changes = tuple(_could_change(case))
    if not case.fitting:
        return Recommendation(
            None, _nothing_fits(case), (), tuple(_reasons(case)), changes, families
        )
    answer = Answer(case)
    details = tuple(text for text in (training, *answer.sentences()) if text)
    return Recommendation(
        case.chosen, answer.headline(), details, tuple(_reasons(case)), changes, families
    )


def _case(comparison: Comparison, costs: Mapping[str, Costs], wishes: Wishes) -> Case:
    known = {}
    for standing in comparison.standings:
        cost = costs.get(standing.name, Costs("model", 0))
        runs = 1 if standing.deterministic else comparison.restarts
        known[standing.name] = replace(cost, train_seconds=runs * cost.train_seconds)
    return Case(comparison, known, wishes.constraints, wishes.prefer, wishes.accept)


def _nothing_fits(case: Case) -> str:
    limits = case.constraints.told()
    if not limits:
        return "Nothing can be recommended: too many runs of every contestant came to nothing."
    names = [standing.name for standing in case.running]
    closest = min(names, key=lambda name: case.constraints.excess(case.costs[name]))
    return (
        f"Nothing can be recommended: no contestant stays within {limits}; {closest} comes closest"
        f" with {case.constraints.told(case.costs[closest])}."
    )


def _reasons(case: Case) -> Iterator[str]:
    """What the recommendation rests on."""
    comparison = case.comparison
    if case.fitting:
        yield from _costs(case)
    if math.isfinite(comparison.half_width) and case.units.tells(comparison.half_width):
        width = case.units.difference(comparison.half_width)
        yield f"differences between contestants are known here to within about {width}"
    elif comparison.pairs:
        yield (
            "differences between contestants are hardly known here: more seeds or more test"
            " examples would tell them"
        )
    beyond = [s.name for s in case.running if case.constraints.broken(case.costs[s.name])]
    if beyond and case.fitting:
        yield f"left aside, as not within {case.constraints.told()}: {listed(beyond)}"
    worse = [s.name for s in comparison.standings if s.status == "worse"]
    if worse:
        yield f"shown to be worse, and not shown to be within {case.margin}: {listed(worse)}"
    unstable = [s.name for s in comparison.standings if s.status == "unstable"]
    if unstable:
        yield f"not chosen, as a third of the runs or more came to nothing: {listed(unstable)}"
    if not case.fitting:
        yield from collapses(case)
    yield from _failures(comparison)


def _costs(case: Case) -> Iterator[str]:
    costs = case.costs[case.chosen]
    known = {unit: getattr(costs, cost) for cost, unit in ORDER.items()}
    told = [f"{amount(cost)} {unit}" for unit, cost in known.items() if not math.isnan(cost)]
    if told:
        yield f"{case.chosen} costs {', '.join(told)}; costs within 10 % of each other are equal"
    likely = [s for s in case.running if s.tuned_first >= WORTH_TELLING]
    firsts = [f"{s.name} first in {hundredths(s.tuned_first)}" for s in likely]
    if len(firsts) > 1:
        yield "scores are those of the networks as tuned; had tuning gone differently:" + (
            f" {', '.join(firsts)}"
        )


def _could_change(case: Case) -> Iterator[str]:
    """What could change the verdict, beyond what would decide the undecided (`power.needed`)."""
    comparison = case.comparison
    yield from preview_note(case)
    if case.fitting:
        name = case.chosen
        limit = ALIKE * case.costs[name].latency_ms_p50
        near = [n for n in case.contenders if case.gap(n) <= comparison.delta and n != name]
        alike = [n for n in near if case.costs[n].latency_ms_p50 <= limit]
        if alike:
            names = f"{listed(alike)} {'is' if len(alike) == 1 else 'are'}"
            yield f"a more exact measurement of latency: {names} as fast as {name} within 10 %"
        beyond = [s.name for s in case.running if s.name not in case.fitting]
        if any(case.gap(n) < 0 for n in beyond if case.constraints.broken(case.costs[n])):
            yield "other limits: a contestant beyond them has a better mean"
    if comparison.looks > 1:
        yield (
            f"this is look number {comparison.looks} at the test set; each look must be surer of"
            " what it shows than the one before"
        )


def _failures(comparison: Comparison) -> Iterator[str]:
    for standing in comparison.standings:
        if standing.status == "failed":
            yield f"{standing.name} failed: {standing.reason}"

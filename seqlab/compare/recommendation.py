"""Which contestant to use: the cheapest of the winner set that meets the constraints, in words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from seqlab.compare.answer import Case
from seqlab.compare.comparison import VERDICT_SEEDS, Comparison, plain
from seqlab.compare.costs import ALIKE, ORDER, Constraints, Costs, amount, cheapest
from seqlab.compare.wording import counted, listed

__all__ = ["Constraints", "Costs", "Recommendation", "recommend"]


@dataclass(frozen=True)
class Recommendation:
    """`name` is None where nothing can be recommended; `sentence` says so then."""

    name: str | None
    sentence: str
    reasons: tuple[str, ...] = ()
    could_change: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return cast(dict[str, Any], plain(self))


def recommend(
    comparison: Comparison, costs: Mapping[str, Costs], constraints: Constraints
) -> Recommendation:
    """The cheapest of the winner set within the constraints: latency, then memory, then training.

    A cost within 10 % of another counts as the same, and the next one decides. A contestant whose
    costs were not measured meets no constraint, and is not cheaper than one whose costs were.
    """
    if comparison.best is None:
        sentence = "Nothing can be recommended: every contestant failed."
        return Recommendation(None, sentence, tuple(_failures(comparison)))
    unmeasured = Costs("model", 0)
    known = {s.name: costs.get(s.name, unmeasured) for s in comparison.standings}
    case = Case(comparison, known, constraints)
    name = cheapest(case.fitting, known) if case.fitting else None
    return Recommendation(
        name,
        case.nothing_fits() if name is None else case.sentence(name),
        tuple(_reasons(case, name)),
        tuple(_could_change(case, name)),
    )


def _reasons(case: Case, name: str | None) -> Iterator[str]:
    """What the recommendation rests on."""
    comparison, costs = case.comparison, case.costs
    if name is not None:
        yield f"{name} {_standing(case, name)}"
        known = {unit: getattr(costs[name], cost) for cost, unit in ORDER.items()}
        told = [f"{amount(cost)} {unit}" for unit, cost in known.items() if not math.isnan(cost)]
        if told:
            yield f"{name} costs {', '.join(told)}; costs within 10 % of each other count as equal"
    if math.isfinite(comparison.half_width):
        known_to = f"known here to within about {case.units.difference(comparison.half_width)}"
        if not case.units.tells(comparison.half_width):
            known_to = "hardly known here: more seeds or more test examples would tell them"
        yield f"differences between contestants are {known_to}"
    left_out = [n for n in comparison.winner_set if n not in case.fitting]
    if left_out and name is not None:
        yield f"left aside, as not within {case.constraints.told()}: {listed(left_out)}"
    worse = [s.name for s in comparison.standings if s.status == "worse"]
    if worse:
        yield f"shown to be worse, and not shown to be within {case.margin}: {listed(worse)}"
    yield from _failures(comparison)


def _standing(case: Case, name: str) -> str:
    match case.comparison.standing(name).status:
        case "best" if case.comparison.best_shown:
            return "is shown to be better than all others"
        case "best":
            return "has the best mean, which is not shown to be better than all others'"
        case "tied":
            return f"is shown to be within the margin of {case.margin} of the best"
        case "negligible":
            return f"is shown to be worse than the best, by less than the margin of {case.margin}"
        case _:
            return (
                f"may be better than the best of the others or worse, by more than the margin of"
                f" {case.margin}"
            )


def _could_change(case: Case, name: str | None) -> Iterator[str]:
    """What could change the verdict, beyond what would decide the undecided (`power.needed`)."""
    comparison, costs = case.comparison, case.costs
    if comparison.preview:
        seeds = counted(comparison.seeds, "seed")
        yield f"more seeds: with {seeds} this is a preview, a verdict takes {VERDICT_SEEDS}"
    if name is not None:
        limit = ALIKE * costs[name].latency_ms_p50
        alike = [n for n in case.fitting if n != name and costs[n].latency_ms_p50 <= limit]
        if alike:
            names = f"{listed(alike)} {'is' if len(alike) == 1 else 'are'}"
            yield f"a more exact measurement of latency: {names} as fast as {name} within 10 %"
    if len(case.fitting) < len(comparison.winner_set):
        yield "other limits: the winner set holds contestants beyond them"
    if comparison.looks > 1:
        yield (
            f"this is look number {comparison.looks} at the test set; each look must be surer of"
            " what it shows than the one before"
        )


def _failures(comparison: Comparison) -> Iterator[str]:
    for standing in comparison.standings:
        if standing.status == "failed":
            yield f"{standing.name} failed: {standing.reason}"

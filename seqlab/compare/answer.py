"""The sentence that answers the question: what to use, why, how sure, and against what baseline."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from seqlab.compare.comparison import VERDICT_SEEDS, Comparison, Standing
from seqlab.compare.costs import ORDER, Constraints, Costs, amount, cheapest, dearer_in
from seqlab.compare.wording import Units, counted, listed, tested_on


@dataclass(frozen=True)
class Case:
    """A comparison, every contestant's costs, and the user's limits."""

    comparison: Comparison
    costs: Mapping[str, Costs]
    constraints: Constraints

    @property
    def fitting(self) -> list[str]:
        """Members of the winner set within the limits."""
        return [n for n in self.comparison.winner_set if not self.constraints.broken(self.costs[n])]

    @property
    def margin(self) -> str:
        """The margin in words."""
        return self.units.difference(self.comparison.delta)

    @property
    def units(self) -> Units:
        """How the metric's numbers are told."""
        return Units.of(self.comparison)

    def sentence(self, name: str) -> str:
        """Why to use `name`, the cheapest of those that fit."""
        seeds = self.comparison.seeds
        use = (
            f"A preview with {counted(seeds, 'seed')}, where a verdict takes {VERDICT_SEEDS}: use"
            if self.comparison.preview
            else "Use"
        )
        head = f"{use} {name}{', a baseline' if self._is_baseline(name) else ''}:"
        parts = [head, self._why(name), self._certainty(name), self._baselines(name)]
        return " ".join(part for part in parts if part)

    def nothing_fits(self) -> str:
        """Who of the winner set comes closest to the limits, and who would meet them."""
        winners, limits = self.comparison.winner_set, self.constraints.told()
        closest = min(winners, key=lambda name: self.constraints.excess(self.costs[name]))
        which = f"none of {listed(winners)} does" if len(winners) > 1 else f"{closest} does not"
        if len(winners) == 2:
            which = f"neither {' nor '.join(winners)} does"
        sentence = (
            f"Nothing can be recommended: a recommended contestant must stay within {limits} and"
            f" not be shown to be worse than the best, and {which} (closest: {closest} with"
            f" {self.constraints.told(self.costs[closest])})."
        )
        worse = [s for s in self.comparison.standings if s.status == "worse"]
        meeting = [s for s in worse if not self.constraints.broken(self.costs[s.name])]
        if not meeting:
            return f"{sentence} No other contestant does either."
        return (
            f"{sentence} The best that does is {meeting[0].name}, whose {self._value(meeting[0])}"
            f" is {self._gap(meeting[0])} behind {self.comparison.best}'s."
        )

    # -- the parts of the sentence -------------------------------------------------------------

    def _why(self, name: str) -> str:
        running = [s for s in self.comparison.standings if s.status != "failed"]
        winners = self.comparison.winner_set
        stands_on = tested_on(self.comparison)
        if len(running) == 1:
            return (
                f"it is the only contestant that finished, with a test {self._value(running[0])},"
                " and there is nothing to compare it with."
            )
        if len(winners) == 1:
            others = (
                "the other contestant" if len(running) == 2 else f"all {len(running) - 1} others"
            )
            return (
                f"its {self._value(running[0])} is shown to be better than {others} on {stands_on}"
                f" ({self._confidence}); the next, {running[1].name}, is {self._gap(running[1])}"
                " behind."
            )
        return f"{self._together()} on {stands_on}, and it is {self._cheap(name)}."

    def _together(self) -> str:
        """How the members of the winner set stand to each other."""
        winners, best = self.comparison.winner_set, self.comparison.best
        others = [name for name in winners if name != best]
        statuses = {self.comparison.standing(name).status for name in others}
        if statuses == {"undecided"}:
            return f"{listed(winners)} cannot be told apart"
        if statuses == {"tied"}:
            return f"{listed(winners)} are shown to be equal within {self.margin}"
        if statuses == {"negligible"}:
            are = "is" if len(others) == 1 else "are"
            return f"{listed(others)} {are} shown to be behind {best} by less than {self.margin}"
        return f"none of {listed(winners)} is shown to be behind by {self.margin} or more"

    def _cheap(self, name: str) -> str:
        """That it is the cheapest, of whom, and by how much."""
        others = [other for other in self.fitting if other != name]
        limits = self.constraints.told()
        if not others:
            return f"the only one of them within {limits}"
        within = f" within {limits}" if limits else ""
        if all(math.isnan(getattr(self.costs[name], cost)) for cost in ORDER):
            return f"the first of them{within}, as no costs were measured"
        best = str(self.comparison.best)
        rival = best if best in others else cheapest(others, self.costs)
        cost = dearer_in(name, rival, self.costs)
        if cost is None:
            return f"as cheap as any of them{within}"
        mine, its = (amount(getattr(self.costs[n], cost)) for n in (name, rival))
        return f"the cheapest of them{within} ({mine} {ORDER[cost]}; {rival} {its})"

    def _certainty(self, name: str) -> str:
        """How far one of several winners is from the best of the others, and may be."""
        if len(self.comparison.winner_set) == 1:
            return ""
        standing = self.comparison.standing(name)
        if not (math.isfinite(standing.low) and math.isfinite(standing.high)):
            return "With a single seed nothing shows how far chance alone would go."
        value = f"Its {self._value(standing)}"
        if name != self.comparison.best:
            value += f" is {self._gap(standing)} behind {self.comparison.best}'s, the best mean"
        elif self.comparison.best_shown:
            return f"{value} is shown to be the best ({self._confidence})."
        else:
            value += " is the best mean"
        if not (self.units.tells(standing.low) and self.units.tells(standing.high)):
            stands_on = tested_on(self.comparison)
            return f"{value}; {stands_on} do not tell how far chance alone would go."
        worse, better = standing.low, standing.high
        if not self.comparison.higher_is_better:
            worse, better = better, worse
        reach = f"up to {self.units.difference(worse)} worse"
        if better:
            reach += f" or {self.units.difference(better)} better"
        return (
            f"{value}; in truth it may be {reach} than the best of the others ({self._confidence})."
        )

    def _baselines(self, name: str) -> str:
        running = [s.name for s in self.comparison.standings if s.status != "failed"]
        if all(self._is_baseline(other) for other in running):
            return ""
        winners = self.comparison.winner_set
        if self._is_baseline(name):
            if all(self._is_baseline(other) for other in winners):
                return "No neural network comes up to it here."
            return "No neural network is shown to be worth its cost here."
        baselines = [other for other in winners if self._is_baseline(other)]
        if not baselines:
            return ""
        noun = "baseline" if len(baselines) == 1 else "baselines"
        return f"No neural network is shown to be better than the {noun} {listed(baselines)}."

    # -- words ---------------------------------------------------------------------------------

    @property
    def _confidence(self) -> str:
        return f"{100 * (1 - self.comparison.level):.0f} % confidence"

    def _is_baseline(self, name: str) -> bool:
        return self.costs[name].kind == "baseline"

    def _value(self, standing: Standing) -> str:
        return f"{self.comparison.metric} of {self.units.value(standing.mean)}"

    def _gap(self, standing: Standing) -> str:
        return self.units.difference(standing.mean - self.comparison.standings[0].mean)

"""The answer in words: a headline of at most 25 words, answer first, and what stands behind it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from seqlab.compare.choice import PROBABLY, Case
from seqlab.compare.comparison import FEW_UNITS, VERDICT_SEEDS, Families, Standing
from seqlab.compare.costs import ORDER, amount, cheapest, dearer_in
from seqlab.compare.families import BASELINES
from seqlab.compare.regret import expected_regret
from seqlab.compare.restarts import RESTARTS
from seqlab.compare.wording import counted, listed, tested_on

FAMILY_WORDS = {  # the first that a contestant belongs to names it
    BASELINES: "a baseline",
    "recurrent": "recurrent",
    "attention": "attention",
    "modern": "modern",
}
QUESTION = ("recurrent", "attention")  # which of the two it is, is what people ask
NAMED = 3  # contestants in a headline; more are counted
LEVEL_WORDS = {"majority": "the majority class"}


@dataclass(frozen=True)
class Answer:
    """The words for a case in which something can be recommended."""

    case: Case

    # -- the headline ----------------------------------------------------------------------------

    def headline(self) -> str:
        """What to use, first of all; before it, only that few seeds were run."""
        comparison, words = self.case.comparison, self._headline()
        if comparison.preview:
            return f"Preview ({counted(comparison.seeds, 'seed')}) – {words}"
        return f"{words[0].upper()}{words[1:]}"

    def _headline(self) -> str:
        case, chosen = self.case, self.case.chosen
        value = case.units.value(case.comparison.standing(chosen).mean)
        if len(case.running) == 1:
            return f"use {chosen} ({value}): nothing else finished."
        if case.comparison.short:
            number = counted(len(case.fitting), "contestant")
            return (
                f"too short a test part to decide between {number}. Take {chosen} ({value}):"
                f" {self._why}."
            )
        if self._level_not_beaten:
            return (
                f"nobody is shown to beat {self._level_not_beaten}: more training or more data may"
                f" change that. Of these take {chosen} ({value})."
            )
        if case.chosen not in case.close or len(case.close) == 1 or self._one_family(case.close):
            probably = len(case.contenders) > len(case.close)
            start = " ".join(["probably"] * probably + [self._family_word(chosen)]).strip()
            colon = ":" * bool(self._family_word(chosen))
            return f"{start}{colon} use {chosen} ({value}){self._company}. {self._trail}".strip()
        spread = max(case.gap(n) for n in case.close) - min(case.gap(n) for n in case.close)
        return (
            f"too close to call: {_few(case.close)} lie within {case.units.difference(spread)}."
            f" Take {chosen}: {self._why}."
        )

    @property
    def _level_not_beaten(self) -> str:
        """What needs no learning, where the best is not shown to be better; or nothing."""
        comparison = self.case.comparison
        for standing in comparison.standings:
            if standing.trivial and standing.status not in ("worse", "negligible", "failed"):
                value = self.case.units.value(standing.mean)
                return f"{LEVEL_WORDS.get(standing.name, standing.name)} ({value})"
        return ""

    @property
    def _company(self) -> str:
        """Who of the same family is as good; or how far below the best it is, as was accepted."""
        case = self.case
        if case.chosen not in case.close:
            return f", {case.units.difference(case.gap(case.chosen))} below {case.best}"
        others = [name for name in case.close if name != case.chosen]
        return f", close to {_few(others)}" if others else ""

    @property
    def _trail(self) -> str:
        """How far the best of the other family and the best baseline are behind."""
        case = self.case
        ours = self._main_family(case.chosen)
        others: list[Standing] = []
        for family in (*QUESTION, BASELINES):
            members = [
                s
                for s in case.running
                if family in s.families and s.name not in case.close and family != ours
            ]
            if members and case.gap(members[0].name, case.chosen) > 0:
                others.append(members[0])
        told = [
            f"{s.name} {'trails ' if i == 0 else ''}by"
            f" {case.units.difference(case.gap(s.name, case.chosen))}{self._unsteady(s)}"
            for i, s in enumerate(others)
        ]
        return f"{', '.join(told)}." if told else ""

    def _unsteady(self, standing: Standing) -> str:
        return f" (fails in {standing.came_to_nothing} of {standing.runs} runs)" * bool(
            standing.came_to_nothing > 0
        )

    @property
    def _why(self) -> str:
        """Why this one of several that are close."""
        case = self.case
        if case.prefer == "quality" or case.chosen == case.best:
            others = [name for name in case.close if name != case.chosen]
            dearer = all(dearer_in(case.chosen, other, case.costs) for other in others)
            return "the best and the cheapest" if dearer else "the best mean"
        if self._unmeasured:
            return "the first of them"
        return "the cheapest" if cheapest(case.close, case.costs) == case.chosen else "cheaper"

    @property
    def _unmeasured(self) -> bool:
        costs = self.case.costs[self.case.chosen]
        return all(math.isnan(getattr(costs, cost)) for cost in ORDER)

    # -- families ------------------------------------------------------------------------------

    def _main_family(self, name: str) -> str:
        if self.case.is_baseline(name):
            return BASELINES
        families = self.case.comparison.standing(name).families
        return next((family for family in FAMILY_WORDS if family in families), "")

    def _family_word(self, name: str) -> str:
        """The family's name, where families are what is asked about."""
        present = {self._main_family(s.name) for s in self.case.running}
        return FAMILY_WORDS.get(self._main_family(name), "") if set(QUESTION) <= present else ""

    def _one_family(self, names: list[str]) -> bool:
        families = {self._main_family(name) for name in names}
        return len(families) == 1 and families != {""}

    # -- what stands behind it -----------------------------------------------------------------

    def sentences(self) -> Iterator[str]:
        """What someone should know beside the headline, the most important first."""
        comparison = self.case.comparison
        yield from collapses(self.case)
        if comparison.short:
            yield f"{comparison.short[0].upper()}{comparison.short[1:]}."
        yield self._certainty()
        yield from self._baselines()
        yield from self._regret()
        if comparison.unit != "test example" and comparison.units < FEW_UNITS:
            yield (
                f"With {counted(comparison.units, 'independent ' + comparison.unit)}, how far"
                " others like them would differ is hardly known."
            )

    def _certainty(self) -> str:
        """How sure it is that this is the best of those that fit."""
        case, comparison = self.case, self.case.comparison
        stands_on = tested_on(comparison)
        others = [name for name in case.contenders if name != case.chosen]
        confidence = f"{100 * (1 - comparison.level):.0f} % confidence"
        if len(case.running) == 1:
            return "There is nothing to compare it with."
        if comparison.seeds == 1 and not comparison.standing(case.chosen).deterministic:
            return "With a single seed nothing shows how far chance alone would go."
        if not others:
            among = f" within {case.constraints.told()}" if case.constraints.given else ""
            return f"It is shown to be the best{among} on {stands_on} ({confidence})."
        statuses = {self._against(name) for name in others}
        if statuses == {"within"}:
            return (
                f"{listed(case.contenders)} are shown to be equal within {case.margin} on"
                f" {stands_on} ({confidence})."
            )
        probably = [name for name in case.contenders if name not in case.close]
        told = []
        if len(case.close) > 1:
            told.append(f"{listed(case.close)} cannot be told apart on {stands_on}")
        told += [
            f"{case.best} is probably better than {name}"
            f" ({hundredths(comparison.pair(case.best, name).likely)})"
            for name in probably
        ]
        return f"{'; '.join(told)}."

    def _against(self, name: str) -> str:
        """Whether the difference to the choice is shown to be within the margin."""
        pair, delta = self.case.comparison.pair(self.case.chosen, name), self.case.comparison.delta
        return "within" if -delta < pair.low and pair.high < delta else "open"

    def _baselines(self) -> Iterator[str]:
        """What a network buys, if a baseline is within the margin; or that none is worth it."""
        case = self.case
        baselines = [s.name for s in case.running if case.is_baseline(s.name)]
        networks = [s.name for s in case.running if not case.is_baseline(s.name)]
        if not baselines or not networks or case.comparison.short:
            return
        if case.is_baseline(case.chosen):
            best = networks[0]
            gap = case.gap(best, case.chosen)
            if gap > 0:
                yield f"No neural network comes up to it here; the best, {best}, is" + (
                    f" {case.units.difference(gap)} behind."
                )
            else:
                yield (
                    f"The best neural network, {best}, is {case.units.difference(gap)} ahead"
                    f"{self._at_what_cost(best, case.chosen)}."
                )
            return
        gap = case.gap(baselines[0], case.chosen)
        if gap <= case.comparison.delta:
            side = "behind" if gap > 0 else "ahead"
            yield (
                f"The baseline {baselines[0]} is {case.units.difference(gap)} {side}"
                f"{self._at_what_cost(baselines[0], case.chosen)}."
            )

    def _at_what_cost(self, name: str, other: str) -> str:
        costs = self.case.costs
        cost = dearer_in(name, other, costs) or dearer_in(other, name, costs)
        if cost is None:
            return ""
        its, the_others = (amount(getattr(costs[n], cost)) for n in (name, other))
        return f", at {its} {ORDER[cost]} instead of {the_others}"

    def _regret(self) -> Iterator[str]:
        case = self.case
        regret = expected_regret(case.comparison, case.chosen, case.contenders)
        if regret is None or not case.units.tells(regret.at_most):
            return
        average, most = (case.units.difference(v) for v in (regret.average, regret.at_most))
        yield (
            f"{case.chosen} is on average {average} below the best of these in truth, and"
            f" in 95 of 100 cases at most {most}."
        )


def collapses(case: Case) -> Iterator[str]:
    """Whose seeds came to nothing, and which score is told because of it."""
    comparison = case.comparison
    told = [_collapse(standing, case) for standing in case.running if standing.came_to_nothing > 0]
    if not told:
        return
    text = "; ".join(told)
    if comparison.restarts > 1:
        yield (
            f"{text}. Scores are those of the best of {RESTARTS} runs by validation, and training"
            f" costs {RESTARTS} runs."
        )
    else:
        yield f"{text}. Scores count every run, and a lost one as the trivial baseline."


def _collapse(standing: Standing, case: Case) -> str:
    trivial = next((s.name for s in case.comparison.standings if s.trivial), "")
    level = LEVEL_WORDS.get(trivial, f"the level of {trivial}" if trivial else "the trivial level")
    collapsed = standing.came_to_nothing - standing.lost
    seeds = counted(standing.runs, "seed")
    parts = [f"collapsed to {level}"] * bool(collapsed) + ["ended without a result"] * bool(
        standing.lost
    )
    counts = [n for n in (collapsed, standing.lost) if n]
    told = " and ".join(f"{n} {what}" for n, what in zip(counts, parts, strict=True))
    if len(parts) == 1:
        return f"{standing.name}: {counts[0]} of {seeds} {parts[0]}"
    return f"{standing.name}: of {seeds} {told}"


def family_sentence(match: Families, case: Case) -> str:
    """One family against another: who is ahead, by how much, and how sure it is."""
    ahead = (match.difference > 0) == case.comparison.higher_is_better
    order = ((match.first, match.first_member), (match.second, match.second_member))
    (winner, best), (loser, second) = order if ahead else order[::-1]
    likely = match.likely if ahead else 100 - match.likely
    gap = case.units.difference(match.difference)
    names = f"{winner} ({best}) against {loser} ({second})"
    if match.decided:
        return f"{names}: ahead by {gap}, shown with {_confidence(case)}"
    if math.isnan(likely):
        return f"{names}: {gap} apart; nothing shows how far chance alone would go"
    if likely >= PROBABLY:
        return f"{names}: probably ahead, by {gap} ({hundredths(likely)})"
    return f"{names}: too close to call, {gap} apart ({hundredths(likely)} for {winner})"


def _confidence(case: Case) -> str:
    return f"{100 * (1 - case.comparison.level):.0f} % confidence"


def hundredths(likely: float) -> str:
    """A probability as people read it: never none, never all."""
    return f"{min(max(round(likely), 1), 99)} of 100"


def _few(names: list[str]) -> str:
    """Names as in "a, b and c", or "a, b, c and 2 more"."""
    if len(names) <= NAMED:
        return listed(names)
    return f"{', '.join(names[:NAMED])} and {len(names) - NAMED} more"


def preview_note(case: Case) -> Iterator[str]:
    """That fewer seeds than a verdict needs were run."""
    if case.comparison.preview:
        seeds = counted(case.comparison.seeds, "seed")
        yield f"more seeds: with {seeds} this is a preview, a verdict takes {VERDICT_SEEDS}"

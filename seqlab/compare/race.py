"""Verdict seeds in rounds: who is shown to be worse runs no more, and all stop when more seeds
would change nothing.

After 2, 3, 5, 8 … seeds those that still run are compared. Each round may err with a share of what
the look may spend, such that all rounds together err with no more than the whole, whatever makes
the race stop (group-sequential tests: Lan and DeMets, 1983). As rounds see the same test examples,
and each the seeds of those before, their errors often coincide: the shares add up to more than 1.
They are set for the case in which seeds alone make the difference, where rounds have least in
common. Stopping for futility shows nothing and so costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from seqlab.compare.comparison import Comparison, Pair, Standing, plain
from seqlab.compare.need import chances_by_seeds
from seqlab.compare.wording import Units, counted, listed

# The seeds after which a round ends, and its share of the level; and that of the last round, by the
# most seeds of the race.
EARLY = {2: 0.08, 3: 0.14, 5: 0.24, 8: 0.14, 12: 0.12}
LAST = {2: 1.0, 3: 0.95, 4: 0.9, 5: 0.86, 8: 0.7, 12: 0.6, 16: 0.52, 20: 0.47}
LEAST_LAST = 0.45
FEWEST_TO_STOP = 3  # seeds: with two, how far seeds differ is hardly known
FUTILE = 0.1  # the chance that the most seeds decide, below which they are not worth their time


def rounds(most: int, done: int = 0) -> tuple[int, ...]:
    """The numbers of seeds after which contestants are compared, after `done` and up to `most`."""
    return (*(seeds for seeds in EARLY if done < seeds < most), most)


def share_of(seeds: int, most: int) -> float:
    """The share of the level of a round after so many seeds, in a race up to `most`."""
    if seeds < most:
        return EARLY[seeds]
    return next((share for ends, share in LAST.items() if most <= ends), LEAST_LAST)


@dataclass(frozen=True)
class Exit:
    """A contestant that was shown to be worse, with its standing and the pair that showed it."""

    name: str
    standing: Standing
    pair: Pair


@dataclass(frozen=True)
class Round:
    """What was seen after so many seeds: who left, and why all stopped, "" if they did not.

    means  of those that ran, with the ends of their own 95 % intervals
    """

    seeds: int
    exits: tuple[Exit, ...]
    stop: str
    means: Mapping[str, tuple[float, float, float]]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        values: dict[str, Any] = plain(self)
        return values


def after_round(comparison: Comparison, seeds: int, most: int) -> Round:
    """Who leaves after a round, and whether the others go on.

    `comparison` is that of the contestants which still run, each by so many seeds, made with
    `share_of` of the level.
    """
    means = {s.name: (s.mean, s.ci_low, s.ci_high) for s in comparison.standings}
    if seeds >= most or comparison.best is None:
        return Round(seeds, (), "", means)
    exits = tuple(
        Exit(s.name, s, comparison.pair(comparison.best, s.name))
        for s in comparison.standings
        if s.status == "worse"
        and not s.deterministic
        and comparison.pair(comparison.best, s.name).shown
    )
    return Round(seeds, exits, _why_stop(comparison, seeds, most), means)


def _why_stop(comparison: Comparison, seeds: int, most: int) -> str:
    """Why no more seeds are run; "" where they are."""
    if seeds < FEWEST_TO_STOP:
        return ""
    undecided = [s.name for s in comparison.standings if s.status == "undecided"]
    if not undecided:
        return "every contestant's place is shown"
    if comparison.short:
        return "the test part is too short for any number of seeds to decide"
    level = comparison.level_spent / share_of(seeds, most) * share_of(most, most)
    chances = chances_by_seeds(comparison, most, level)
    if chances and max(chances.values()) < FUTILE:
        return f"more seeds, up to {most}, would hardly decide what is undecided"
    return ""


def raced(comparison: Comparison, run: Sequence[Round]) -> Comparison:
    """The comparison of all contestants, those that left a race with what was shown of them then.

    `comparison` is made of all seeds that each of them has, with the level of the last round.
    """
    left = {one.name: one for held in run for one in held.exits}
    over = next((held.stop for held in run if held.stop), "")
    standings = tuple(
        replace(
            s,
            left_after=left[s.name].standing.seeds,
            **({} if s.status == "worse" else _shown_then(left[s.name].standing)),
        )
        if s.name in left and s.status != "failed"
        else s
        for s in comparison.standings
    )
    pairs = tuple(_as_shown(pair, left) for pair in comparison.pairs)
    return replace(comparison, standings=standings, pairs=pairs, race_over=over)


def _shown_then(standing: Standing) -> dict[str, Any]:
    names = ("status", "difference", "low", "high")
    return {name: getattr(standing, name) for name in names}


def _as_shown(pair: Pair, left: Mapping[str, Exit]) -> Pair:
    """The pair as it was when one of the two left, if that showed more."""
    if pair.shown:
        return pair
    for one in (pair.first, pair.second):
        if one in left and {left[one].pair.first, left[one].pair.second} == {
            pair.first,
            pair.second,
        }:
            return left[one].pair
    return pair


def race_sentences(comparison: Comparison, run: Sequence[Round]) -> list[str]:
    """Who left the race when, and why it was stopped."""
    units = Units.of(comparison)
    told = [
        f"{listed([one.name for one in held.exits])} left after {counted(held.seeds, 'seed')},"
        f" {_behind(held, units)}"
        for held in run
        if held.exits
    ]
    sentences = [f"{'; '.join(told)}."] if told else []
    if comparison.race_over:
        last = max(held.seeds for held in run)
        sentences.append(f"The race ended after {counted(last, 'seed')}: {comparison.race_over}.")
    return sentences


def _behind(held: Round, units: Units) -> str:
    gaps = [abs(one.pair.difference) for one in held.exits]
    least, most = units.difference(min(gaps)), units.difference(max(gaps))
    shown = "shown to be" if len(gaps) == 1 or least == most else f"shown to be {least} to"
    return f"{shown} {most} behind"

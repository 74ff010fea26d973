"""The verdict runs, in rounds: each does only what is missing, and leaves fewer for the next one.

What a round decided is stored in `race.json`, so that a study that is continued, or extended by
more seeds, decides the same: a contestant that has left stays out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from seqlab.compare.comparison import Pair, Standing
from seqlab.compare.decision import Rules
from seqlab.compare.race import Exit, Round, after_round, rounds, share_of
from seqlab.runs import read_json, write_json
from seqlab.study.assignment import Assignment
from seqlab.study.contest import contest_of
from seqlab.study.looks import looks_made
from seqlab.study.plan import PlannedContestant, Tuned
from seqlab.study.resolving import declared_margin
from seqlab.study.spec import StudySpec
from seqlab.study.stages import Conditions, Finished
from seqlab.study.timing import cut_short

T = TypeVar("T")


@dataclass(frozen=True)
class Race:
    """What the rounds decided; `share` is what they leave of this look's level to the last one."""

    run: tuple[Round, ...] = ()
    share: float = 1.0

    @property
    def left(self) -> set[str]:
        """Who is out."""
        return {one.name for held in self.run for one in held.exits}


def judge(
    conditions: Conditions,
    chosen: Sequence[Mapping[str, Tuned]],
    sizes: Sequence[int],
    spec: StudySpec,
) -> tuple[Finished, Race]:
    """Run the verdict seeds: (contestant, size) → seeds → a run per fold.

    Seeds go round by round, all contestants in each, so that a round that a time limit leaves out
    leaves everyone equal. Where a limit is declared for what is chosen, or smaller sizes are asked
    for, all contestants are wanted with all seeds: there is one round.
    """
    most, finished, race = len(chosen), Finished(), Race()
    limited = any(value is not None for value in spec.constraints.plain().values())
    begun = 0
    for end in (most,) if limited or sizes else rounds(most):
        running = [entry for entry in conditions.entries if entry.name not in race.left]
        done = _run_seeds(conditions, (begun, end), (running, chosen, sizes), finished)
        if done < end:
            conditions.clock.note(cut_short("seed", done, most))
            break
        if end < most:
            race = _judged(conditions, finished, race, (end, most), spec)
            if race.run[-1].stop:
                break
        begun = end
    return finished, race


def _run_seeds(
    conditions: Conditions,
    span: tuple[int, int],
    what: tuple[Sequence[PlannedContestant], Sequence[Mapping[str, Tuned]], Sequence[int]],
    finished: Finished,
) -> int:
    """Run seeds of a span and add what finished; returns how many seeds there are of all now."""
    (begin, end), (running, chosen, sizes) = span, what
    groups: list[tuple[int, PlannedContestant, int | None, list[Assignment]]] = []
    for number in range(begin, end):
        for entry in running:
            if number and entry.deterministic:
                continue
            tuned = chosen[number].get(entry.name, Tuned())
            for size in (None, *sizes):
                assignments = conditions.planner.verdict(entry, number, tuned, size)
                groups.append((number, entry, size, assignments))
    ordered = [one for *_, assignments in groups for one in assignments]
    clock = conditions.clock
    left_out = conditions.pool.execute(ordered, clock.watch, clock.keep)
    fewest = min((one.job.number for one in left_out), default=end)
    for number, entry, size, assignments in groups:
        runs = [run for one in assignments if (run := one.finished(conditions.folder)) is not None]
        if number < fewest and len(runs) == len(assignments):
            finished.setdefault((entry.name, size), []).append(runs)
    return fewest


def _judged(
    conditions: Conditions, finished: Finished, race: Race, place: tuple[int, int], spec: StudySpec
) -> Race:
    """The race after one more round: what was decided before, or what is seen now."""
    (seeds, most), path = place, conditions.folder / "race.json"
    look = looks_made(conditions.folder) + 1
    stored = _stored(path)
    known = next((one for one in stored if one["seeds"] == seeds), None)
    if known is not None and set(_names(known)) <= {e.name for e in conditions.entries}:
        # Whether more seeds are worth their time depends on how many there may be.
        held = _round(known, known["most"] == most)
        again = known["look"] == look
    else:
        margin = declared_margin(conditions.metric, spec)
        share = share_of(seeds, most)
        rules = Rules(margin=margin, looks=look, share=share, seed=spec.seed)
        running = [entry for entry in conditions.entries if entry.name not in race.left]
        contest = contest_of(replace(conditions, entries=running), finished)
        held, again = after_round(contest.compared(rules), seeds, most), True
        others = [one for one in stored if one["seeds"] != seeds]
        write_json(path, [*others, {**held.to_dict(), "most": most, "look": look}])
    return Race((*race.run, held), share_of(most, most) if again else race.share)


def _stored(path: Path) -> list[dict[str, Any]]:
    return list(read_json(path)) if path.exists() else []


def _names(stored: Mapping[str, Any]) -> list[str]:
    return [one["name"] for one in stored["exits"]]


def _round(stored: Mapping[str, Any], with_stop: bool) -> Round:
    exits = tuple(
        Exit(one["name"], _read(Standing, one["standing"]), _read(Pair, one["pair"]))
        for one in stored["exits"]
    )
    means = {name: tuple(ends) for name, ends in stored["means"].items()}
    return Round(stored["seeds"], exits, stored["stop"] if with_stop else "", means)


def _read(kind: type[T], values: Mapping[str, Any]) -> T:
    """A record from plain data; a number that JSON has no name for is not known any more."""
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    plain = {name: value for name, value in values.items() if name in known}
    lists = {name: tuple(value) for name, value in plain.items() if isinstance(value, list)}
    missing = {name: math.nan for name, value in plain.items() if value is None}
    return kind(**{**plain, **lists, **missing})

"""Interleaved timing: contestants take turns, so that a busy machine is unfair to none of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

TURN = 0.03  # seconds that a contestant's turn takes at least


@dataclass(frozen=True)
class Timings:
    """The seconds of each contestant, round by round."""

    rounds: Mapping[str, list[float]]

    def median(self, name: str) -> float:
        """The median seconds of one contestant."""
        return statistics.median(self.rounds[name])

    def ratio(self, slower: str, faster: str) -> float:
        """How many times as long the first takes as the second: the median over the rounds."""
        pairs = zip(self.rounds[slower], self.rounds[faster], strict=True)
        return statistics.median(a / b for a, b in pairs)


def interleaved(
    contestants: Mapping[str, Callable[[], object]], *, seconds: float = 1.5, least: int = 5
) -> Timings:
    """Run the contestants in turn for about some seconds, after one unmeasured round.

    A turn is as many runs as take some milliseconds, after one that is not counted if they are
    short: a training repeats its step, and the threads of whoever ran before still wait for work at
    first and take a core from the next.
    """
    repeats = {name: _repeats(run) for name, run in contestants.items()}
    rounds: dict[str, list[float]] = {name: [] for name in contestants}
    began = time.perf_counter()
    done = 0
    while done < least or time.perf_counter() - began < seconds:
        for name, run in contestants.items():
            if repeats[name] > 1:
                run()
            started = time.perf_counter()
            for _ in range(repeats[name]):
                run()
            rounds[name].append((time.perf_counter() - started) / repeats[name])
        done += 1
    return Timings(rounds)


def _repeats(run: Callable[[], object]) -> int:
    run()
    started = time.perf_counter()
    run()
    return max(1, round(TURN / (time.perf_counter() - started)))

"""Interleaved timing: contestants take turns, so that a busy machine is unfair to none of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

REST = 0.01  # seconds


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

    Each begins after a short rest: the threads of whoever ran before still wait for work then, and
    would take a core from the next.
    """
    for run in contestants.values():
        run()
    rounds: dict[str, list[float]] = {name: [] for name in contestants}
    began = time.perf_counter()
    done = 0
    while done < least or time.perf_counter() - began < seconds:
        for name, run in contestants.items():
            time.sleep(REST)
            started = time.perf_counter()
            run()
            rounds[name].append(time.perf_counter() - started)
        done += 1
    return Timings(rounds)

"""How long contestants take to predict, in rounds: all of them in each, one after the other.

What else a machine does comes and goes. In rounds it strikes all contestants alike, and a median
over rounds forgets it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Predict = Callable[[NDArray[np.int64]], object]  # of the examples with these numbers

ROUNDS, MOST_ROUNDS = 8, 24
PATIENCE_SECONDS = 20.0  # after which a busy machine is no reason for more rounds
BURST_SECONDS = 0.12  # of predictions of one contestant in a round, if it is quick
LEAST, MOST = 2, 40  # predictions in a burst
TOGETHER, TOGETHER_ROUNDS = 64, 4  # examples in a batch; rounds in which one is timed
COMPUTING = 0.9  # of a prediction's time: for the rest another process had the core
BUSY = 0.2  # quartiles so far apart, as a share of the median: the machine did something else


@dataclass
class Timing:
    """The milliseconds of one contestant: the median and the 95th percentile of every burst."""

    predict: Predict
    medians: list[float] = field(default_factory=list)
    slow: list[float] = field(default_factory=list)
    together: list[float] = field(default_factory=list)

    @property
    def spread(self) -> float:
        """How far the rounds' quartiles are apart, as a share of their median."""
        low, middle, high = np.percentile(self.medians, (25, 50, 75))
        return float((high - low) / middle)

    def costs(self) -> dict[str, float]:
        """Milliseconds: of one example, with the quartiles over rounds, and of 64 together."""
        low, middle, high = np.percentile(self.medians, (25, 50, 75))
        return {
            "latency_ms_p50": float(middle),
            "latency_ms_low": float(low),
            "latency_ms_high": float(high),
            "latency_ms_p95": float(max(middle, np.median(self.slow))),
            "latency_batch64_ms": float(np.median(self.together)),
        }


def measure_in_rounds(contestants: Sequence[Predict], examples: int) -> list[dict[str, float]]:
    """Each contestant's latencies, in order; more rounds while the machine is busy, up to a bound.

    `examples` is how many there are to predict.
    """
    timings = [Timing(predict) for predict in contestants]
    rng = np.random.default_rng(0)
    for timing in timings:  # what is loaded or compiled on the first call is paid for here
        timing.predict(rng.integers(0, examples, 1))
        timing.predict(rng.integers(0, examples, TOGETHER))
    done, begun = 0, time.perf_counter()

    def more() -> bool:
        waited = time.perf_counter() - begun > PATIENCE_SECONDS
        busy = done < MOST_ROUNDS and max(timing.spread for timing in timings) > BUSY
        return busy and not waited

    while done < ROUNDS or more():
        for timing in timings:
            _burst(timing, rng, examples)
            if done < TOGETHER_ROUNDS:
                timing.together.append(_timed(timing, rng.integers(0, examples, TOGETHER))[0])
        done += 1
    return [timing.costs() for timing in timings]


def _burst(timing: Timing, rng: np.random.Generator, examples: int) -> None:
    """Predictions one after the other; the first, which finds caches cold, is not counted.

    Neither are those for which another process took the core, if enough are left.
    """
    _timed(timing, rng.integers(0, examples, 1))
    every: list[tuple[float, bool]] = []
    begun = time.perf_counter()
    while len(every) < MOST and (len(every) < LEAST or time.perf_counter() - begun < BURST_SECONDS):
        every.append(_timed(timing, rng.integers(0, examples, 1)))
    alone = [milliseconds for milliseconds, undisturbed in every if undisturbed]
    times = alone if len(alone) >= LEAST else [milliseconds for milliseconds, _ in every]
    timing.medians.append(float(np.percentile(times, 50)))
    timing.slow.append(float(np.percentile(times, 95)))


def _timed(timing: Timing, rows: NDArray[np.int64]) -> tuple[float, bool]:
    """Milliseconds of a prediction, and whether this process computed all the while."""
    start, computed = time.perf_counter(), time.process_time()
    timing.predict(rows)
    computed, seconds = time.process_time() - computed, time.perf_counter() - start
    return seconds * 1e3, computed >= COMPUTING * seconds

"""A study's work done in this process: the same runs without the seconds that processes take.

Run as a program it is the command line whose studies are done in its own process.
"""

import pytest

from seqlab.cli import main
from seqlab.study import latency
from seqlab.study.contestant_costs import costs_alone, latencies
from seqlab.study.job import run_job
from seqlab.study.pool import Pool


class HerePool(Pool):
    """Does one assignment after the other, here."""

    def execute(self, assignments, watch=lambda *_: None, keep=lambda _: True):
        left_out = []
        for assignment in assignments:
            if not assignment.settled(self.study):
                if not keep(assignment):
                    left_out.append(assignment)
                    continue
                run_job(assignment, self.study)
            watch(assignment, 1.0)
        return left_out


def measure(study, run, prepared, task, late=None):
    """As `seqlab.study.costs.measure`; the peak memory is that of this process."""
    return costs_alone(run, prepared, task)


def measure_latencies(study, runs, prepared, task, late=None):
    """As `seqlab.study.costs.measure_latencies`."""
    return latencies(runs, prepared, task)


def patch(monkeypatch):
    """Let studies work here, and measure little."""
    monkeypatch.setattr("seqlab.study.conduct.Pool", HerePool)
    for module in ("measuring", "limits"):
        monkeypatch.setattr(f"seqlab.study.{module}.measure", measure)
        monkeypatch.setattr(f"seqlab.study.{module}.measure_latencies", measure_latencies)
    monkeypatch.setattr(latency, "BURST_SECONDS", 0.001)
    monkeypatch.setattr(latency, "MOST_ROUNDS", latency.ROUNDS)


if __name__ == "__main__":
    with pytest.MonkeyPatch.context() as patched:
        patch(patched)
        main()

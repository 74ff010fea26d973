"""What planning measures is bounded, however long steps take."""

from dataclasses import dataclass, field

import pytest

from seqlab import registry
from seqlab.data.table import Table
from seqlab.specs import ModelSpec, TrainSpec
from seqlab.study import timing
from seqlab.study.plan import PlannedContestant
from seqlab.tasks.base import DataSpec, Sources
from tests.study.test_study_folder import FRAME

NAMES = ("rnn", "gru", "lstm")


@dataclass
class Clock:
    """Each candidate's steps take so many seconds, and are measured for twice as long."""

    seconds: list[float]
    now: float = 0.0
    measured: list[float] = field(default_factory=list)

    def step_seconds(self, *_):
        self.measured.append(self.seconds[len(self.measured)])
        self.now += 2 * self.measured[-1]
        return self.measured[-1]


@pytest.mark.parametrize(
    ("seconds", "paces"), [([4.0, 6.0, 5.0], [4.0, 6.0, 6.0]), ([0.1, 0.2, 0.1], [0.1, 0.2, 0.1])]
)
def test_the_rest_counts_as_the_slowest_where_steps_take_seconds(seconds, paces, monkeypatch):
    clock = Clock(seconds)
    monkeypatch.setattr(timing, "step_seconds", clock.step_seconds)
    monkeypatch.setattr(timing.time, "monotonic", lambda: clock.now)
    sources = Sources(Table(FRAME, "reviews", ()))
    prepared = registry.load("tasks", "classify").prepare(sources, DataSpec(), 0)[0]
    entries = [
        PlannedContestant(name=name, kind="model", model=ModelSpec(mixer=name, width=8))
        for name in NAMES
    ]
    found = timing.probe(prepared, entries, TrainSpec(), "auto")
    assert [found[name].step for name in NAMES] == paces

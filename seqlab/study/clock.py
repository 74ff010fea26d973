"""Progress and time: what is done, what is left, and when a time limit forbids to start more."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from seqlab.study.assignment import Assignment
from seqlab.study.plan import Allowance
from seqlab.study.timing import START

# A time limit does not cut below this: with one seed there are no intervals.
FEWEST = {"trial": 1, "verdict": 2}
TRIALS_SHARE = 0.6  # of the time may be gone before trials are cut


@dataclass(frozen=True)
class Moment:
    """Where a study is, for people: what happens, how much of it is done, seconds left."""

    stage: str
    share: float
    seconds_left: float | None


@dataclass
class Clock:
    """Knows the expected seconds of every assignment and learns how fast this machine is today.

    deadline  time.monotonic() at which the runs should be done; None: no limit
    listen    told a Moment whenever something changed
    """

    expected: Mapping[tuple[str, str], float]  # (candidate, role) → seconds
    total: float  # expected seconds of all runs
    workers: int
    deadline: float | None = None
    tail: float = 0.0  # seconds for what comes after the runs
    listen: Callable[[Moment], None] = lambda moment: None
    started: float = field(default_factory=time.monotonic)  # with the preparation of the data
    notes: list[str] = field(default_factory=list)
    begun: float = field(default_factory=time.monotonic)
    _done: dict[str, float] = field(default_factory=dict)
    _earlier: float = 0.0  # expected seconds of what a former session had finished
    _cut: dict[str, int] = field(default_factory=dict)  # role → the first number left out

    @property
    def spent(self) -> float:
        """Seconds since the study was begun or continued."""
        return time.monotonic() - self.started

    def note(self, sentence: str) -> None:
        """Remember what was left out."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def watch(self, assignment: Assignment, share: float) -> None:
        """A share of an assignment is done."""
        seconds = self._seconds(assignment)
        if assignment.digest not in self._done and share == 1.0:
            self._earlier += seconds
        self._done[assignment.digest] = share * seconds
        done = sum(self._done.values())
        job = assignment.job
        what = "tuning" if job.role == "trial" else "verdict runs"
        self.listen(Moment(f"{what}: {job.candidate}", done / self.total, self._left(done)))

    def measured(self, name: str) -> None:
        """A contestant's costs are known."""
        self.listen(Moment(f"measuring costs: {name}", 1.0, None))

    def keep(self, assignment: Assignment) -> bool:
        """Whether there is time for one more run; a part of it is kept from trials for verdicts."""
        job = assignment.job
        if self.deadline is None or job.number < FEWEST[job.role]:
            return True
        if job.number >= self._cut.get(job.role, job.number + 1):
            return False
        share = TRIALS_SHARE if job.role == "trial" else 1.0
        end = self.begun + share * (self.deadline - self.begun)
        if time.monotonic() + self._seconds(assignment) * self._slowness() < end:
            return True
        self._cut[job.role] = job.number
        return False

    def cut(self, allowance: Allowance) -> Allowance:
        """The allowance without what there was no time for."""
        trials = self._cut.get("trial", allowance.trials)
        return replace(allowance, trials=trials, seeds=self._cut.get("verdict", allowance.seeds))

    def _seconds(self, assignment: Assignment) -> float:
        return self.expected.get((assignment.job.candidate, assignment.job.role), 1.0)

    def _slowness(self) -> float:
        """Real seconds per expected one, so far; at first what was expected counts for more."""
        done = sum(self._done.values()) - self._earlier
        spent = max(0.0, time.monotonic() - self.begun - START) * self.workers
        prior = max(0.05 * self.total, START * self.workers)
        return (spent + prior) / (done + prior)

    def _left(self, done: float) -> float:
        return max(0.0, self.total - done) * self._slowness() / self.workers + self.tail

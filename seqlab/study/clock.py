"""Progress and time: what is done, what is left, and when a time limit forbids to start more."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from seqlab.runs import Job
from seqlab.study.assignment import Assignment
from seqlab.study.plan import Allowance
from seqlab.study.timing import BASELINE_SECONDS, STARTUP_SECONDS

# A time limit does not cut below this: with one seed there are no intervals.
FEWEST_RUNS = {"trial": 1, "verdict": 2}
TRIALS_SHARE = 0.6  # of the time may be gone before trials are cut


@dataclass(frozen=True)
class Running:
    """A run that trains: its name, and the TrainingFigures of it as plain data."""

    name: str
    figures: Mapping[str, Any]


@dataclass(frozen=True)
class Moment:
    """Where a study is, for people: what happens, how much of it is done, seconds left.

    `remark` is what went wrong in a run just now, and what came of it.
    """

    stage: str
    share: float
    seconds_left: float | None
    running: tuple[Running, ...] = ()
    remark: str = ""


@dataclass(kw_only=True)
class Clock:
    """Knows the expected seconds of every assignment and learns how fast this machine is today.

    expected  (candidate, role) → seconds of a run on the whole training part
    total     expected seconds of all runs together
    tail      seconds of what comes after the runs, from the seconds in which a process starts
    whole     examples in the training part
    deadline  time.monotonic() at which everything should be done; None: no limit
    listen    told a Moment whenever something changed
    started   when the study was begun or continued, the reading of its data included
    tuning    the trials of each verdict seed, where each is tuned by itself; else 0
    """

    expected: Mapping[tuple[str, str], float]
    total: float
    workers: int
    tail: Callable[[float], float] = lambda startup: 0.0
    whole: int = 1
    deadline: float | None = None
    listen: Callable[[Moment], None] = lambda moment: None
    started: float = field(default_factory=time.monotonic)
    tuning: int = 0
    startup: float = STARTUP_SECONDS  # seconds in which a process starts
    notes: list[str] = field(default_factory=list)
    begun: float = field(default_factory=time.monotonic)
    _done: dict[str, float] = field(default_factory=dict)
    _ours: set[str] = field(default_factory=set)  # what this session began
    _running: dict[str, Running] = field(default_factory=dict)
    _cut: dict[str, int] = field(default_factory=dict)  # role → the first number left out

    @property
    def spent(self) -> float:
        """Seconds since the study was begun or continued."""
        return time.monotonic() - self.started

    def late(self) -> bool:
        """Whether the time limit has passed."""
        return self.deadline is not None and time.monotonic() > self.deadline

    def note(self, sentence: str) -> None:
        """Remember what was left out."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def watch(
        self, assignment: Assignment, share: float, figures: Mapping[str, Any] | None = None
    ) -> None:
        """A share of an assignment is done; figures say how its training goes."""
        self._done[assignment.digest] = share * self._seconds(assignment)
        job = assignment.job
        if figures is not None:
            self._running[assignment.digest] = Running(_name(job), figures)
        elif share in (0.0, 1.0):
            self._running.pop(assignment.digest, None)
        self._tell(_stage(job))

    def remark(self, assignment: Assignment, text: str) -> None:
        """Something went wrong in a run."""
        job = assignment.job
        self._tell(_stage(job), f"{_name(job)}: {text}")

    def measures(self, name: str) -> None:
        """A contestant's costs are measured now."""
        self.listen(Moment(f"measuring costs: {name}", 1.0, None))

    def leaving(self, busy: int) -> None:
        """The study was interrupted, and waits for so many processes."""
        runs = f"{busy} run{'s' * (busy > 1)}"
        self._tell(f"stopping: {runs} to finish the step and to leave a checkpoint")

    def _tell(self, stage: str, remark: str = "") -> None:
        done = sum(self._done.values())
        running = tuple(self._running.values())
        self.listen(Moment(stage, done / self.total, self._left(done), running, remark))

    def process_started(self, seconds: float) -> None:
        """A process was ready after so many seconds; those that measure costs will be too."""
        self.startup = max(self.startup, seconds)

    def keep(self, assignment: Assignment) -> bool:
        """Whether there is time for one more run; a part of it is kept from trials for verdicts."""
        kept = self._has_time(assignment)
        if kept:
            self._ours.add(assignment.digest)
        return kept

    def _has_time(self, assignment: Assignment) -> bool:
        job = assignment.job
        if self.deadline is None or job.number < self._fewest(job.role):
            return True
        if job.number >= self._cut.get(job.role, job.number + 1):
            return False
        # Of a seed that is tuned by itself, the trials are the larger part of its work.
        trials_share = max(TRIALS_SHARE, self.tuning / (self.tuning + 1))
        share = trials_share if job.role == "trial" else 1.0
        end = self.begun + share * (self.deadline - self.tail(self.startup) - self.begun)
        if time.monotonic() + self._seconds(assignment) * self._slowness() < end:
            return True
        self._cut[job.role] = job.number
        return False

    def _fewest(self, role: str) -> int:
        """Runs that no time limit cuts; a seed without its trials could not be judged."""
        fewest = FEWEST_RUNS[role]
        return self.tuning * FEWEST_RUNS["verdict"] if self.tuning and role == "trial" else fewest

    def cut(self, allowance: Allowance) -> Allowance:
        """The allowance without what there was no time for."""
        seeds = self._cut.get("verdict", allowance.seeds)
        if self.tuning:
            tuned = self._cut.get("trial", seeds * self.tuning) // self.tuning
            return replace(allowance, seeds=min(seeds, tuned))
        return replace(allowance, trials=self._cut.get("trial", allowance.trials), seeds=seeds)

    def _seconds(self, assignment: Assignment) -> float:
        job = assignment.job
        share = 1.0 if job.size is None else job.size / self.whole
        return share * self.expected.get((job.candidate, job.role), BASELINE_SECONDS)

    def _slowness(self) -> float:
        """Real seconds per expected one, so far; at first what was expected counts for more."""
        done = sum(seconds for digest, seconds in self._done.items() if digest in self._ours)
        spent = max(0.0, time.monotonic() - self.begun - self.startup) * self.workers
        prior = max(0.05 * self.total, STARTUP_SECONDS * self.workers)
        return (spent + prior) / (done + prior)

    def _left(self, done: float) -> float:
        runs = max(0.0, self.total - done) * self._slowness() / self.workers
        return runs + self.tail(self.startup)


def _stage(job: Job) -> str:
    return f"{'tuning' if job.role == 'trial' else 'verdict runs'}: {job.candidate}"


def _name(job: Job) -> str:
    return job.folder.replace("/", " ")

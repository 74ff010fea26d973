"""Progress and time: what is done, what is left, and when a time limit forbids to start more."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from seqlab.runs import Job
from seqlab.study.assignment import Assignment
from seqlab.study.plan import Allowance
from seqlab.study.timing import BASELINE_SECONDS, STARTUP_SECONDS

# A time limit does not cut below this: with one seed there are no intervals.
FEWEST_RUNS = {"short": 1, "trial": 1, "verdict": 2}
ALMOST = 0.95  # of what comes after the runs, while it goes on
SHARES = {"short": 0.3, "trial": 0.6, "verdict": 1.0}  # of the time may be gone before runs are cut
GRACE_SHARE = 0.05  # of the time is given to a run that has begun and would end in it


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
    stages: dict[str, float] = field(default_factory=dict)  # seconds that each has taken
    begun: float = field(default_factory=time.monotonic)
    _done: dict[str, float] = field(default_factory=dict)
    _after: float | None = None  # when the measuring of costs began
    _ours: set[str] = field(default_factory=set)  # what this session began
    _running: dict[str, Running] = field(default_factory=dict)
    _cut: dict[str, int] = field(default_factory=dict)  # role → the first place left out
    _places: dict[str, int] = field(default_factory=dict)  # of trials among a candidate's own
    _begun: dict[str, float] = field(default_factory=dict)  # when an assignment was begun
    _took: dict[tuple[str, str], list[float]] = field(default_factory=dict)  # seconds of runs

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """In which a stage runs: its seconds are counted."""
        begun = time.monotonic()
        try:
            yield
        finally:
            self.stages[name] = self.stages.get(name, 0.0) + time.monotonic() - begun

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
        if share == 1.0 and assignment.digest in self._begun:
            took = time.monotonic() - self._begun.pop(assignment.digest)
            if job.size is None:
                self._took.setdefault((job.candidate, job.role), []).append(took)
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
        done = sum(self._done.values())
        if self._after is None:
            self._after = time.monotonic()
        after = time.monotonic() - self._after
        left = max(0.0, self.tail(self.startup) - after)
        self.listen(Moment(f"measuring costs: {name}", self._share(done, after), left))

    def leaving(self, busy: int) -> None:
        """The study was interrupted, and waits for so many processes."""
        runs = f"{busy} run{'s' * (busy > 1)}"
        self._tell(f"stopping: {runs} to finish the step and to leave a checkpoint")

    def _tell(self, stage: str, remark: str = "") -> None:
        done = sum(self._done.values())
        running = tuple(self._running.values())
        self.listen(Moment(stage, self._share(done), self._left(done), running, remark))

    def _share(self, done: float, after: float = 0.0) -> float:
        """The share of all work that is done; what comes after the runs counts, and is not all done
        before it ends.
        """
        tail = self.tail(self.startup) * self.workers
        return (done + min(after * self.workers, ALMOST * tail)) / (self.total + tail)

    def process_started(self, seconds: float) -> None:
        """A process was ready after so many seconds; those that measure costs will be too."""
        self.startup = max(self.startup, seconds)

    def keep(self, assignment: Assignment) -> bool:
        """Whether there is time for one more run; a part of it is kept from trials for verdicts."""
        kept = self._has_time(assignment)
        if kept:
            self._ours.add(assignment.digest)
            self._begun[assignment.digest] = time.monotonic()
        return kept

    def rank(self, trials: Iterable[Sequence[Assignment]]) -> None:
        """Trials in the order in which each candidate has them; fewer are the first of them."""
        for own in trials:
            self._places |= {assignment.digest: place for place, assignment in enumerate(own)}

    def expect(self, name: str, role: str, seconds: float) -> None:
        """What the runs of a candidate take is known better now."""
        self.expected = {**self.expected, (name, role): seconds}

    def share_left(self, work: float) -> float:
        """The share of so many expected seconds of work for which there is time: 1 at most."""
        if self.deadline is None or work <= 0:
            return 1.0
        left = self._last_start - time.monotonic()
        return min(1.0, max(0.0, left) * self.workers / (work * self._slowness()))

    def _has_time(self, assignment: Assignment) -> bool:
        job = assignment.job
        place = self._places.get(assignment.digest, job.number)
        if self.deadline is None or place < self._fewest(job.role):
            return True
        if place >= self._cut.get(job.role, place + 1):
            return False
        if time.monotonic() + self._forecast(assignment) < self._end(job.role):
            return True
        self._cut[job.role] = place
        return False

    def overdue(self, assignment: Assignment) -> bool:
        """Whether a run that has begun is to be left out after all: its time is up, others of its
        role are enough without it, and it is not about to end.
        """
        job = assignment.job
        place = self._places.get(assignment.digest, job.number)
        if self.deadline is None or place < self._fewest(job.role):
            return False
        now, end = time.monotonic(), self._end(job.role)
        ran = now - self._begun.get(assignment.digest, now)
        done = self._done.get(assignment.digest, 0.0) / max(self._seconds(assignment), 1e-9)
        left = ran * (1 - done) / done if done else math.inf
        if now < end or now + left < end + GRACE_SHARE * (self.deadline - self.begun):
            return False
        self._cut[job.role] = min(place, self._cut.get(job.role, place))
        return True

    def _end(self, role: str) -> float:
        """When the runs of a role should be over."""
        share = SHARES[role]
        if self.tuning and role == "trial":
            # Of a seed that is tuned by itself, the trials are the larger part of its work.
            share = max(share, self.tuning / (self.tuning + 1))
        return self.begun + share * (self._last_start - self.begun)

    @property
    def _last_start(self) -> float:
        """When runs should be over, so that what comes after them is done by the deadline."""
        assert self.deadline is not None
        return self.deadline - self.tail(self.startup) * max(1.0, self._slowness())

    def _forecast(self, assignment: Assignment) -> float:
        """Seconds that a run will take, from runs like it where there are some."""
        job = assignment.job
        took = self._took.get((job.candidate, job.role), [])
        share = 1.0 if job.size is None else job.size / self.whole
        usual = self._seconds(assignment) * self._slowness()
        return share * sum(took) / len(took) if took else usual

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
        if not allowance.short_trials:
            return replace(allowance, trials=self._cut.get("trial", allowance.trials), seeds=seeds)
        full = self._cut.get("trial", allowance.full_trials)
        short = self._cut.get("short", allowance.trials)
        beyond = allowance.beyond and "short" not in self._cut
        trials = min(short, allowance.trials)
        return replace(allowance, trials=trials, beyond=beyond, full=full, seeds=seeds)

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
    return f"{'verdict runs' if job.role == 'verdict' else 'tuning'}: {job.candidate}"


def _name(job: Job) -> str:
    return job.folder.replace("/", " ")

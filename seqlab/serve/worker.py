"""The one thread that computes: it takes what is queued when it is free, and waits for nothing.

Requests of rows that were queued together become one batch, as many as fit into a number of
positions with padding counted. Anything else is a call, and takes its turn.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Protocol

from seqlab.serve.limits import Limits
from seqlab.serve.refusals import RefusedError, overloaded

LOOKED_AT = 256  # waiting requests from which a batch is chosen
SMOOTHING = 0.2  # of the newest batch in the running speed
FIRST_SPEED = 10_000.0  # positions a second, before anything is measured

Answers = list[Any]  # one for each row; an Exception for a row that cannot be read


class Meter(Protocol):
    """What is told how the work goes."""

    def batch(self, requests: int, rows: int, positions: int) -> None:
        """A batch is about to be computed."""

    def queue(self, waiting: int) -> None:
        """So many requests wait."""


@dataclass
class Job:
    """Rows of a request that wait to be computed, or a call; `due` is on the monotonic clock."""

    due: float
    rows: Sequence[Any] = ()
    lengths: Sequence[int] = ()
    call: Callable[[], Any] | None = None
    result: Future[Any] = field(default_factory=Future)

    @property
    def padded(self) -> int:
        """Positions of its rows, padded to the longest."""
        return max(self.lengths, default=1) * max(len(self.rows), 1)


class Worker:
    """Computes jobs in one thread. `together`: whether rows of several requests make a batch."""

    def __init__(
        self,
        compute: Callable[[Sequence[Any]], Answers],
        limits: Limits,
        meter: Meter,
        *,
        together: bool = True,
        begin: Callable[[], None] = lambda: None,
    ) -> None:
        self.compute, self.limits, self.meter = compute, limits, meter
        self.together, self._begin = together, begin
        self.speed = FIRST_SPEED
        self._waiting: deque[Job] = deque()
        self._wake = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="inference", daemon=True)

    def start(self) -> None:
        """Begin to compute."""
        self._thread.start()

    def close(self) -> None:
        """Finish what waits, then end the thread."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()

    @property
    def waiting(self) -> int:
        """Jobs that wait."""
        return len(self._waiting)

    def submit(self, rows: Sequence[Any], lengths: Sequence[int], seconds: float) -> Future[Any]:
        """Rows to be answered within so many seconds; refused where that cannot be."""
        return self._put(Job(time.monotonic() + seconds, rows, lengths))

    def call(self, function: Callable[[], Any], seconds: float) -> Future[Any]:
        """Anything else that is to be computed in the thread of the model."""
        return self._put(Job(time.monotonic() + seconds, call=function))

    def _put(self, job: Job) -> Future[Any]:
        with self._wake:
            if self._closing:
                raise overloaded("the server is shutting down", 1)
            wait = sum(waiting.padded for waiting in self._waiting) / self.speed
            if len(self._waiting) >= self.limits.queue:
                raise overloaded(f"the queue is full: {len(self._waiting)} requests wait", wait)
            if wait > job.due - time.monotonic():
                raise overloaded("requests wait longer than this one may", wait)
            self._waiting.append(job)
            self.meter.queue(len(self._waiting))
            self._wake.notify()
        return job.result

    def _run(self) -> None:
        self._begin()
        while jobs := self._next():
            if jobs[0].call is not None:
                _settle(jobs[0], jobs[0].call)
            elif jobs[0].rows:
                self._compute(jobs)

    def _next(self) -> list[Job]:
        """A call, or the requests of the next batch; nothing: the end."""
        with self._wake:
            while True:
                while not self._waiting and not self._closing:
                    self._wake.wait()
                if not self._waiting:
                    return []
                jobs = self._chosen()
                self.meter.queue(len(self._waiting))
                if jobs:
                    return jobs

    def _chosen(self) -> list[Job]:
        """Taken in the order in which they came; what does not fit any more waits for its turn."""
        chosen: list[Job] = []
        kept: list[Job] = []
        rows = longest = 0
        for _ in range(min(LOOKED_AT, len(self._waiting))):
            job = self._waiting.popleft()
            count, length = rows + len(job.rows), max([longest, *job.lengths])
            fits = self.together and count * length <= self.limits.batch_positions
            if chosen and (job.call is not None or not fits):
                kept.append(job)
            elif _begins(job):
                chosen.append(job)
                rows, longest = count, length
                if job.call is not None:
                    break
        self._waiting.extendleft(reversed(kept))
        return chosen

    def _compute(self, jobs: list[Job]) -> None:
        positions = sum(sum(job.lengths) for job in jobs)
        self.meter.batch(len(jobs), sum(len(job.rows) for job in jobs), positions)
        started = time.perf_counter()
        try:
            answers = self._pieces([row for job in jobs for row in job.rows], jobs)
        except Exception as error:
            if len(jobs) > 1:  # one of them may be to blame: the others shall not suffer
                for job in jobs:
                    self._compute([job])
            else:
                jobs[0].result.set_exception(error)
            return
        seconds = max(time.perf_counter() - started, 1e-6)
        padded = sum(job.padded for job in jobs)
        self.speed += SMOOTHING * (padded / seconds - self.speed)
        begin = 0
        for job in jobs:
            job.result.set_result(answers[begin : begin + len(job.rows)])
            begin += len(job.rows)

    def _pieces(self, rows: list[Any], jobs: list[Job]) -> Answers:
        """A request that is larger than a batch is computed in several."""
        longest = max(max(job.lengths, default=1) for job in jobs)
        size = max(1, self.limits.batch_positions // max(longest, 1))
        pieces = [rows[start : start + size] for start in range(0, len(rows), size)]
        return [answer for piece in pieces for answer in self.compute(piece)]


def late() -> RefusedError:
    """What a request is told whose time is over."""
    return RefusedError(504, "no answer within the deadline")


def _begins(job: Job) -> bool:
    """Whether a job is still wanted; its client may have left, or its time be over."""
    if not job.result.set_running_or_notify_cancel():
        return False
    if time.monotonic() > job.due:
        job.result.set_exception(late())
        return False
    return True


def _settle(job: Job, call: Callable[[], Any]) -> None:
    try:
        job.result.set_result(call())
    except BaseException as error:
        job.result.set_exception(error)

"""Assignments done by parallel processes; one that dies takes nothing with it but its own job."""

from __future__ import annotations

import json
import queue
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seqlab.errors import UserError
from seqlab.isolation import python_module
from seqlab.study.assignment import Assignment
from seqlab.study.child_process import CHECK_SECONDS, FAREWELL_SECONDS, ChildProcess, Events
from seqlab.study.engine import (
    KEEP_MEMORY,
    KILLED,
    MOST_ATTEMPTS,
    RUN_AGAIN,
    Engine,
    Keep,
    Watch,
    record_failure,
)

WORKER_MODULE = "seqlab.study.worker"
LOG_FILE = "workers.log"  # what processes print, in the study's folder
GRACE_SECONDS = 31.0  # a second more than a worker gives itself, so that it ends by itself


class _Worker(ChildProcess):
    """A process that does assignments, one at a time."""

    def __init__(self, study: Path, events: Events) -> None:
        self.assignment: Assignment | None = None
        self.ready = self.asked_to_leave = False
        self.begun = time.monotonic()
        command = python_module(WORKER_MODULE, str(study))
        super().__init__(command, study / LOG_FILE, events, **KEEP_MEMORY)

    def give(self, assignment: Assignment) -> None:
        """Let it do an assignment."""
        self.assignment = assignment
        self.send(json.dumps(assignment.plain()))


class Pool(Engine):
    """Processes that stay until the pool is closed.

    They start with the first work, so that a study that has nothing left to do starts none.
    """

    def __init__(self, study: Path, workers: int) -> None:
        super().__init__(study)
        self.size = workers
        self.events: Events = queue.Queue()
        self.workers: list[_Worker] = []
        self.waiting: list[Assignment] = []
        self.unanswered_starts = 0
        self._checked = time.monotonic()

    def close(self) -> None:
        """Stop every process, whatever it does; what it trained can be continued."""
        busy = [worker for worker in self.workers if worker.assignment]
        for worker in busy:
            worker.leave()
        if busy:
            self.leaving(len(busy))
        end = time.monotonic() + GRACE_SECONDS
        for worker in self.workers:
            worker.close(end - time.monotonic() if worker in busy else 0.0)
        self.workers.clear()

    def execute(
        self,
        assignments: Sequence[Assignment],
        watch: Watch = lambda assignment, share, figures: None,
        keep: Keep = lambda assignment: True,
    ) -> list[Assignment]:
        self.waiting = [a for a in assignments if not a.settled(self.study)]
        self.left_out = []
        for assignment in assignments:
            if assignment not in self.waiting:
                watch(assignment, 1.0, None)
        self._serve(keep)
        while self.waiting or any(worker.assignment for worker in self.workers):
            self._listen(watch)
            self._check_all()
            self._serve(keep)
        return self.left_out

    def _listen(self, watch: Watch) -> None:
        """Wait for the next event, but not for long."""
        try:
            child, event = self.events.get(timeout=CHECK_SECONDS)
        except queue.Empty:
            return
        for worker in [one for one in self.workers if one is child]:  # it may be replaced already
            self._handle(worker, event, watch)

    def _check_all(self) -> None:
        """Now and then: whether each process still gives signs of life."""
        if time.monotonic() - self._checked > CHECK_SECONDS:
            self._checked = time.monotonic()
            for worker in self.workers:
                worker.check(self.late())
                running = worker.assignment
                if running and not worker.asked_to_leave and self.overdue(running):
                    worker.asked_to_leave = True
                    worker.leave()

    def _serve(self, keep: Keep) -> None:
        """Work for every idle process, and processes for the work that still waits."""
        for worker in self.workers:
            while worker.ready and worker.assignment is None and self.waiting:
                assignment = self.waiting.pop(0)
                if keep(assignment):
                    worker.give(assignment)
                else:
                    self.left_out.append(assignment)
        busy = sum(worker.assignment is not None for worker in self.workers)
        while len(self.workers) < min(self.size, busy + len(self.waiting)):
            self.workers.append(_Worker(self.study, self.events))

    def _handle(self, worker: _Worker, event: dict[str, Any], watch: Watch) -> None:
        match event["event"]:
            case "ready":
                worker.ready = True
                self.started(time.monotonic() - worker.begun)
            case "progress" if worker.assignment:
                watch(worker.assignment, min(event["share"], 0.999), event.get("figures"))
            case "done" if worker.assignment:
                watch(worker.assignment, 1.0, None)
                worker.assignment = None
            case "fatal":
                raise UserError(event["reason"], event.get("hint") or RUN_AGAIN)
            case "remark" if worker.assignment:
                self.remark(worker.assignment, event["text"])
            case "closed":
                self._replace(worker, worker.close(FAREWELL_SECONDS), watch)

    def _replace(self, worker: _Worker, status: int, watch: Watch) -> None:
        """Do without a process that has ended; its work waits again, or is recorded as failed.

        A process that was asked to go, by whomever, left a checkpoint and status 0: no failure.
        """
        self.workers.remove(worker)
        if not worker.ready:
            self._refuse_start(worker, status)
        lost = worker.assignment
        if lost is None:
            return
        if worker.asked_to_leave:
            self.left_out.append(lost)
            return
        self.attempts[lost.digest] = self.attempts.get(lost.digest, 0) + (status != 0)
        if self.attempts[lost.digest] < MOST_ATTEMPTS:
            if worker.ended_as_silent:
                self.remark(lost, "its process no longer answered and was ended; done once more")
            self.waiting.insert(0, lost)
            watch(lost, 0.0, None)
        else:
            record_failure(lost, self.study, _reason(worker, status))
            watch(lost, 1.0, None)

    def _refuse_start(self, worker: _Worker, status: int) -> None:
        """Processes that cannot begin are the user's to know about, except for one that hung."""
        self.unanswered_starts += worker.ended_as_silent
        if not worker.ended_as_silent or self.unanswered_starts >= MOST_ATTEMPTS:
            why = f"ended before it began, with status {status}"
            if worker.ended_as_silent:
                why = "did not answer before it began, twice"
            raise UserError(f"a worker process {why}", f"see {self.study / LOG_FILE}")


def _reason(worker: _Worker, status: int) -> str:
    if worker.ended_as_silent:
        return "its process no longer answered, and was ended"
    return KILLED if status == -9 else f"process ended: status {status}"

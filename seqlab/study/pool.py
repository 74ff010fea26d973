"""Assignments done by parallel processes; one that dies takes nothing with it but its own job."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from seqlab.errors import UserError
from seqlab.runs import write_run
from seqlab.study.assignment import Assignment

# Told an assignment, the share that is done, and a Reading of its training as plain data, if any.
Watch = Callable[[Assignment, float, dict[str, Any] | None], None]
Keep = Callable[[Assignment], bool]  # asked before an assignment starts; false leaves it out
PROGRAM = ("-m", "seqlab.study.worker")
AGAIN = "put it right and run the same command again: finished runs are kept"
GRACE = 31.0  # seconds for a process to finish a step and to write a checkpoint
ATTEMPTS = 2  # a process may be killed by chance once
# glibc hands large tensors back to the system and pays for their pages at every step; a process
# that trains keeps them. Other systems do not read these.
KEEP_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 32),
}


class _Worker:
    def __init__(self, study: Path, events: queue.Queue[tuple[_Worker, dict[str, Any]]]) -> None:
        self.assignment: Assignment | None = None
        self.ready = False
        self.begun = time.monotonic()
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        threads = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
        environment = {**KEEP_MEMORY, **environment, **dict.fromkeys(threads, "1")}
        self.log = open(study / "workers.log", "ab")  # noqa: SIM115 – closed with the worker
        self.process = subprocess.Popen(
            [sys.executable, *PROGRAM, str(study)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            env=environment,
            text=True,
        )
        threading.Thread(target=self._read, args=(events,), daemon=True).start()

    def _read(self, events: queue.Queue[tuple[_Worker, dict[str, Any]]]) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            events.put((self, json.loads(line)))
        events.put((self, {"event": "gone", "code": self.process.wait()}))

    def give(self, assignment: Assignment) -> None:
        assert self.process.stdin is not None
        self.assignment = assignment
        try:
            self.process.stdin.write(json.dumps(assignment.plain()) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it is gone; the reader says so

    def leave(self) -> None:
        """Ask it to finish its step, to leave a checkpoint and to go."""
        self.process.terminate()

    def close(self, seconds: float = 0.0) -> None:
        """Wait so long for it to go, and no longer."""
        try:
            self.process.wait(timeout=max(0.0, seconds))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


class Pool:
    """Processes that stay until the pool is closed; a context manager.

    They start with the first work, so that a study that has nothing left to do starts none.
    """

    def __init__(self, study: Path, workers: int) -> None:
        self.study, self.size = study, workers
        self.events: queue.Queue[tuple[_Worker, dict[str, Any]]] = queue.Queue()
        self.workers: list[_Worker] = []
        self.waiting: list[Assignment] = []
        self.left_out: list[Assignment] = []
        self.attempts: dict[str, int] = {}
        self.started: Callable[[float], None] = lambda seconds: None  # told how long starts take
        self.remark: Callable[[Assignment, str], None] = lambda assignment, text: None
        self.leaving: Callable[[int], None] = lambda busy: None  # told how many finish their step

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop every process, whatever it does; what it trained can be continued."""
        busy = [worker for worker in self.workers if worker.assignment]
        for worker in busy:
            worker.leave()
        if busy:
            self.leaving(len(busy))
        end = time.monotonic() + GRACE
        for worker in self.workers:
            worker.close(end - time.monotonic() if worker in busy else 0.0)
        self.workers.clear()

    def execute(
        self,
        assignments: Sequence[Assignment],
        watch: Watch = lambda assignment, share, reading: None,
        keep: Keep = lambda assignment: True,
    ) -> list[Assignment]:
        """Do what is not done yet, in order; returns what `keep` left out.

        Raises UserError when the disk is full; runs that finished before stay.
        """
        self.waiting = [a for a in assignments if not a.settled(self.study)]
        self.left_out = []
        for assignment in assignments:
            if assignment not in self.waiting:
                watch(assignment, 1.0, None)
        self._serve(keep)
        while self.waiting or any(worker.assignment for worker in self.workers):
            worker, event = self.events.get()
            if worker in self.workers:
                self._handle(worker, event, watch)
                self._serve(keep)
        return self.left_out

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
                watch(worker.assignment, min(event["share"], 0.999), event.get("reading"))
            case "done" if worker.assignment:
                watch(worker.assignment, 1.0, None)
                worker.assignment = None
            case "fatal":
                raise UserError(event["reason"], event.get("hint") or AGAIN)
            case "remark" if worker.assignment:
                self.remark(worker.assignment, event["text"])
            case "gone":
                self._bury(worker, event["code"], watch)

    def _bury(self, worker: _Worker, code: int, watch: Watch) -> None:
        """Take leave of a process; its work waits again, or is recorded where it died twice.

        A process that was asked to go, by whomever, left a checkpoint and status 0: no death.
        """
        worker.close()
        self.workers.remove(worker)
        if not worker.ready:
            raise UserError(
                f"a worker process ended before it began, with status {code}",
                f"see {self.study / 'workers.log'}",
            )
        lost = worker.assignment
        if lost is None:
            return
        self.attempts[lost.digest] = self.attempts.get(lost.digest, 0) + (code != 0)
        if self.attempts[lost.digest] < ATTEMPTS:
            self.waiting.insert(0, lost)
            watch(lost, 0.0, None)
        else:
            _record_death(lost, self.study, code)
            watch(lost, 1.0, None)


def _record_death(assignment: Assignment, study: Path, code: int) -> None:
    reason = "killed: most likely out of memory" if code == -9 else f"process ended: status {code}"
    result = {
        **asdict(assignment.job),
        "digest": assignment.digest,
        "status": "failed",
        "reason": reason,
        "seed": assignment.train["seed"],
        "settings": {"model": assignment.model, "train": assignment.train},
        "transient": True,
        "valid": None,
        "test": {},
    }
    write_run(assignment.folder(study), result, {})

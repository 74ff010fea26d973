"""Assignments done by parallel processes; one that dies takes nothing with it but its own job."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from seqlab.errors import UserError
from seqlab.runs import write_run
from seqlab.study.assignment import Assignment

Watch = Callable[[Assignment, float], None]  # told an assignment and the share that is done
Keep = Callable[[Assignment], bool]  # asked before an assignment starts; false leaves it out
ATTEMPTS = 2  # a process may be killed by chance once
# glibc hands large tensors back to the system and pays for their pages at every step; a process
# that trains keeps them. Other systems do not read these.
KEEP_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 32),
}


def execute(
    assignments: Sequence[Assignment],
    study: Path,
    workers: int,
    watch: Watch = lambda assignment, share: None,
    keep: Keep = lambda assignment: True,
) -> list[Assignment]:
    """Do what is not done yet, in order; returns what `keep` left out.

    Raises UserError when the disk is full; runs that finished before stay.
    """
    waiting = [a for a in assignments if not a.settled(study)]
    for assignment in assignments:
        if assignment not in waiting:
            watch(assignment, 1.0)
    if not waiting:
        return []
    pool = _Pool(study, min(workers, len(waiting)), watch, keep)
    try:
        return pool.run(waiting)
    finally:
        pool.close()


class _Worker:
    def __init__(self, study: Path, events: queue.Queue[tuple[_Worker, dict[str, Any]]]) -> None:
        self.assignment: Assignment | None = None
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        threads = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
        environment = {**KEEP_MEMORY, **environment, **dict.fromkeys(threads, "1")}
        self.log = open(study / "workers.log", "ab")  # noqa: SIM115 – closed with the worker
        self.process = subprocess.Popen(
            [sys.executable, "-m", "seqlab.study.worker", str(study)],
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

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.log.close()


class _Pool:
    def __init__(self, study: Path, workers: int, watch: Watch, keep: Keep) -> None:
        self.study, self.watch, self.keep = study, watch, keep
        self.events: queue.Queue[tuple[_Worker, dict[str, Any]]] = queue.Queue()
        self.workers = [_Worker(study, self.events) for _ in range(workers)]
        self.attempts: dict[str, int] = {}
        self.left_out: list[Assignment] = []

    def run(self, waiting: list[Assignment]) -> list[Assignment]:
        while waiting or any(worker.assignment for worker in self.workers):
            worker, event = self.events.get()
            if worker not in self.workers:
                continue
            match event["event"]:
                case "progress" if worker.assignment:
                    self.watch(worker.assignment, min(event["share"], 0.999))
                case "ready" | "done":
                    if worker.assignment:
                        self.watch(worker.assignment, 1.0)
                    self._give_next(worker, waiting)
                case "fatal":
                    raise UserError(
                        event["reason"],
                        "put it right and run the same command again: finished runs are kept",
                    )
                case "gone":
                    self._replace(worker, event["code"], waiting)
        return self.left_out

    def _give_next(self, worker: _Worker, waiting: list[Assignment]) -> None:
        worker.assignment = None
        while waiting:
            assignment = waiting.pop(0)
            if self.keep(assignment):
                worker.give(assignment)
                return
            self.left_out.append(assignment)

    def _replace(self, worker: _Worker, code: int, waiting: list[Assignment]) -> None:
        worker.close()
        self.workers.remove(worker)
        if worker.assignment is None:
            raise UserError(
                f"a worker process ended before it began, with status {code}",
                f"see {self.study / 'workers.log'}",
            )
        tries = self.attempts.get(worker.assignment.digest, 0) + 1
        self.attempts[worker.assignment.digest] = tries
        if tries < ATTEMPTS:
            waiting.insert(0, worker.assignment)
        else:
            _record_death(worker.assignment, self.study, code)
            self.watch(worker.assignment, 1.0)
        if waiting:
            self.workers.append(_Worker(self.study, self.events))

    def close(self) -> None:
        for worker in self.workers:
            worker.close()


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

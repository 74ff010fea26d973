"""Assignments as plain Ray tasks: a node that dies takes its unfinished runs with it, no others."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ray

from seqlab.errors import UserError
from seqlab.runs import unfinished_name
from seqlab.study.assignment import Assignment
from seqlab.study.cluster.board import Board
from seqlab.study.cluster.connection import Needs, free_slots, nodes, on_node
from seqlab.study.cluster.facts import PACKAGES, node_facts
from seqlab.study.cluster.parcels import pack, size, unpack
from seqlab.study.cluster.task import perform, tidy
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
from seqlab.training.memory import peak_memory_mb

LOOK_SECONDS = 0.5  # between two looks at the board
LEAVE_SECONDS = 6.0  # to finish a step and to write a checkpoint, before a run is cut off
ENDING_SECONDS = 2.0  # in which processes that were cut off are gone
NO_NODE_SECONDS = 120.0  # for which a cluster without any room is waited for
MEMORY_MARGIN = 1.2  # times what a run was seen to take is asked for the next like it
MB = 1_000_000


@dataclass
class _Running:
    assignment: Assignment
    begun: float = field(default_factory=time.monotonic)
    asked: float | None = None  # when it was asked to leave


class RayEngine(Engine):
    """Gives as many tasks to the cluster as it has room for, and no more: the clock decides late.

    device  what runs train on
    most    runs at once at most; None: as many as there is room for
    """

    def __init__(self, study: Path, device: str, most: int | None = None) -> None:
        super().__init__(study)
        self.device, self.most = device, most
        self.waiting: list[Assignment] = []
        self.running: dict[ray.ObjectRef, _Running] = {}
        # What runs take of memory is not known before one has ended; this process has trained a
        # few steps of each.
        self.memory_mb: dict[str, float] = {}
        self.token = unfinished_name()  # so that `claimed` tidies it
        self.parcels: dict[str, ray.ObjectRef] = {}
        self.blind: set[str] = set()  # names of nodes that do not see the study's folder
        self.versions = node_facts(list(PACKAGES))
        self._board: Any = None
        self._room_seen = time.monotonic()

    @property
    def board(self) -> Any:
        """Where tasks tell how they are doing; on this node, which is the last to go."""
        if self._board is None:
            here = on_node(ray.get_runtime_context().get_node_id())
            del here["max_retries"]
            self._board = ray.remote(Board).options(**here).remote()
            (self.study / self.token).touch()
        return self._board

    def close(self) -> None:
        """Ask every run to leave, and cut off those that do not; the cluster idles after that."""
        self.waiting.clear()
        if self.running:
            self.leaving(len(self.running))
            self._ask(list(self.running))
            end = time.monotonic() + LEAVE_SECONDS
            while self.running and time.monotonic() < end:
                self._collect(lambda assignment, share, figures: None)
                self.waiting.clear()
            for task in self.running:
                ray.cancel(task, force=True)
            ray.wait(list(self.running), num_returns=len(self.running), timeout=ENDING_SECONDS)
            self.running.clear()
        if self._board is not None:
            self._tidy()
            ray.kill(self._board)
            self._board = None

    def _tidy(self) -> None:
        (self.study / self.token).unlink(missing_ok=True)
        self.parcels.clear()
        if self.blind:
            task = ray.remote(tidy)
            asked = [task.options(**on_node(n["NodeID"])).remote(self.token) for n in nodes()]
            ray.wait(asked, num_returns=len(asked), timeout=ENDING_SECONDS)

    def execute(
        self,
        assignments: Sequence[Assignment],
        watch: Watch = lambda assignment, share, figures: None,
        keep: Keep = lambda assignment: True,
    ) -> list[Assignment]:
        self.waiting = [a for a in assignments if not a.settled(self.study)]
        self.left_out = []
        unfinished = {a.digest for a in self.waiting}
        for assignment in assignments:
            if assignment.digest not in unfinished:
                watch(assignment, 1.0, None)
        try:
            while self.waiting or self.running:
                self._submit(keep)
                self._collect(watch)
                self._hear(watch)
                self._end_overdue()
        except SystemExit:  # as Ray says it
            self._gone()
            raise UserError(
                "Ray on this machine is gone, and with it the connection to its cluster",
                "start it again, and run the same command again: finished runs are kept",
            ) from None
        return self.left_out

    def _gone(self) -> None:
        """Nothing can be asked of the cluster any more."""
        (self.study / self.token).unlink(missing_ok=True)
        self.running.clear()
        self._board = None

    # -- giving --------------------------------------------------------------------------------

    def _submit(self, keep: Keep) -> None:
        """Tasks for the room that there is."""
        while self.waiting and self._room(self.waiting[0]):
            assignment = self.waiting.pop(0)
            if keep(assignment):
                self._give(assignment)
            else:
                self.left_out.append(assignment)

    def _room(self, assignment: Assignment) -> bool:
        room = free_slots(self._needs(assignment))
        if room:
            self._room_seen = time.monotonic()
        elif not self.running and time.monotonic() - self._room_seen > NO_NODE_SECONDS:
            raise UserError(
                "no node of the Ray cluster has had room for a run for "
                f"{NO_NODE_SECONDS:.0f} seconds",
                "add nodes (ray status shows those there are) and run the same command again: "
                "finished runs are kept",
            )
        elif not self.running:
            time.sleep(LOOK_SECONDS)
        return len(self.running) < (room if self.most is None else min(room, self.most))

    def _needs(self, assignment: Assignment) -> Needs:
        """Of memory what a run of this candidate took, or this process; no more than a node has."""
        wanted = self.memory_mb.get(assignment.job.candidate) or peak_memory_mb()
        largest = max((n["Resources"].get("memory", 0) for n in nodes()), default=0)
        return Needs.of(self.device, int(min(wanted * MEMORY_MARGIN * MB, largest)))

    def _give(self, assignment: Assignment) -> None:
        order = {
            "assignment": assignment.plain(),
            "study": str(self.study),
            "token": self.token,
            "versions": self.versions,
            "parcel": [self._parcel(assignment.prepared)] if self.blind else [],
        }
        needs = self._needs(assignment)
        options = {"num_cpus": needs.cpus, "num_gpus": needs.gpus, "memory": needs.memory}
        task = ray.remote(perform).options(
            **options, max_retries=0, runtime_env={"env_vars": KEEP_MEMORY}
        )
        self.running[task.remote(order, self.board)] = _Running(assignment)

    def _parcel(self, prepared: str) -> ray.ObjectRef:
        """The prepared data in the object store, from which every node takes them once."""
        if prepared not in self.parcels:
            parcel = pack(self.study / prepared)
            stores = [n["Resources"].get("object_store_memory", 0) for n in nodes()]
            if size(parcel) > min(stores):
                raise UserError(
                    f"the prepared data have {size(parcel) / MB:,.0f} MB, and the object store of "
                    f"a Ray node has {min(stores) / MB:,.0f} MB",
                    "start Ray on every node with a larger --object-store-memory, or give -o a "
                    "folder that all nodes share",
                )
            self.parcels[prepared] = ray.put(parcel)
        return self.parcels[prepared]

    # -- hearing -------------------------------------------------------------------------------

    def _collect(self, watch: Watch) -> None:
        """Wait for a task to end, but not for long."""
        if not self.running:
            return
        done, _ = ray.wait(list(self.running), timeout=LOOK_SECONDS)
        for task in done:
            running = self.running.pop(task)
            try:
                event = ray.get(task)
            except ray.exceptions.RayError as error:
                self._lost(running, error, watch)
            else:
                self._ended(running, event, watch)

    def _ended(self, running: _Running, event: dict[str, Any], watch: Watch) -> None:
        assignment = running.assignment
        match event["event"]:
            case "done":
                if "files" in event:
                    unpack(event["files"], assignment.folder(self.study))
                self.memory_mb[assignment.job.candidate] = event["memory_mb"]
                watch(assignment, 1.0, None)
            case "left" if running.asked is not None:
                self._left(assignment)
            case "left":  # nobody here asked it: it goes on from its checkpoint
                self._again(assignment, watch)
            case "blind":
                if event["host"] not in self.blind:
                    self.blind.add(event["host"])
                    self.remark(
                        assignment,
                        f"{event['host']} does not see {self.study}: the data go there, and "
                        "finished runs come back, through Ray",
                    )
                self._again(assignment, watch)
            case _:
                raise UserError(event["reason"], event.get("hint") or RUN_AGAIN)

    def _lost(self, running: _Running, error: Exception, watch: Watch) -> None:
        """A task that ended with its process or its node, or by a fault of ours."""
        assignment = running.assignment
        if running.asked is not None:
            self._left(assignment)
            return
        reason = _reason(error)
        attempts = self.attempts[assignment.digest] = self.attempts.get(assignment.digest, 0) + 1
        if attempts < MOST_ATTEMPTS:
            self.remark(assignment, f"{reason}; done once more")
            self._again(assignment, watch)
        else:
            record_failure(assignment, self.study, reason)
            watch(assignment, 1.0, None)

    def _again(self, assignment: Assignment, watch: Watch) -> None:
        self.waiting.insert(0, assignment)
        watch(assignment, 0.0, None)

    def _left(self, assignment: Assignment) -> None:
        self.left_out.append(assignment)
        self.board.forget.remote(assignment.digest)

    def _hear(self, watch: Watch) -> None:
        """What running tasks told since the last time."""
        known = {running.assignment.digest: running.assignment for running in self.running.values()}
        for digest, event in ray.get(self.board.read.remote()) if known else []:
            if digest not in known:
                continue
            if event["event"] == "remark":
                self.remark(known[digest], event["text"])
            else:
                watch(known[digest], min(event["share"], 0.999), event["figures"])

    def _end_overdue(self) -> None:
        """Ask those to leave that are overdue, and cut off those that were asked long ago."""
        now = time.monotonic()
        self._ask(
            [t for t, r in self.running.items() if r.asked is None and self.overdue(r.assignment)]
        )
        for task, running in self.running.items():
            if running.asked is not None and now - running.asked > LEAVE_SECONDS:
                ray.cancel(task, force=True)

    def _ask(self, tasks: Sequence[ray.ObjectRef]) -> None:
        for task in tasks:
            self.running[task].asked = self.running[task].asked or time.monotonic()
        if tasks:
            self.board.ask.remote([self.running[task].assignment.digest for task in tasks])


def _reason(error: Exception) -> str:
    """In words for people why a task did not end by itself."""
    if isinstance(error, ray.exceptions.RayTaskError):
        return str(error).strip().rpartition("\n")[2]
    if isinstance(error, ray.exceptions.NodeDiedError):
        return "its node is gone"
    if isinstance(error, ray.exceptions.OutOfMemoryError | ray.exceptions.WorkerCrashedError):
        return KILLED
    return f"its node or its result is gone ({type(error).__name__})"

"""What a node does for a study: one assignment, in the study's own folder where the node sees it.

A node that does not see it unpacks the prepared data once, works in a folder of its own and sends
the finished run back; a training that was cut off there begins again, as its checkpoint stays.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import ray
from filelock import FileLock

from seqlab.errors import UserError
from seqlab.study.assignment import Assignment
from seqlab.study.cluster.connection import difference
from seqlab.study.cluster.facts import PACKAGES, node_facts
from seqlab.study.cluster.parcels import own_folder, pack, unpack
from seqlab.study.job import attempt
from seqlab.study.job_context import Supervisor
from seqlab.training.memory import peak_memory_mb

Order = dict[str, Any]  # of plain data, made by `RayEngine`


class Messenger:
    """Tells the board of a run's progress, and knows its last answer."""

    def __init__(self, board: Any, digest: str) -> None:
        self.board, self.digest = board, digest
        self.leave = False
        self._answers: list[Any] = []

    def report(self, share: float, figures: dict[str, Any]) -> None:
        """How far the run is; the answer is read the next time, so that no step waits for it."""
        self._post({"event": "progress", "share": share, "figures": figures})

    def remark(self, text: str) -> None:
        """What went wrong in it."""
        self._post({"event": "remark", "text": text})

    def should_stop(self) -> bool:
        """Whether the board says so."""
        done, self._answers = ray.wait(self._answers, timeout=0) if self._answers else ([], [])
        self.leave |= any(ray.get(answer) for answer in done)
        return self.leave

    def _post(self, event: dict[str, Any]) -> None:
        self._answers.append(self.board.post.remote(self.digest, event))


def perform(order: Order, board: Any) -> dict[str, Any]:
    """Do an assignment; returns an event, with the run's files where the node cannot write them.

    order  assignment  as plain data
           study       the study's folder, and `token`, a file in it that says that it is this one
           versions    of the study's machine
           parcel      a list of the reference to the prepared data; empty where none was needed
    """
    here = node_facts(list(PACKAGES))
    different = difference(order["versions"], here)
    if different:
        return {"event": "fatal", "reason": f"{here['host']}: {different}", "hint": ""}
    assignment = Assignment.read(order["assignment"])
    messenger = Messenger(board, assignment.digest)
    supervisor = Supervisor(
        report=messenger.report, should_stop=messenger.should_stop, remark=messenger.remark
    )
    study, facts = Path(order["study"]), {"host": here["host"]}
    if (study / order["token"]).exists():
        return {**attempt(assignment, study, supervisor), **facts, **_memory()}
    if not order["parcel"]:
        return {"event": "blind", **facts}
    try:
        own = _unpacked(assignment, order)
    except ray.exceptions.RayError as error:
        reason = f"{here['host']}: no room for the prepared data in Ray's object store ({error})"
        return {"event": "fatal", "reason": reason.partition("\n")[0], "hint": ""}
    event = {**attempt(assignment, own, supervisor), **facts, **_memory()}
    folder = assignment.folder(own)
    if event["event"] == "done":
        event["files"] = pack(folder)
        shutil.rmtree(folder, ignore_errors=True)
    return event


def _memory() -> dict[str, float]:
    return {"memory_mb": peak_memory_mb()}


def _unpacked(assignment: Assignment, order: Order) -> Path:
    """This node's own folder of the study, with the prepared data in it."""
    own = own_folder(order["token"])
    prepared = own / assignment.prepared
    if not (prepared / "digest").exists():
        with FileLock(own / ".lock"):
            if not (prepared / "digest").exists():
                unpack(ray.get(order["parcel"][0]), prepared)
    return own


def tidy(token: str) -> None:
    """Take away what a node has of a study that ends."""
    try:
        shutil.rmtree(own_folder(token), ignore_errors=True)
    except (OSError, UserError):
        return

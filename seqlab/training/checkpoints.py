"""Checkpoints: all of a training's state in one file, written so that no moment can damage it.

A file holds tensors (safetensors) and, in its header, everything else as JSON; nothing is pickled.
It is written aside, synchronised with the disk and renamed; the last two are kept, so that one is
whole whatever happened to the other.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from seqlab.errors import UserError
from seqlab.training.nested import pack, unpack

FORMAT = 3
KEPT_CHECKPOINTS = 2
TIME_A_WRITING = 100  # writing takes at most one part in so many of the time


class CheckpointError(UserError):
    """A checkpoint that another training or another version wrote."""


class Interrupted(Exception):  # noqa: N818 – not an error: training was asked to stop
    """A training stopped after a step, with its state in a checkpoint."""


class Checkpoints:
    """A training's checkpoints in a folder of their own.

    identity  what a checkpoint must have been written for, to be continued
    seconds   between two of them, and longer where writing takes more than 1 % of that
    stop      asked after each step whether to write one and to stop
    """

    def __init__(
        self,
        folder: Path,
        identity: str = "",
        seconds: float = 30.0,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self.folder, self.identity, self.seconds, self.stop = folder, identity, seconds, stop
        self.next = time.monotonic() + seconds
        self.damaged: list[Path] = []  # what `latest` passed over
        self.clear_temporary()

    def due(self) -> bool:
        """Whether it is time for the next one."""
        return time.monotonic() >= self.next

    def write(self, step: int, state: dict[str, Any]) -> None:
        """Write the state after a step, and forget all but the last two."""
        begun = time.monotonic()
        self.folder.mkdir(parents=True, exist_ok=True)
        tensors: dict[str, Tensor] = {}
        content = {"version": FORMAT, "identity": self.identity, "state": pack(state, tensors)}
        path = self.folder / f"step-{step:09d}.safetensors"
        temporary = path.with_suffix(".writing")
        try:
            save_file(tensors, temporary, {"checkpoint": json.dumps(content)})
            _synchronise(temporary)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)  # of a full disk it would take the last room
        _synchronise(self.folder)
        for old in self._files()[KEPT_CHECKPOINTS:]:
            old.unlink(missing_ok=True)
        spent = time.monotonic() - begun
        wait = TIME_A_WRITING * spent if self.seconds else 0.0
        self.next = time.monotonic() + max(self.seconds, wait)

    def latest(self) -> dict[str, Any] | None:
        """The state to continue from: of the last whole file, or None.

        Raises CheckpointError for one that was written for other settings or by another version.
        """
        self.damaged.clear()
        for path in self._files():
            try:
                with safe_open(path, framework="pt") as file:
                    content = json.loads(file.metadata()["checkpoint"])
                    self._check(path, content)
                    tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                return dict(unpack(content["state"], tensors))
            except (SafetensorError, OSError, KeyError, TypeError, ValueError):
                self.damaged.append(path)  # the one before is whole
        return None

    def clear(self) -> None:
        """Forget all: what was trained is in a safe place."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def clear_temporary(self) -> None:
        """Remove what a process that was killed left half written."""
        for path in self.folder.glob("*.writing"):
            path.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("step-*.safetensors"), reverse=True)

    def _check(self, path: Path, content: dict[str, Any]) -> None:
        hint = "delete it to train from the beginning"
        if content["version"] != FORMAT:
            raise CheckpointError(
                f"{path}: a checkpoint of version {content['version']}; accepted: {FORMAT}", hint
            )
        if content["identity"] != self.identity:
            raise CheckpointError(f"{path}: a checkpoint of another model, data or settings", hint)


def _synchronise(path: Path) -> None:
    """Wait until the disk has it; a folder cannot be opened for that everywhere."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except PermissionError:  # a folder on Windows
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""One job as plain data: all that a worker process needs to know, and nothing else."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from seqlab.errors import UserError
from seqlab.runs import Job, Run, read_run
from seqlab.specs import ModelSpec, Spec, TrainSpec


def digest_of(content: Any) -> str:
    """Sixteen hexadecimal digits that stand for plain data."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """A job with its settings; its digest tells whether a stored run is this very job.

    prepared  the folder of the fitted task and its parts
    data      the digest of that folder's content
    model     ModelSpec as plain data; empty for a baseline
    train     TrainSpec as plain data; for a baseline its seed alone
    """

    job: Job
    task: str
    prepared: str
    data: str
    model: dict[str, Any]
    train: dict[str, Any]
    backend: str = "auto"

    @cached_property
    def digest(self) -> str:
        """Equal for equal work; asked for often, of what never changes."""
        content = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "prepared"}
        return digest_of({**content, "job": asdict(self.job)})

    @property
    def settings(self) -> dict[str, Any]:
        """All settings of the run, as its result stores them."""
        return {"model": self.model, "train": self.train}

    def plain(self) -> dict[str, Any]:
        """For the pipe to a worker."""
        return asdict(self)

    @classmethod
    def read(cls, values: dict[str, Any]) -> Assignment:
        """From what `plain` gave."""
        return cls(**{**values, "job": Job(**values["job"])})

    def folder(self, study: Path) -> Path:
        """Where the run belongs."""
        return study / "runs" / self.job.folder

    def settled(self, study: Path) -> bool:
        """Whether there is nothing left to do: what failed by chance is worth another attempt."""
        run = self.finished(study)
        return run is not None and not run.result.get("transient", False)

    def finished(self, study: Path) -> Run | None:
        """The stored run, if it is this very job and complete.

        A run of an earlier version counts too, if what settings there were says the same: those
        that came since are at their defaults, which is how it was trained.
        """
        run = read_run(self.folder(study))
        if run is None or run.result.get("digest") == self.digest:
            return run
        stored = run.result.get("settings") or {}
        earlier = replace(self, model=stored.get("model", {}), train=stored.get("train", {}))
        specs = self._read()
        same = specs is not None and earlier._read() == specs
        return run if same and run.result.get("digest") == earlier.digest else None

    def _read(self) -> tuple[Spec, Spec] | None:
        """A model's settings, each filled in where it is missing; None where they are no model's.

        Settings that this version does not know are no model's of its.
        """
        try:
            return ModelSpec.read(self.model), TrainSpec.read(self.train)
        except UserError:
            return None

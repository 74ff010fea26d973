"""The data doctor: what is in the data, what will go wrong, which task, what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seqlab import registry
from seqlab.data.columns import describe
from seqlab.data.findings import Finding
from seqlab.tasks.base import Confidence, DataSpec, Sources
from seqlab.workbench.gathering import choose_task, columns_of, gather, recognise
from seqlab.workbench.study import ROLES


@dataclass(frozen=True)
class Inspection:
    """What was found, before any compute is spent."""

    origin: str
    task: str
    why: str
    tasks: dict[str, Confidence]
    rows: int
    columns: dict[str, str]  # name → what it holds
    notes: tuple[str, ...]
    findings: list[Finding]
    sources: Sources

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "origin": self.origin,
            "task": self.task,
            "why": self.why,
            "tasks": {name: {"score": c.score, "why": c.why} for name, c in self.tasks.items()},
            "rows": self.rows,
            "columns": self.columns,
            "notes": list(self.notes),
            "findings": [finding.to_dict() for finding in self.findings],
        }


def inspect(
    data: Any,
    valid: Any = None,
    test: Any = None,
    *,
    task: str | None = None,
    columns: Any = None,
    seed: int = 0,
    reading: dict[str, Any] | None = None,
    **settings: Any,
) -> Inspection:
    """Inspect data as a study would see it; `settings` are fields of DataSpec."""
    names, roles = columns_of(columns, ROLES)
    sources = gather(data, valid, test, columns=names, **(reading or {}))
    chosen, why = choose_task(sources, task)
    spec = DataSpec.read({**settings, **({"columns": roles} if roles else {})}, "data")
    findings = registry.load("tasks", chosen).inspect(sources, spec, seed)
    frame = sources.train.frame
    return Inspection(
        sources.train.origin,
        chosen,
        why,
        recognise(sources.train),
        sum(len(t.frame) for t in (sources.train, sources.valid, sources.test) if t is not None),
        {name: str(kind) for name, kind in describe(frame).items()},
        sources.train.notes,
        findings,
        sources,
    )

"""The data doctor: what is in the data, what will go wrong, which task, what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seqlab import registry
from seqlab.data.columns import describe
from seqlab.data.findings import Finding
from seqlab.data.inspection import as_finding
from seqlab.progress import doing
from seqlab.tasks.base import Confidence, DataSpec, Sources
from seqlab.workbench.gathering import UnclearTaskError, choose_task, gather, recognise


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
    sources, declared = gather(
        data, valid, test, columns=columns, settings=settings, **(reading or {})
    )
    seen = recognise(sources.train)
    findings: list[Finding]
    try:
        chosen, why = choose_task(sources, task, declared, seen)
    except UnclearTaskError as error:  # an inspection says what is wrong; it does not stop at it
        chosen = max(seen, key=lambda name: seen[name].score)
        why = f"a guess: {seen[chosen].why}"
        findings = [as_finding(error)]
    else:
        spec = DataSpec.read(declared, "data")
        with doing("looking at the data"):
            findings = registry.load("tasks", chosen).inspect(sources, spec, seed)
    frame = sources.train.frame
    return Inspection(
        sources.train.origin,
        chosen,
        why,
        seen,
        sum(len(t.frame) for t in (sources.train, sources.valid, sources.test) if t is not None),
        {name: str(kind) for name, kind in describe(frame).items()},
        sources.train.notes,
        findings,
        sources,
    )

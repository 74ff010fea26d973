"""Looks at the test part: what was declared for each, and what has changed since.

What decides is settled with the first look. The same runs judged by another margin, limit or
preference are another look, as are other runs: each gives a winner one more chance.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from seqlab.compare.margins import written
from seqlab.metrics.base import Metric
from seqlab.runs import Run, read_json, write_json
from seqlab.study.resolving import accepted_loss, declared_margin
from seqlab.study.spec import StudySpec
from seqlab.study.stages import Finished

Declared = dict[str, Any]


@dataclass(frozen=True)
class StoredLook:
    """What `looks.json` holds of a look; versions before held the digest of its runs alone."""

    runs: str
    count: int
    declared: Declared


@dataclass(frozen=True)
class Look:
    """Which look at the test part this is, and what each look after the first has changed."""

    number: int
    declared: Declared
    changes: tuple[str, ...]

    def plain(self) -> dict[str, Any]:
        """For `verdict.json`."""
        return {**self.declared, "changes": list(self.changes)}


def declaration(spec: StudySpec, metric: Metric, contestants: Sequence[str]) -> Declared:
    """What decides, as people write it."""
    accepted = accepted_loss(metric, spec)
    limits = spec.constraints.plain()
    return {
        "metric": metric.name,
        "margin": written(declared_margin(metric, spec), metric),
        "accept": None if accepted is None else written(accepted, metric),
        "prefer": spec.prefer,
        "constraints": {name: limits[name] for name in limits if limits[name] is not None},
        "contestants": sorted(contestants),
    }


def look_at_test(folder: Path, finished: Finished, declared: Declared) -> Look:
    """Count this look, unless it was made before: the same runs, judged by the same."""
    runs = [run for seeds in finished.values() for folds in seeds for run in folds]
    this = StoredLook(_digest(runs), len(runs), declared)
    path = folder / "looks.json"
    looks = [_read(one, this) for one in (read_json(path) if path.exists() else [])]
    if this not in looks:
        looks.append(this)
    write_json(path, [vars(look) for look in looks])
    number = looks.index(this) + 1
    return Look(number, declared, tuple(_history(looks)))


def looks_made(folder: Path) -> int:
    """How often the test part was looked at before."""
    path = folder / "looks.json"
    return len(read_json(path)) if path.exists() else 0


def _digest(runs: Sequence[Run]) -> str:
    names = sorted(run.result["digest"] for run in runs)
    return hashlib.sha256("/".join(names).encode()).hexdigest()[:16]


def _read(stored: str | dict[str, Any], this: StoredLook) -> StoredLook:
    """One look; one at these very runs for which nothing was declared is taken for this one."""
    look = StoredLook(**stored) if isinstance(stored, dict) else StoredLook(stored, 0, {})
    return this if look.runs == this.runs and not look.declared else look


def _history(looks: Sequence[StoredLook]) -> Iterator[str]:
    for number, (before, look) in enumerate(pairwise(looks), 2):
        changed = list(_changes(before, look)) or ["other runs"]
        yield f"look {number} at the test part: {', '.join(changed)}"


def _changes(before: StoredLook, look: StoredLook) -> Iterator[str]:
    if not before.declared:  # nothing is known of it but that it was made
        return
    was, now = before.declared, look.declared
    for name in ("metric", "margin", "accept", "prefer"):
        if was.get(name) != now.get(name):
            yield f"{name} {_shown(now.get(name))} instead of {_shown(was.get(name))}"
    limits = {**was.get("constraints", {}), **now.get("constraints", {})}
    for name in limits:
        ends = [one.get("constraints", {}).get(name) for one in (now, was)]
        if ends[0] != ends[1]:
            option = f"--{name.replace('_', '-')}"
            yield f"{option} {_shown(ends[0])} instead of {_shown(ends[1])}"
    old, new = (set(one.get("contestants", ())) for one in (was, now))
    if new - old:
        yield f"with {', '.join(sorted(new - old))}"
    if old - new:
        yield f"without {', '.join(sorted(old - new))}"
    if before.runs != look.runs:
        yield f"{look.count} runs instead of {before.count}"


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    return f"{value:g}" if isinstance(value, int | float) else str(value)

"""Limits that nothing can meet, found out before anything is trained.

Parameters and stored size follow from a model's settings; memory and latency are those of a model
that has learned nothing yet, in the processes that measure finished ones.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from seqlab import registry
from seqlab.baselines.base import Baseline
from seqlab.baselines.storage import save_baseline
from seqlab.compare.costs import LIMITS, Constraints, Costs
from seqlab.errors import UserError
from seqlab.runs import read_json, write_json
from seqlab.study.building import build_model
from seqlab.study.clock import Moment
from seqlab.study.costs import measure, measure_latencies, size_mb
from seqlab.study.plan import Allowance, PlannedContestant, train_spec, with_fields
from seqlab.study.preparation import PreparedStudy
from seqlab.study.reading import save_reader, task_as_read
from seqlab.study.stored_model import save_weights

# What was measured before training, over what it may be at least afterwards.
CLEARLY = {"latency_ms_p50": 2.0, "peak_memory_mb": 1.2}
PREPARED = "prepared/fold0"


@dataclass(frozen=True)
class Newcomer:
    """A contestant before its training, in a run's folder of its own, which it is measured from."""

    study: PreparedStudy
    entry: PlannedContestant
    allowance: Allowance
    folder: Path

    def costs(self, limits: Constraints) -> Costs:
        """What it costs, as far as limits ask for it."""
        parameters = self._stored()
        place, task = self.study.folder / PREPARED, self.study.task.name
        values: dict[str, float] = {"size_mb": size_mb(self.folder)}
        if limits.max_memory_mb is not None:
            values |= measure(self.folder, self.folder, place, task)  # its log goes there too
        if limits.max_latency_ms is not None:
            values |= measure_latencies(self.folder, [self.folder], place, task)[0]
        return Costs(self.entry.kind, parameters, **values)

    def _stored(self) -> int:
        """Write what a run keeps of it; returns its parameters, embeddings not counted."""
        entry, spec = self.entry, self.study.spec
        settings: dict[str, dict[str, Any]] = {}
        if entry.model is None:
            fitted = _fitted(entry, self.study)
            save_baseline(fitted, self.folder)
            parameters = fitted.parameters
        else:
            task = task_as_read(self.study.task, entry.model)
            save_weights(build_model(task, entry.model), self.folder)
            save_reader(task, self.folder)
            own = with_fields(spec, entry.fields)
            train = train_spec(own, self.study.task, self.allowance.length("verdict"), None, 0)
            settings = {"model": entry.model.plain(), "train": train.plain()}
            parameters = entry.body_parameters
        result = {"kind": entry.kind, "seed": 0, "steps": 0, "settings": settings}
        write_json(self.folder / "result.json", result)
        return parameters


def _fitted(entry: PlannedContestant, study: PreparedStudy) -> Baseline[Any]:
    first = study.first
    return entry.unfitted().fit(first.task, first.train, first.valid, 0)


def refuse_unmeetable(
    study: PreparedStudy, allowance: Allowance, tell: Callable[[Moment], None]
) -> None:
    """Raises UserError where no contestant can meet the limits, with what comes nearest.

    Contestants are tried from the smallest on, baselines last, until one meets them. One that
    answers every example alike does not count: it is never recommended.
    """
    limits = _known_before(study)
    if not limits.given:
        return
    tried: dict[str, Costs] = {}
    for entry in sorted(study.entries, key=lambda e: (e.kind == "baseline", e.body_parameters)):
        if entry.constant:
            continue
        tell(Moment(f"can the limits be met? {entry.name}", 0.0, None))
        costs, least = _tried(study, entry, limits, allowance)
        if least is not None and not limits.broken(least):
            return
        tried |= {entry.name: costs} if costs is not None else {}
    if tried:
        raise _unmeetable(limits, tried)


def _known_before(study: PreparedStudy) -> Constraints:
    """The limits that can be judged before training.

    A model that writes step by step stops where it has learned to: its latency is not known yet.
    """
    limits = Constraints(**study.spec.constraints.model_dump())
    writes = registry.card("tasks", study.task.name).get("causal") == "decoder"
    return replace(limits, max_latency_ms=None) if writes else limits


def _tried(
    study: PreparedStudy, entry: PlannedContestant, limits: Constraints, allowance: Allowance
) -> tuple[Costs | None, Costs | None]:
    """What a contestant costs by the measurements there are, and at least; None if it fails."""
    path = study.folder / "costs.json"
    known = (read_json(path) if path.exists() else {}).get(entry.name, {})
    stored = {f.name: known[f.name] for f in fields(Costs) if f.name in known}
    if all(LIMITS[name][0] in stored for name in limits.given):
        finished = Costs(entry.kind, **stored)
        return finished, finished
    with tempfile.TemporaryDirectory() as scratch:
        try:
            costs = Newcomer(study, entry, allowance, Path(scratch)).costs(limits)
        except Exception:  # of whatever kind: its runs will fail too, and record why
            return None, None
    least = {cost: getattr(costs, cost) / CLEARLY[cost] for cost in CLEARLY}
    return costs, replace(costs, **least)


def _unmeetable(limits: Constraints, tried: dict[str, Costs]) -> UserError:
    nearest = min(tried, key=lambda name: limits.excess(tried[name]))
    asked = " ".join(f"--{name.replace('_', '-')} {v:g}" for name, v in limits.given.items())
    return UserError(
        f"{asked}: no contestant can meet {'that' if len(limits.given) == 1 else 'all of that'};"
        f" {nearest} comes nearest, with {limits.told(tried[nearest])}",
        "raise the limit, lower --params, or name other --candidates",
    )

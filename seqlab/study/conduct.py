"""A study from beginning to end: prepare, plan, tune, judge, measure, compare, keep the best.

Whatever was finished before – an hour ago or before a power cut – is found in the folder and not
done again; so the same command continues, and more seeds, trials or candidates extend.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from seqlab.errors import UserError
from seqlab.runs import read_json, write_json
from seqlab.study.clock import Clock, Moment
from seqlab.study.contradictions import refuse_contradictions
from seqlab.study.environment import describe_environment, devices_for
from seqlab.study.folder import claimed, fingerprint_of, identify
from seqlab.study.keeping import keep_best
from seqlab.study.plan import Allowance, Entry, Planner, absent, entries, train_spec
from seqlab.study.pool import Pool
from seqlab.study.prepared_folder import prepare_data
from seqlab.study.repair import take_away_damage
from seqlab.study.resolving import resolvable
from seqlab.study.spec import StudySpec
from seqlab.study.stages import Conditions, edges, judge, measure_costs, tune
from seqlab.study.timing import (
    Pace,
    expected_seconds,
    explained,
    fit_to_time,
    probe,
    tail_seconds,
)
from seqlab.study.verdict import write_verdict
from seqlab.tasks.base import Sources


@dataclass(frozen=True)
class Plan:
    """What a study is about to do, for people and for `--dry-run`."""

    spec: StudySpec
    entries: Sequence[Entry]
    allowance: Allowance
    paces: dict[str, Pace]
    parts: dict[str, int]
    metric: str
    workers: int
    seconds: float
    resolution: dict[str, Any]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Listener:
    """Who hears of the plan and of the progress, and since when it has waited for them."""

    plan: Callable[[Plan], None] = lambda plan: None
    moment: Callable[[Moment], None] = lambda moment: None
    begun: float = field(default_factory=time.monotonic)


def plan_study(spec: StudySpec, sources: Sources, folder: Path) -> Plan:
    """The plan alone; prepares the data and measures a few steps, and trains nothing."""
    with claimed(folder) as place:
        return _Conduct(spec, sources, place, Listener()).plan


def conduct(spec: StudySpec, sources: Sources, folder: Path, listener: Listener) -> dict[str, Any]:
    """Run a study, or what is missing of it; returns the verdict."""
    with claimed(folder) as place:
        return _Conduct(spec, sources, place, listener).run()


class _Conduct:
    def __init__(self, spec: StudySpec, sources: Sources, folder: Path, listener: Listener) -> None:
        self.begun = listener.begun
        take_away_damage(folder, lambda line: listener.moment(Moment("", 0.0, None, remark=line)))
        spec, self.workers = devices_for(spec)
        self.spec, self.folder, self.listener = spec, folder, listener
        fingerprint = fingerprint_of(sources)
        self.identity = identify(folder, spec, fingerprint)
        listener.moment(Moment("preparing the data", 0.0, None))
        self.prepared, self.digests = prepare_data(folder, spec, sources, fingerprint)
        self.task = self.prepared[0].task
        self.sizes = self._sizes()
        self.entries = entries(spec, self.task)
        self.plan = self._plan()

    def run(self) -> dict[str, Any]:
        self.listener.plan(self.plan)
        self._write_settings()
        with Pool(self.folder, self.workers) as pool:
            conditions = self._conditions(pool)
            chosen = tune(conditions)
            finished = judge(conditions, chosen, self.sizes)
            costs = measure_costs(conditions, finished)
            self._remember(conditions)
            self.listener.moment(Moment("comparing", 1.0, None))
            left_out = [*absent(self.spec, self.task.name), *self.plan.allowance.left_out]
            left_out += conditions.clock.notes
            verdict = write_verdict(
                conditions, finished, costs, self.spec, left_out, edges(conditions, chosen)
            )
            keep_best(conditions, self.spec, finished, verdict, self.prepared)
        return verdict

    def _sizes(self) -> list[int]:
        """Sizes below the whole training part; the whole is always there."""
        whole = min(len(prepared.train) for prepared in self.prepared)
        beyond = [size for size in self.spec.sizes if size > whole]
        if beyond:
            raise UserError(
                f"--sizes {beyond[0]}: the training part has {whole:,} examples",
                "accepted: sizes up to that, and all",
            )
        return sorted(set(self.spec.sizes) - {whole})

    def _plan(self) -> Plan:
        first = self.prepared[0]
        default = int(self.task.train_defaults.get("epochs", 10))
        budget = self.spec.budget
        wanted = Allowance(budget.trials, budget.seeds, budget.epochs or default, budget.steps)
        base = train_spec(self.spec, self.task, wanted, None, 0)
        refuse_contradictions(first, self.entries, self.spec, wanted)
        self.listener.moment(Moment("measuring the pace of each candidate", 0.0, None))
        paces = probe(first, self.entries, base, self.spec.backend)
        allowance = self._allow(wanted, paces)
        competing = [e for e in self.entries if e.name not in allowance.dropped]
        self.entries = competing
        return Plan(
            self.spec,
            competing,
            allowance,
            {e.name: paces[e.name] for e in competing if e.name in paces},
            {part: len(getattr(first, part)) for part in ("train", "valid", "test")},
            self.task.metrics[0],
            self.workers,
            expected_seconds(paces, competing, allowance, self.workers, **self._shape()),
            resolvable(self.prepared, self.spec, competing, allowance.seeds),
            tuple(read_json(self.folder / "data_card.json").get("notes", ())),
        )

    def _shape(self) -> dict[str, Any]:
        whole = len(self.prepared[0].train)
        shares = [size / whole for size in self.sizes]
        return {"folds": len(self.prepared), "sizes": shares}

    def _allow(self, wanted: Allowance, paces: dict[str, Pace]) -> Allowance:
        """What the budget allows: a study that is resumed keeps its plan.

        One that is extended keeps the length of its runs, or all would have to be done again; a
        time limit then cuts seeds and trials only.
        """
        key, stored = self._stored_plan()
        if stored is not None:
            if key == self._plan_key():
                return stored
            names = {entry.name for entry in self.entries}
            dropped = tuple(name for name in stored.dropped if name in names)
            kept = replace(wanted, epochs=stored.epochs, steps=stored.steps, dropped=dropped)
            return explained(kept, wanted)
        if self.spec.budget.time is None:
            return wanted
        left = self.spec.budget.time - (time.monotonic() - self.begun)
        return fit_to_time(wanted, paces, self.entries, self.workers, left, **self._shape())

    def _plan_key(self) -> dict[str, Any]:
        plain = self.spec.plain()
        names = ("budget", "candidates", "baselines", "sizes")
        return {name: plain.get(name) for name in names}

    def _stored_plan(self) -> tuple[dict[str, Any], Allowance | None]:
        """What was asked for when this folder's study was last planned, and what was allowed."""
        path = self.folder / "plan.json"
        if not path.exists():
            return {}, None
        stored = read_json(path)
        values = stored["allowance"]
        tuples = {name: tuple(values[name]) for name in ("dropped", "left_out")}
        return stored["key"], Allowance(**{**values, **tuples})

    def _write_plan(self, allowance: Allowance) -> None:
        content = {"key": self._plan_key(), "allowance": asdict(allowance)}
        write_json(self.folder / "plan.json", content)

    def _remember(self, conditions: Conditions) -> None:
        """What the clock left out is left out for good, until another budget is declared."""
        if conditions.clock.notes:
            left_out = (*self.plan.allowance.left_out, *conditions.clock.notes)
            wanted = replace(self.plan.allowance, left_out=left_out)
            self._write_plan(conditions.clock.cut(wanted))

    def _write_settings(self) -> None:
        write_json(self.folder / "identity.json", self.identity)
        self._write_plan(self.plan.allowance)
        write_json(self.folder / "settings.json", self.spec.plain())
        write_json(self.folder / "environment.json", describe_environment(self.spec, self.workers))

    def _conditions(self, pool: Pool) -> Conditions:
        plan = self.plan
        planner = Planner(self.spec, self.task, self.digests, plan.allowance)
        expected = {
            (name, role): pace.run(plan.allowance, role == "verdict")
            for name, pace in plan.paces.items()
            for role in ("trial", "verdict")
        }
        tail = partial(tail_seconds, self.entries, plan.paces)
        limit = self.spec.budget.time
        clock = Clock(
            expected,
            max(1.0, (plan.seconds - tail()) * self.workers),
            self.workers,
            tail,
            len(self.prepared[0].train),
            None if limit is None else self.begun + limit,
            self.listener.moment,
            self.begun,
        )
        pool.started, pool.leaving = clock.process_started, clock.leaving
        pool.remark, pool.late = clock.remark, clock.late
        return Conditions(self.folder, planner, self.entries, pool, clock)

"""The second part of a study: what it is about to do, measured against what it may spend."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from seqlab import registry
from seqlab.runs import read_json
from seqlab.study.clock import Moment
from seqlab.study.contradictions import refuse_contradictions
from seqlab.study.fairness import equal_lengths, fairness_sentence, refuse_contradictory_limits
from seqlab.study.limits import refuse_unmeetable
from seqlab.study.plan import Allowance, PlannedContestant, train_spec
from seqlab.study.portfolio import version
from seqlab.study.preparation import PreparedStudy
from seqlab.study.resolving import check_declared, resolvable
from seqlab.study.spec import StudySpec
from seqlab.study.stored_plan import read_allowance
from seqlab.study.timing import Outlook, Pace, explained, fit_seconds, probe

LONGEST = 4.0  # usual runs that an open-ended training may last
LENGTHS = ("schedule", "patience", "seconds", "steps", "epochs")  # settings that declare a length


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a study is about to do, for people and for `--dry-run`.

    entries     who competes
    outlook     what their runs take on this machine
    parts       by name: how many examples a part has (in the first fold)
    seconds     what all of it is expected to take
    seeds_at_least  seeds of each contestant for which the time limit is expected to be enough
    resolution  the difference that the test set can show; empty where it is not known
    notes       sentences of the data card, and what of training is equal
    """

    spec: StudySpec
    entries: Sequence[PlannedContestant]
    allowance: Allowance
    outlook: Outlook
    parts: dict[str, int]
    metric: str
    workers: int
    seconds: float
    seeds_at_least: int
    resolution: dict[str, Any]
    notes: tuple[str, ...]


def plan_study(study: PreparedStudy, begun: float, tell: Callable[[Moment], None]) -> Plan:
    """Measure the pace of every candidate and decide what the budget allows; trains nothing.

    `begun` is the time.monotonic() from which a time limit counts.
    """
    spec, first = study.spec, study.first
    asked = asked_for(study)
    # Before the measurement, which may take minutes: these need the user's answer.
    refuse_contradictory_limits(spec.budget)
    check_declared(registry.load("metrics", study.task.metrics[0])(), spec)
    refuse_contradictions(first, study.entries, spec, asked)
    refuse_unmeetable(study, asked, tell)
    tell(Moment("measuring the pace of each candidate", 0.0, None))
    train = train_spec(spec, study.task, asked.length("short"), None, 0)
    paces = probe(first, study.entries, train, spec.backend)
    asked = _alike(study, asked, paces)
    paces = {n: replace(p, length=asked.lengths.get(n, 1.0)) for n, p in paces.items()}
    outlook = _outlook(study, paces)
    limit = spec.budget.time
    left = None if limit is None else limit - (time.monotonic() - begun)
    allowance = _allowance(study, asked, outlook, left)
    seeds = outlook.seeds_within(allowance, left)
    said = (
        _other_portfolio(study),
        fairness_sentence(spec.budget, asked.lengths),
        *_notes(study),
    )
    return Plan(
        spec=spec,
        entries=study.entries,
        allowance=allowance,
        outlook=outlook,
        parts={part: len(getattr(first, part)) for part in ("train", "valid", "test")},
        metric=study.task.metrics[0],
        workers=study.workers,
        seconds=outlook.seconds(replace(allowance, seeds=seeds)),
        seeds_at_least=seeds,
        resolution=resolvable(study.folds, spec, study.entries, allowance.seeds),
        notes=tuple(filter(None, said)),
    )


def _notes(study: PreparedStudy) -> tuple[str, ...]:
    """What is to be said of the data, and of how some contestants read them."""
    card = read_json(study.folder / "data_card.json")
    own = [note for reader in card.get("readers", ()) for note in reader["notes"]]
    return (*card.get("notes", ()), *own)


def asked_for(study: PreparedStudy) -> Allowance:
    """What the study wants, whatever the time; lengths that nobody declared find themselves."""
    spec, budget = study.spec, study.spec.budget
    default_epochs = int(study.task.train_defaults.get("epochs", 10))
    declared = budget.epochs or budget.steps or budget.train_seconds or budget.fair != "params"
    sections = [spec.train, *(fields.get("train", {}) for fields in spec.variants.values())]
    declared = declared or any(name in section for section in sections for name in LENGTHS)
    return Allowance(
        trials=budget.trials,
        seeds=budget.seeds,
        epochs=budget.epochs or default_epochs,
        steps=budget.steps,
        longest=1.0 if declared else LONGEST,
        portfolio=version(),
        tune_per_seed=budget.tune_per_seed and budget.trials > 0,
    )


def _other_portfolio(study: PreparedStudy) -> str:
    """A sentence where the study's trials were made from another portfolio; "" otherwise."""
    stored, _ = read_allowance(study.folder, study.spec)
    if stored is None or stored.portfolio == version() or not stored.trials:
        return ""
    before = f"portfolio {stored.portfolio}" if stored.portfolio else "an older version's settings"
    return f"tuned with {before} before: trials run again, with portfolio {version()}"


def _alike(study: PreparedStudy, asked: Allowance, paces: Mapping[str, Pace]) -> Allowance:
    """What is asked for, with the lengths at which all spend alike what is to be equal.

    A study that is continued keeps the lengths that were measured first.
    """
    budget = study.spec.budget
    if budget.fair == "steps" and asked.steps is None:
        usual = max((pace.steps_per_epoch for pace in paces.values()), default=1)
        return replace(asked, steps=max(1, round(asked.epochs * usual)))
    stored, _ = read_allowance(study.folder, study.spec)
    lengths = dict(stored.lengths) if stored is not None else {}
    if any(name not in lengths for name in paces):
        steps = {name: pace.step for name, pace in paces.items()}
        lengths = {**equal_lengths(budget, study.first, study.entries, steps), **lengths}
    return replace(asked, lengths=lengths)


def _allowance(
    study: PreparedStudy, asked: Allowance, outlook: Outlook, left: float | None
) -> Allowance:
    """What the budget allows: a study that is resumed keeps its plan.

    One that is extended keeps the length of its runs, or all would have to be done again; a time
    limit then cuts seeds and trials only.
    """
    stored, same_wishes = read_allowance(study.folder, study.spec)
    if stored is not None and same_wishes:
        return replace(stored, portfolio=version())
    if stored is not None:
        lengths = ("epochs", "steps", "longest", "shortened")
        as_long = replace(asked, **{name: getattr(stored, name) for name in lengths})
        return explained(as_long, asked)
    return asked if left is None else outlook.fitted(asked, left)


def _outlook(study: PreparedStudy, paces: dict[str, Pace]) -> Outlook:
    whole = len(study.first.train)
    return Outlook(
        entries=study.entries,
        paces=paces,
        fits=fit_seconds(study.first, study.entries),
        workers=study.workers,
        folds=len(study.folds),
        sizes=[size / whole for size in study.sizes],
    )

"""What a plan will take, measured by a short probe, and how it is cut to a time limit."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from seqlab import kernels
from seqlab.model.base import Model
from seqlab.progress import doing
from seqlab.specs import TrainSpec
from seqlab.study.building import build_model
from seqlab.study.contestant_costs import TRAIN_STEPS, step_seconds
from seqlab.study.latency import BURST_SECONDS, LEAST, ROUNDS, TOGETHER, TOGETHER_ROUNDS
from seqlab.study.objective import TaskObjective, predict_all
from seqlab.study.plan import SHORT_SHARE, Allowance, PlannedContestant
from seqlab.tasks.base import Prepared

PROBE_STEPS = 6
PROBE_EXAMPLES = 256
PROBE_SECONDS = 1.0  # for a few examples, from which no more are predicted
# Of each contestant: steps and examples that are timed, if it is slow.
MEASURED_STEPS = TRAIN_STEPS + 2
MEASURED_EXAMPLES = (TOGETHER_ROUNDS + 2) * TOGETHER + ROUNDS * (LEAST + 1)
CROWDING_FACTOR = 1.2  # processes side by side slow each other down
FEWEST_STEPS = 10  # of a run, if a time limit leaves less than an epoch
STARTUP_SECONDS = 2.5  # seconds until a process has started
COST_SECONDS = 0.5  # seconds to load one contestant in it
REPORT_SECONDS = 2.0  # seconds for comparison and report
# Usual lengths that a run takes, in the mean: with a declared length, and with one that it finds.
USUAL = {"short": SHORT_SHARE, "trial": 1.0, "verdict": 1.0}
OPEN_ENDED = {"short": SHORT_SHARE, "trial": 1.6, "verdict": 1.2}
# Under a time limit: settings that are tried (0: all), seeds at least, usual runs that a training
# may last. The first that fits is taken.
LADDER = (
    (0, 5, 4.0),
    (0, 5, 2.0),
    (5, 4, 2.0),
    (3, 4, 2.0),
    (3, 3, 2.0),
    (3, 3, 1.5),
    (3, 2, 1.5),
    (1, 2, 1.5),
    (1, 2, 1.0),
)
FOR_THE_TIME_LIMIT = ", to keep the time limit"
BASELINE_SECONDS = 0.5  # seconds to fit one, a guess


@dataclass(frozen=True, kw_only=True)
class Pace:
    """What one candidate costs on one thread, in seconds."""

    step: float
    example: float  # predicting one
    steps_per_epoch: int
    valid: int
    test: int
    evaluations: int

    def run(self, allowance: Allowance, role: str) -> float:
        """Seconds that a run of a role usually takes; an open-ended one may take longer."""
        steps = allowance.steps or allowance.epochs * self.steps_per_epoch
        steps *= USUAL[role] if allowance.longest == 1 else min(OPEN_ENDED[role], allowance.longest)
        scored = min(self.evaluations, steps) * self.valid
        scored += self.test if role == "verdict" else 0
        return (steps * self.step + scored * self.example) * (
            allowance.shortened if role == "verdict" else 1.0
        )


def probe(
    prepared: Prepared, entries: Sequence[PlannedContestant], spec: TrainSpec, backend: str
) -> dict[str, Pace]:
    """A few steps of every candidate."""
    paces = {}
    torch.set_num_threads(1)
    steps = TaskObjective(prepared, prepared.train, spec).steps_per_epoch()
    for entry in entries:
        if entry.model is None:
            continue
        model = build_model(prepared.task, entry.model).to(spec.device)
        with kernels.preferring(backend), doing(f"measuring the pace of {entry.name}"):
            step = step_seconds(prepared.task, model, prepared.train, spec, PROBE_STEPS)
            example = _example_seconds(prepared, model, spec.device)
        paces[entry.name] = Pace(
            step=step,
            example=example,
            steps_per_epoch=steps,
            valid=len(prepared.valid),
            test=len(prepared.test),
            evaluations=spec.evaluations,
        )
    return paces


def _example_seconds(prepared: Prepared, model: Model, device: str) -> float:
    """The seconds that predicting one example takes: of few, if already those take long."""
    count, most = min(8, len(prepared.valid)), min(PROBE_EXAMPLES, len(prepared.valid))
    while True:
        some = prepared.valid.take(np.arange(count))
        begun = time.perf_counter()
        predict_all(prepared.task, model, some, device)
        seconds = time.perf_counter() - begun
        if count == most or seconds > PROBE_SECONDS:
            return seconds / count
        count = most


def expected_seconds(
    paces: dict[str, Pace],
    entries: Sequence[PlannedContestant],
    allowance: Allowance,
    workers: int,
    *,
    folds: int = 1,
    sizes: Sequence[float] = (),
) -> float:
    """The whole study: tuning, verdicts, sizes (as shares of the training part), costs, report."""
    work = 0.0
    for pace in paces.values():
        work += allowance.short_trials * pace.run(allowance, "short")
        work += allowance.full_trials * pace.run(allowance, "trial")
        verdict = allowance.seeds * pace.run(allowance, "verdict")
        work += verdict * folds + verdict * sum(sizes)
    work += BASELINE_SECONDS * (len(entries) - len(paces))
    crowded = work * (CROWDING_FACTOR if workers > 1 else 1) / workers
    return STARTUP_SECONDS + crowded + tail_seconds(entries, paces, workers)


def tail_seconds(
    entries: Sequence[PlannedContestant],
    paces: dict[str, Pace],
    workers: int,
    startup: float = STARTUP_SECONDS,
) -> float:
    """What comes after the runs: each contestant's costs in a process, all in one, the report."""
    alone = (startup + COST_SECONDS) * len(entries)
    together = startup + (COST_SECONDS + ROUNDS * BURST_SECONDS) * len(entries)
    for entry in entries:
        if entry.name in paces:
            pace = paces[entry.name]
            alone += MEASURED_STEPS * pace.step + TOGETHER * pace.example
            together += MEASURED_EXAMPLES * pace.example
    return REPORT_SECONDS + alone / workers + together


def seeds_in_time(
    paces: dict[str, Pace],
    entries: Sequence[PlannedContestant],
    allowance: Allowance,
    workers: int,
    seconds: float | None,
    **shape: object,
) -> int:
    """The seeds of each contestant for which a time limit is expected to be enough."""
    for seeds in range(allowance.seeds, 1, -1):
        few = replace(allowance, seeds=seeds)
        expected = expected_seconds(paces, entries, few, workers, **shape)  # type: ignore[arg-type]
        if seconds is None or expected <= seconds:
            return seeds
    return min(2, allowance.seeds)


def fit_to_time(
    wanted: Allowance,
    paces: dict[str, Pace],
    entries: Sequence[PlannedContestant],
    workers: int,
    seconds: float,
    **shape: object,
) -> Allowance:
    """The allowance that fits a time limit, and what it leaves out, in words.

    What is cut are settings that are tried, and how long a late learner may go on; the seeds that
    are run are as many as there is time for, and this many at least. The usual length of a run is
    cut where nothing else is left.
    """

    def takes(allowance: Allowance, seeds: int) -> float:
        few = replace(allowance, seeds=min(seeds, wanted.seeds))
        return expected_seconds(paces, entries, few, workers, **shape)  # type: ignore[arg-type]

    for trials, seeds, longest in LADDER:
        fewer = replace(
            wanted,
            trials=min(trials or wanted.trials, wanted.trials),
            longest=min(longest, wanted.longest),
        )
        if takes(fewer, seeds) <= seconds:
            return explained(fewer, wanted)
    least = replace(wanted, trials=min(1, wanted.trials), longest=1.0)
    needed = takes(least, 2)
    whole = wanted.steps or max(
        (p.steps_per_epoch * wanted.epochs for p in paces.values()), default=1
    )
    share = min(1.0, FEWEST_STEPS / whole)
    for percent in range(95, 0, -5):
        if takes(_shorter(least, percent / 100), 2) <= seconds:
            share = max(share, percent / 100)
            break
    shorter = explained(_shorter(least, share), wanted)
    minutes = math.ceil(needed / 60)
    sound = f"{minutes}m" if needed > 60 else f"{math.ceil(needed)}s"
    too_short = f"such short runs may mislead: a sound study takes --time {sound} or more"
    return replace(shorter, left_out=(*shorter.left_out, too_short))


def _shorter(allowance: Allowance, share: float) -> Allowance:
    """Usual runs of a share of their length."""
    if allowance.steps is not None:
        return replace(allowance, steps=max(1, round(allowance.steps * share)))
    return replace(allowance, epochs=round(allowance.epochs * share, 4))


def explained(allowance: Allowance, wanted: Allowance) -> Allowance:
    """The allowance with what it leaves out of what was wanted, in words."""
    said = []
    share = allowance.epochs / wanted.epochs
    if allowance.steps is not None:
        share = allowance.steps / (wanted.steps or allowance.steps)
    if share < 1:
        said.append(f"each run has {share:.0%} of its usual length{FOR_THE_TIME_LIMIT}")
    for what in ("trial", "seed"):
        before, after = getattr(wanted, f"{what}s"), getattr(allowance, f"{what}s")
        if after < before:
            said.append(less("candidate", after, what, f"{before}"))
    return replace(allowance, left_out=tuple(said))


def cut_short(what: str, after: int, planned: int) -> str:
    """How the clock reduced a planned number, in words."""
    return f"each candidate: {after} of {counted(planned, f'planned {what}')} ran (time was up)"


def less(who: str, after: int, what: str, before: str) -> str:
    """How a time limit reduced a number, in words."""
    return f"each {who} has {counted(after, what)} instead of {before}{FOR_THE_TIME_LIMIT}"


def counted(count: float, what: str) -> str:
    """A number of things: 1 seed, 2 seeds."""
    number = f"{count:,.0f}" if count == round(count) else f"{count:,.2f}"
    return f"{number} {what}{'' if count == 1 else 's'}"

"""What a plan will take, measured by a short probe, and how it is cut to a time limit."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from seqlab import kernels
from seqlab.compare.wording import listed
from seqlab.model.base import Model
from seqlab.progress import doing
from seqlab.specs import TrainSpec
from seqlab.study.building import build_model
from seqlab.study.contestant_costs import ENOUGH, TRAIN_STEPS, step_seconds
from seqlab.study.latency import BURST_SECONDS, LEAST, ROUNDS, TOGETHER, TOGETHER_ROUNDS
from seqlab.study.objective import TaskObjective, predict_all
from seqlab.study.plan import Allowance, PlannedContestant
from seqlab.tasks.base import Prepared

PROBE_STEPS = 6
PROBE_EXAMPLES = 256
PROBE_SECONDS = 1.0  # for a few examples, from which no more are predicted
MOST_PROBE_SECONDS = 10.0  # for all candidates, where steps take seconds each
# Of each contestant: steps and examples that are timed, if it is slow.
MEASURED_STEPS = TRAIN_STEPS + 2
MEASURED_EXAMPLES = (TOGETHER_ROUNDS + 2) * TOGETHER + ROUNDS * (LEAST + 1)
CROWDING_FACTOR = 1.2  # processes side by side slow each other down
FEWEST_STEPS = 10  # of a run, if a time limit leaves less than an epoch
STARTUP_SECONDS = 2.5  # seconds until a process has started
COST_SECONDS = 0.5  # seconds to load one contestant in it
REPORT_SECONDS = 2.0  # seconds for comparison and report
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

    def run(self, allowance: Allowance, verdict: bool) -> float:
        """Seconds of one run, if no early stopping shortens it."""
        steps = allowance.steps or allowance.epochs * self.steps_per_epoch
        scored = min(self.evaluations, steps) * self.valid + (self.test if verdict else 0)
        return steps * self.step + scored * self.example


def probe(
    prepared: Prepared, entries: Sequence[PlannedContestant], spec: TrainSpec, backend: str
) -> dict[str, Pace]:
    """A few steps of every candidate.

    Where steps take so long that a look at all would, the others count as slow as the slowest.
    """
    paces: dict[str, Pace] = {}
    begun = time.monotonic()
    torch.set_num_threads(1)
    steps = TaskObjective(prepared, prepared.train, spec).steps_per_epoch()
    for entry in entries:
        if entry.model is None:
            continue
        slowest = max(paces.values(), key=lambda pace: pace.step, default=None)
        if slowest and slowest.step > ENOUGH and time.monotonic() - begun > MOST_PROBE_SECONDS:
            paces[entry.name] = slowest
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
    for name, pace in paces.items():
        if name in allowance.dropped:
            continue
        work += allowance.tunings * allowance.trials * pace.run(allowance, False)
        verdict = allowance.seeds * pace.run(allowance, True)
        work += verdict * folds + verdict * sum(sizes)
    competing = [c for c in entries if c.name not in allowance.dropped]
    work += BASELINE_SECONDS * (len(competing) - len(paces) + len(allowance.dropped))
    crowded = work * (CROWDING_FACTOR if workers > 1 else 1) / workers
    return STARTUP_SECONDS + crowded + tail_seconds(competing, paces)


def tail_seconds(
    entries: Sequence[PlannedContestant], paces: dict[str, Pace], startup: float = STARTUP_SECONDS
) -> float:
    """What comes after the runs: each contestant's costs in a process, all in one, the report."""
    each = startup + 2 * COST_SECONDS + ROUNDS * BURST_SECONDS
    seconds = REPORT_SECONDS + startup + each * len(entries)
    for entry in entries:
        if entry.name in paces:
            pace = paces[entry.name]
            seconds += MEASURED_STEPS * pace.step + MEASURED_EXAMPLES * pace.example
    return seconds


def fit_to_time(
    wanted: Allowance,
    paces: dict[str, Pace],
    entries: Sequence[PlannedContestant],
    workers: int,
    seconds: float,
    **shape: object,
) -> Allowance:
    """The allowance that fits a time limit, and what it leaves out, in words.

    First fewer epochs, then fewer trials, then fewer seeds; then the slowest candidates go; at
    last an epoch is cut into steps. All candidates are cut alike.
    """

    def takes(allowance: Allowance) -> float:
        return expected_seconds(paces, entries, allowance, workers, **shape)  # type: ignore[arg-type]

    ladder = [(wanted.trials, wanted.seeds, 4), (3, wanted.seeds, 3), (3, 5, 2), (2, 3, 1)]
    names = sorted(paces, key=lambda name: paces[name].step, reverse=True)
    for dropped in range(max(1, len(names) - 1)):
        for trials, seeds, least in ladder:
            rung = replace(
                wanted,
                trials=min(trials, wanted.trials),
                seeds=min(seeds, wanted.seeds),
                dropped=tuple(names[:dropped]),
            )
            for epochs in range(wanted.epochs, min(least, wanted.epochs) - 1, -1):
                if takes(replace(rung, epochs=epochs)) <= seconds:
                    return explained(replace(rung, epochs=epochs), wanted)
    last = replace(rung, epochs=1)
    whole = wanted.steps or max(pace.steps_per_epoch for pace in paces.values())
    least = min(FEWEST_STEPS, whole)
    steps = max(least, int(whole * max(0.02, min(1.0, seconds / takes(last)))))
    while steps > least and takes(replace(last, steps=steps)) > seconds:
        steps = max(least, int(steps * 0.8))
    return explained(replace(last, steps=steps) if steps < whole else last, wanted)


def explained(allowance: Allowance, wanted: Allowance) -> Allowance:
    """The allowance with what it leaves out of what was wanted, in words."""
    said = []
    if allowance.steps != wanted.steps:
        steps, epochs = counted(wanted.steps or 0, "step"), counted(wanted.epochs, "epoch")
        said.append(less("run", allowance.steps or 0, "step", steps if wanted.steps else epochs))
    elif not allowance.steps and allowance.epochs < wanted.epochs:
        said.append(less("run", allowance.epochs, "epoch", f"{wanted.epochs}"))
    for what in ("trial", "seed"):
        before, after = getattr(wanted, f"{what}s"), getattr(allowance, f"{what}s")
        if after < before:
            said.append(less("candidate", after, what, f"{before}"))
    if allowance.dropped:
        do = "does" if len(allowance.dropped) == 1 else "do"
        said.append(f"{listed(allowance.dropped)} {do} not compete: too slow for the time limit")
    return replace(allowance, left_out=tuple(said))


def cut_short(what: str, after: int, planned: int) -> str:
    """How the clock reduced a planned number, in words."""
    return f"each candidate: {after} of {counted(planned, f'planned {what}')} ran (time was up)"


def less(who: str, after: int, what: str, before: str) -> str:
    """How a time limit reduced a number, in words."""
    return f"each {who} has {counted(after, what)} instead of {before}{FOR_THE_TIME_LIMIT}"


def counted(count: int, what: str) -> str:
    """A number of things: 1 seed, 2 seeds."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"

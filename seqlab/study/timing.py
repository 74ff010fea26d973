"""What a plan will take, measured by a short probe, and how it is cut to a time limit."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from seqlab import kernels
from seqlab.errors import UserError
from seqlab.model.base import Model
from seqlab.progress import doing
from seqlab.specs import TrainSpec
from seqlab.study.building import build_model
from seqlab.study.contestant_costs import ENOUGH, TRAIN_STEPS, step_seconds
from seqlab.study.latency import BURST_SECONDS, LEAST, ROUNDS, TOGETHER, TOGETHER_ROUNDS
from seqlab.study.objective import TaskObjective, predict_all
from seqlab.study.plan import SHORT_SHARE, Allowance, PlannedContestant
from seqlab.study.reading import as_read
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
# Usual lengths that a run takes, in the mean: with a declared length, and with one that it finds.
USUAL = {"short": SHORT_SHARE, "trial": 1.0, "verdict": 1.0}
OPEN_ENDED = {"short": SHORT_SHARE, "trial": 1.6, "verdict": 1.2}
# Under a time limit: settings that are tried (0: all), seeds at least, usual runs that a training
# may last. The first that fits is taken; in the last all take the first setting, untried.
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
CUT = "cut to keep the time: "
BASELINE_SECONDS = 0.5  # seconds to load data for one and to store it
FEW = 100  # rows that a baseline is first fitted to, to see what it takes


@dataclass(frozen=True, kw_only=True)
class Pace:
    """What one candidate costs on one thread, in seconds."""

    step: float
    example: float  # predicting one
    steps_per_epoch: int
    valid: int
    test: int
    evaluations: int
    length: float = 1.0  # times the usual one
    share: float | None = None  # of a usual run's epochs, where it does not find its length

    def run(self, allowance: Allowance, role: str) -> float:
        """Seconds that a run of a role usually takes; an open-ended one may take longer."""
        steps = self.length * (allowance.steps or allowance.epochs * self.steps_per_epoch)
        if self.share is not None:
            steps *= USUAL[role] * (1.0 if allowance.steps else self.share)
        elif allowance.longest == 1:
            steps *= USUAL[role]
        else:
            steps *= min(OPEN_ENDED[role], allowance.longest)
        scored = min(self.evaluations, steps) * self.valid
        scored += self.test if role == "verdict" else 0
        return (steps * self.step + scored * self.example) * (
            allowance.shortened if role == "verdict" else 1.0
        )


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
        own, data = entry.training, as_read(prepared, entry.model)
        how = spec if own is None else spec.with_(**own.train)
        with kernels.preferring(backend), doing(f"measuring the pace of {entry.name}"):
            model = build_model(data.task, entry.model).to(spec.device)
            step = step_seconds(data.task, model, data.train, how, PROBE_STEPS)
            example = _example_seconds(data, model, spec.device)
        paces[entry.name] = Pace(
            step=step,
            example=example,
            steps_per_epoch=(
                steps if own is None else TaskObjective(data, data.train, how).steps_per_epoch()
            ),
            share=None if own is None else own.share,
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


def fit_seconds(prepared: Prepared, entries: Sequence[PlannedContestant]) -> dict[str, float]:
    """What fitting each baseline and predicting the test part with it takes, told from a few rows.

    Fitting is taken to grow with the rows as it does from FEW of them to twice as many.
    """
    known = {}
    for entry in entries:
        if entry.kind == "baseline":
            with doing(f"measuring the pace of {entry.name}"):
                seconds = _frozen_seconds if entry.settings else _baseline_seconds
                known[entry.name] = seconds(prepared, entry)
    return known


def _frozen_seconds(prepared: Prepared, entry: PlannedContestant) -> float:
    """Of what reads all examples through a network: loading it once, then each example alike."""
    task, train = prepared.task, prepared.train
    first, others = np.arange(min(FEW, len(train))), np.arange(min(FEW, len(train)), len(train))
    begun = time.perf_counter()
    try:
        few = prepared.valid.take(np.arange(min(FEW, len(prepared.valid))))
        fitted = entry.unfitted().fit(task, train.take(first), few, 0)
        loaded, begun = time.perf_counter() - begun, time.perf_counter()
        fitted.predict(task, train.take(others[:FEW] if len(others) else first))
    except ValueError:  # too few rows to hold two classes: it is fitted to all of them
        return BASELINE_SECONDS
    each = (time.perf_counter() - begun) / FEW
    examples = len(train) + len(prepared.valid) + len(prepared.test)
    return BASELINE_SECONDS + loaded + each * examples


def _baseline_seconds(prepared: Prepared, entry: PlannedContestant) -> float:
    task, whole = prepared.task, len(prepared.train)
    taken: list[float] = []
    counts = [count for count in (FEW, 2 * FEW) if count < whole] or [whole]
    try:
        for count in counts:
            begun = time.perf_counter()
            some = prepared.train.take(np.arange(count))
            fitted = entry.unfitted().fit(task, some, prepared.valid, 0)
            taken.append(time.perf_counter() - begun)
            if taken[-1] > PROBE_SECONDS:
                break
        some = prepared.valid.take(np.arange(min(FEW, len(prepared.valid))))
        begun = time.perf_counter()
        fitted.predict(task, some)
        example = (time.perf_counter() - begun) / len(some)
    except (UserError, ValueError, IndexError, ArithmeticError):
        return BASELINE_SECONDS  # some rows may be too few for it: it is fitted to all of them
    each = (taken[1] - taken[0]) / FEW if len(taken) > 1 else taken[0] / counts[0]
    fit = taken[-1] + max(each, 0.0) * (whole - counts[len(taken) - 1])
    return BASELINE_SECONDS + fit + example * (len(prepared.valid) + len(prepared.test))


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """Who competes, and what that takes on this machine.

    paces  by candidate
    fits   by baseline, seconds to fit it and to score it
    folds  in which each verdict seed is run
    sizes  at which it is run as well, as shares of the training part
    """

    entries: Sequence[PlannedContestant]
    paces: Mapping[str, Pace]
    fits: Mapping[str, float] = field(default_factory=dict)
    workers: int = 1
    folds: int = 1
    sizes: Sequence[float] = ()

    def seconds(self, allowance: Allowance) -> float:
        """The whole study: tuning, verdict runs, costs, report."""
        work, repeated = 0.0, self.folds + sum(self.sizes)
        for pace in self.paces.values():
            work += allowance.short_trials * pace.run(allowance, "short")
            work += allowance.full_trials * pace.run(allowance, "trial")
            work += allowance.seeds * pace.run(allowance, "verdict") * repeated
        work += sum(self.fits.values()) * repeated
        crowded = work * (CROWDING_FACTOR if self.workers > 1 else 1) / self.workers
        return STARTUP_SECONDS + crowded + self.tail()

    def tail(self, startup: float = STARTUP_SECONDS) -> float:
        """What comes after the runs: each contestant's costs in a process, all in one, the report.

        `startup` is the seconds in which a process starts.
        """
        alone = (startup + COST_SECONDS) * len(self.entries)
        together = startup + (COST_SECONDS + ROUNDS * BURST_SECONDS) * len(self.entries)
        for entry in self.entries:
            if entry.name in self.paces:
                pace = self.paces[entry.name]
                alone += MEASURED_STEPS * pace.step + TOGETHER * pace.example
                together += MEASURED_EXAMPLES * pace.example
        alone += sum(self.fits.values())
        return REPORT_SECONDS + alone / self.workers + together

    def seeds_within(self, allowance: Allowance, seconds: float | None) -> int:
        """The seeds of each contestant for which a time limit is expected to be enough."""
        for seeds in range(allowance.seeds, 1, -1):
            if seconds is None or self.seconds(replace(allowance, seeds=seeds)) <= seconds:
                return seeds
        return min(2, allowance.seeds)

    def fitted(self, wanted: Allowance, seconds: float) -> Allowance:
        """The allowance that fits a time limit, and what it leaves out, in words.

        What is cut are settings that are tried, and how long a late learner may go on; the seeds
        that are run are as many as there is time for, and those of the LADDER at least. The usual
        length of a run is cut where nothing else is left.
        """

        def takes(allowance: Allowance, seeds: int) -> float:
            return self.seconds(replace(allowance, seeds=min(seeds, wanted.seeds)))

        for trials, seeds, longest in LADDER:
            fewer = replace(
                wanted,
                trials=min(trials or wanted.trials, wanted.trials),
                longest=min(longest, wanted.longest),
                full=0 if longest == 1.0 and not wanted.tune_per_seed else None,
            )
            if takes(fewer, seeds) <= seconds:
                return explained(fewer, wanted)
        least = fewer
        needed = takes(least, 2)
        usual = [pace.steps_per_epoch * wanted.epochs for pace in self.paces.values()]
        whole = wanted.steps or max(usual, default=1)
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
    trials = 0 if allowance.full == 0 else allowance.trials
    cuts = [
        _of(after, before, what)
        for what, after, before in (
            ("trial", trials, wanted.trials),
            ("seed", allowance.seeds, wanted.seeds),
            ("epoch", allowance.epochs, wanted.epochs),
            ("step", allowance.steps or 0, wanted.steps or 0),
        )
        if after < before
    ]
    return replace(allowance, left_out=(CUT + ", ".join(cuts),) if cuts else ())


def cut_short(what: str, after: int, planned: int) -> str:
    """How the clock reduced a planned number, in words."""
    return CUT + _of(after, planned, what)


def _of(after: float, before: float, what: str) -> str:
    """3 of 8 seeds."""
    number = f"{after:,.0f}" if after == round(after) else f"{after:,.2g}"
    return f"{number} of {counted(before, what)}"


def counted(count: float, what: str) -> str:
    """A number of things: 1 seed, 2 seeds."""
    number = f"{count:,.0f}" if count == round(count) else f"{count:,.2f}"
    return f"{number} {what}{'' if count == 1 else 's'}"

"""What a training settles by measuring itself: its number format, and whether to compile.

A few steps of each way take turns on the run's own model and batches; weights and random states
are put back, so that what follows is as if nothing had been measured. What was chosen is kept in
the checkpoint and in the study: a training that is continued never measures again.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock
from torch import nn

from seqlab.runs import read_json, write_json
from seqlab.specs import TrainSpec
from seqlab.training.compiling import compile_model, forget_compilation
from seqlab.training.feed import Feed
from seqlab.training.nested import copied
from seqlab.training.objective import Objective
from seqlab.training.precision import lower_formats
from seqlab.training.randomness import random_states, set_random_states
from seqlab.training.updates import Updates

Choices = dict[str, dict[str, Any]]  # by setting: chosen, why, times_faster
Settle = Callable[[Callable[[], Choices]], Choices]

WARM_UP_STEPS, MEASURED_STEPS = 2, 7  # steps of each way that are not counted, and that are
SHORT_STEPS = 100  # steps of a training, below which measuring costs more than it gives
LONG_SECONDS = 120.0  # seconds of a training, from which a compilation can be earned back
WORTHWHILE_SPEEDUP = 1.2  # times as fast, from which another way is taken


def to_settle(spec: TrainSpec) -> bool:
    """Whether anything is left to measurement."""
    return spec.precision == "auto" or spec.compile != "off"


def directly(measure: Callable[[], Choices]) -> Choices:
    """Measure here and now."""
    return measure()


def remembered(path: Path) -> Settle:
    """Measure once, whoever comes first, and read it from a file from then on."""

    def settle(measure: Callable[[], Choices]) -> Choices:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            if not path.exists():
                write_json(path, measure())
            choices: Choices = read_json(path)
            return choices

    return settle


def choose(model: nn.Module, objective: Objective, spec: TrainSpec, steps: int) -> Choices:
    """What `auto` means for a training of so many steps, and what came of compile = "on"."""
    choices: Choices = {}
    with _undisturbed(model):
        if spec.precision == "auto":
            choices["precision"] = _format(model, objective, spec, steps)
            spec = spec.with_(precision=choices["precision"]["chosen"])
        if spec.compile != "off":
            choices["compile"] = _compilation(model, objective, spec, steps)
    return choices


@contextmanager
def _undisturbed(model: nn.Module) -> Iterator[None]:
    """In which training leaves no trace."""
    weights, states, training = copied(model.state_dict()), random_states(), model.training
    model.train()
    try:
        yield
    finally:
        model.load_state_dict(weights)
        model.zero_grad(set_to_none=True)
        model.train(training)
        set_random_states(states)


def _format(model: nn.Module, objective: Objective, spec: TrainSpec, steps: int) -> dict[str, Any]:
    """The fastest number format whose loss is finite, if it is worth it; else float32."""
    names = lower_formats(spec.device)
    if not names:
        return _usual("float32", f"{spec.device} has no faster format")
    if steps < SHORT_STEPS:
        return _usual(
            "float32", f"{steps} steps are too few to measure others; {SHORT_STEPS} are enough"
        )
    racers = {
        name: _Racer(model, objective, spec.with_(precision=name)) for name in ("float32", *names)
    }
    for _ in range(WARM_UP_STEPS + MEASURED_STEPS):
        for racer in racers.values():
            racer.step()
    usual = racers.pop("float32")
    ratios = {name: racer.times_faster(usual) for name, racer in racers.items()}
    finite = {name: ratio for name, ratio in ratios.items() if racers[name].finite}
    if not finite:
        return _usual("float32", f"the loss is not finite in {', '.join(names)}", ratios)
    best = max(finite, key=lambda name: finite[name])
    speedup = f"{best} is {finite[best]:.2f} times as fast as float32"
    if finite[best] < WORTHWHILE_SPEEDUP:
        return _usual("float32", f"{speedup}, and {WORTHWHILE_SPEEDUP} is wanted", ratios)
    return {"chosen": best, "why": speedup, "times_faster": ratios}


def _compilation(
    model: nn.Module, objective: Objective, spec: TrainSpec, steps: int
) -> dict[str, Any]:
    """Whether the rest of the training repays compiling; always, where it was asked for."""
    racer = _Racer(model, objective, spec)
    if spec.compile == "auto":
        for _ in range(WARM_UP_STEPS + MEASURED_STEPS):
            racer.step()
        expected = steps * statistics.median(racer.seconds)
        if expected < LONG_SECONDS:
            why = f"{expected:.0f} seconds of training are too short, {LONG_SECONDS:.0f} are enough"
            return _usual("off", why)
    compile_model(model)
    compiled = _Racer(model, objective, spec)
    begun = time.perf_counter()
    try:
        for _ in range(WARM_UP_STEPS):
            compiled.step()
        spent = time.perf_counter() - begun
        for _ in range(MEASURED_STEPS if spec.compile == "auto" else 0):
            compiled.step()
    except Exception as error:  # whatever a compiler may raise, a training can do without it
        forget_compilation(model)
        why = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
        return _usual("off", f"the compilation failed: {why}")
    if spec.compile == "on":
        return {"chosen": "on", "why": f"as set; it took {spent:.0f} s"}
    ratio = expected / (steps * statistics.median(compiled.seconds) + spent)
    speedup = f"{ratio:.2f} times as fast, the {spent:.0f} s of compiling counted"
    if ratio < WORTHWHILE_SPEEDUP:
        forget_compilation(model)
        return _usual("off", f"{speedup}, and {WORTHWHILE_SPEEDUP} is wanted", {"on": ratio})
    return {"chosen": "on", "why": speedup, "times_faster": {"on": ratio}}


def _usual(name: str, why: str, ratios: dict[str, float] | None = None) -> dict[str, Any]:
    return {"chosen": name, "why": why, "times_faster": ratios or {}}


class _Racer:
    """One way to train, with an optimiser of its own and the same batches as all others."""

    def __init__(self, model: nn.Module, objective: Objective, spec: TrainSpec) -> None:
        self.updates = Updates(model, objective, spec.with_(length_warmup=None), SHORT_STEPS)
        self.feed = Feed(objective, spec.device)
        self.seconds: list[float] = []  # of the steps after the first ones
        self.finite, self.steps = True, 0

    def step(self) -> None:
        """One more, timed to its end on the device."""
        begun = time.perf_counter()
        with self.updates.precision.matmuls():
            loss = float(self.updates.step(self.feed, self.steps).loss)
        self.finite &= math.isfinite(loss)
        if self.steps >= WARM_UP_STEPS:
            self.seconds.append(time.perf_counter() - begun)
        self.steps += 1

    def times_faster(self, other: _Racer) -> float:
        """Than another, step by step: the median."""
        pairs = zip(other.seconds, self.seconds, strict=True)
        return statistics.median(theirs / ours for theirs, ours in pairs)

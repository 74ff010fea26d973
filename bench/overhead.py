"""What the training loop costs over the same model in a bare PyTorch loop with the same batches.

python -m bench.overhead – interleaved runs, medians, the ratio against 1.10.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable

import pandas as pd
import torch
from torch import nn

from seqlab import registry
from seqlab.data.sources import read_table
from seqlab.specs import ModelSpec, TrainSpec
from seqlab.study.work import TaskObjective, build_model
from seqlab.tasks.base import DataSpec, Prepared, Sources
from seqlab.training.fit import fit
from seqlab.training.optimisers import build_optimiser
from seqlab.training.schedules import schedule

STEPS = 60
ROUNDS = 7
LIMIT = 1.10


def prepared() -> Prepared:
    """Unicode character names: real texts, no download."""
    table = read_table("characters")
    frame: pd.DataFrame = table.frame.sample(6000, random_state=0).reset_index(drop=True)
    small = type(table)(frame, table.origin, table.notes)
    found: Prepared = registry.load("tasks", "classify").prepare(Sources(small), DataSpec(), 0)[0]
    return found


class _WithoutValidation(TaskObjective):
    """Both loops train only: validation is the same work on either side."""

    def validate(self, model: nn.Module) -> float:
        return 0.0


def ours(objective: TaskObjective, model: nn.Module, spec: TrainSpec) -> None:
    """seqlab's loop."""
    fit(model, objective, spec)


def bare(objective: TaskObjective, model: nn.Module, spec: TrainSpec) -> None:
    """What one would write by hand, with the same arithmetic."""
    optimiser = build_optimiser(model, spec)
    factor = schedule(spec, STEPS)
    model.train()
    batches = itertools.chain.from_iterable(objective.batches(e) for e in itertools.count())
    for step, batch in enumerate(itertools.islice(batches, STEPS)):
        for group in optimiser.param_groups:
            group["lr"] = spec.learning_rate * factor(step)
        optimiser.zero_grad()
        objective.loss(model, batch).value.backward()
        nn.utils.clip_grad_norm_(model.parameters(), spec.clip_norm or float("inf"))
        optimiser.step()


def seconds(loop: Callable[..., None], data: Prepared, model: ModelSpec, spec: TrainSpec) -> float:
    """One run of a loop from fresh weights."""
    objective = _WithoutValidation(data, data.train, spec)
    built = build_model(data.task, model)
    begun = time.perf_counter()
    loop(objective, built, spec)
    return time.perf_counter() - begun


def measure() -> list[dict[str, object]]:
    """A row per model."""
    torch.set_num_threads(1)
    data = prepared()
    spec = TrainSpec(steps=STEPS, evaluations=1, patience=None)
    rows: list[dict[str, object]] = []
    for mixer, width in (("gru", 64), ("attention", 64)):
        model = ModelSpec(mixer=mixer, width=width, pooling="mean")
        times: dict[str, list[float]] = {"ours": [], "bare": []}
        for _ in range(ROUNDS + 1):
            times["ours"].append(seconds(ours, data, model, spec))
            times["bare"].append(seconds(bare, data, model, spec))
        pairs = zip(times["ours"][1:], times["bare"][1:], strict=True)
        ratio = statistics.median(a / b for a, b in pairs)
        rows.append(
            {
                "what": f"training loop, {mixer} of width {width}, {STEPS} steps",
                "against": "the same in a bare PyTorch loop",
                "ours ms": 1e3 * statistics.median(times["ours"][1:]) / STEPS,
                "peer ms": 1e3 * statistics.median(times["bare"][1:]) / STEPS,
                "ratio": ratio,
                "wanted": f"≤ {LIMIT:.2f}",
                "holds": ratio <= LIMIT,
            }
        )
    return rows


if __name__ == "__main__":
    for row in measure():
        print(row)

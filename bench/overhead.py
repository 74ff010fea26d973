"""What the training loop costs over the same model in a bare PyTorch loop with the same batches.

python -m bench.overhead – interleaved runs, medians, the ratio against 1.10.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial

import pandas as pd
import torch
from torch import nn

from bench.timing import interleaved
from seqlab import registry
from seqlab.data.sources import read_table
from seqlab.specs import ModelSpec, TrainSpec
from seqlab.study.building import build_model
from seqlab.study.objective import TaskObjective
from seqlab.tasks.base import DataSpec, Prepared, Sources
from seqlab.training.fit import fit
from seqlab.training.optimisers import build_optimiser
from seqlab.training.schedules import schedule

STEPS = 60
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


def once(loop: Callable[..., None], data: Prepared, model: ModelSpec, spec: TrainSpec) -> None:
    """One run of a loop from fresh weights."""
    loop(_WithoutValidation(data, data.train, spec), build_model(data.task, model), spec)


def main() -> None:
    """Print the table as Markdown."""
    torch.set_num_threads(1)
    data = prepared()
    spec = TrainSpec(steps=STEPS, evaluations=1, patience=None)
    print("| training step | ours, ms | bare loop, ms | ratio | at most |")
    print("|---|---:|---:|---:|---:|")
    for mixer, width in (("gru", 64), ("attention", 64)):
        model = ModelSpec(mixer=mixer, width=width, pooling="mean")
        loops = {"ours": ours, "bare": bare}
        times = interleaved(
            {name: partial(once, loop, data, model, spec) for name, loop in loops.items()},
            seconds=20,
        )
        mine, peer = (1e3 * times.median(name) / STEPS for name in loops)
        ratio = times.ratio("ours", "bare")
        print(f"| {mixer}, width {width} | {mine:.2f} | {peer:.2f} | {ratio:.3f} | {LIMIT:.2f} |")


if __name__ == "__main__":
    main()

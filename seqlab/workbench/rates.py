"""The learning-rate range test on a user's data, for each candidate at its size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from seqlab import registry
from seqlab.study.building import build_model
from seqlab.study.environment import devices_for
from seqlab.study.objective import TaskObjective
from seqlab.study.plan import entries, train_spec
from seqlab.study.reading import as_read
from seqlab.training.range_test import RangeTest, range_test
from seqlab.workbench.drawing import write_curves
from seqlab.workbench.study import Study


def find_rates(
    study: Study,
    data: Any,
    valid: Any = None,
    test: Any = None,
    *,
    steps: int = 100,
    plot: Path | None = None,
) -> dict[str, RangeTest]:
    """Each candidate's range test; with `plot`, a page with their curves."""
    sources, spec, _ = study.resolve(data, valid, test)
    spec, _ = devices_for(spec)
    prepared = registry.load("tasks", spec.task).prepare(sources, spec.data, spec.seed)[0]
    train = train_spec(spec, prepared.task, {"epochs": 1}, None, spec.seed)
    tests = {}
    torch.set_num_threads(train.threads)
    for entry in entries(spec, prepared.task, prepared.train):
        if entry.model is None:
            continue
        torch.manual_seed(train.seed)
        data = as_read(prepared, entry.model)
        model = build_model(data.task, entry.model, train.seed).to(train.device)
        objective = TaskObjective(data, data.train, train)
        tests[entry.name] = range_test(model, objective, train, steps)
    if plot is not None:
        curves = {name: (test.rates, test.losses) for name, test in tests.items()}
        write_curves(plot, "Learning-rate range test", ("learning rate", "loss"), curves, "x")
    return tests

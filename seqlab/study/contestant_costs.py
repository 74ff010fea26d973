"""The processes that measure what contestants cost: models and baselines, loaded as in use.

alone     PREPARED TASK RUN       memory and training time of one contestant
together  PREPARED TASK RUN…      latencies of several, in rounds
"""

from __future__ import annotations

import itertools
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from seqlab import registry
from seqlab.baselines.base import Baseline
from seqlab.baselines.storage import load_baseline
from seqlab.data.examples import Examples
from seqlab.model.base import Model
from seqlab.runs import read_json
from seqlab.specs import ModelSpec, TrainSpec
from seqlab.study.batch_memory import with_batch
from seqlab.study.channel import Channel
from seqlab.study.latency import TOGETHER, Predict, measure_in_rounds
from seqlab.study.objective import predict_all
from seqlab.study.reading import read_anew, task_as_read
from seqlab.study.stored_model import load_model
from seqlab.tasks.base import Task
from seqlab.training.memory import peak_memory_mb
from seqlab.training.optimisers import build_optimiser

TRAIN_STEPS = 12
ENOUGH = 3.0  # seconds of training steps that tell how long one takes


def main(mode: str, prepared: Path, task_name: str, runs: list[Path]) -> None:
    """Measure and tell; stop at once when the study's process is gone."""
    channel = Channel()
    threading.Thread(target=_end_with_study, daemon=True).start()
    try:
        if mode == "alone":
            channel.tell(event="costs", costs=costs_alone(runs[0], prepared, task_name))
        else:
            channel.tell(event="costs", costs=latencies(runs, prepared, task_name))
    except Exception as error:  # of whatever kind: a study can do without these figures
        channel.tell(event="failed", reason=f"{type(error).__name__}: {error}".partition("\n")[0])
        raise


def _end_with_study() -> None:
    os.read(0, 1)
    os._exit(1)


def latencies(runs: list[Path], prepared: Path, task_name: str) -> list[dict[str, float]]:
    """Of each run's contestant; they are held in memory together and predict in turn."""
    task, test = _task(prepared, task_name), Examples.load(prepared / "test")
    torch.set_num_threads(1)
    predicts = [predictor(_read_by(task, run), test, loaded(task, run)) for run in runs]
    return measure_in_rounds(predicts, len(test))


def costs_alone(run: Path, prepared: Path, task_name: str) -> dict[str, float]:
    """Peak memory in MB and seconds of training, in a process that has done nothing else."""
    task, test = _task(prepared, task_name), Examples.load(prepared / "test")
    torch.set_num_threads(1)
    contestant = loaded(task, run)
    predict = predictor(_read_by(task, run), test, contestant)
    for size in (1, TOGETHER):
        predict(np.arange(size) % len(test))
    values = {"peak_memory_mb": peak_memory_mb()}
    train, result = Examples.load(prepared / "train"), read_json(run / "result.json")
    if isinstance(contestant, Baseline):
        valid = Examples.load(prepared / "valid")
        begun = time.perf_counter()
        contestant.unfitted().fit(task, train, valid, result["seed"])
        values["train_seconds"] = time.perf_counter() - begun
    else:
        spec, task = _train_spec(result), _read_by(task, run)
        train = read_anew(task, train)
        values["train_seconds"] = step_seconds(task, contestant, train, spec) * result["steps"]
    return values


def loaded(task: Task, run: Path) -> Model | Baseline[Any]:
    """The contestant of a run, on the device that it was trained on."""
    result = read_json(run / "result.json")
    if result["kind"] == "baseline":
        return load_baseline(run)
    settings, weights = result["settings"]["model"], run / "weights.safetensors"
    model = load_model(_read_by(task, run), settings, weights, str(run / "result.json"))
    return model.to(_train_spec(result).device)


def predictor(task: Task, test: Examples, contestant: Model | Baseline[Any]) -> Predict:
    """What predicts some of the test examples, from encoded input to prediction.

    One with a reader of its own reads them first.
    """
    if isinstance(contestant, Baseline):
        return lambda rows: contestant.predict(task, test.take(rows))
    device = str(next(contestant.parameters()).device)
    return lambda rows: predict_all(task, contestant, read_anew(task, test.take(rows)), device)


def _read_by(task: Task, run: Path) -> Task:
    """The task as the contestant of a run reads it."""
    result = read_json(run / "result.json")
    if result["kind"] == "baseline":
        return task
    return task_as_read(task, ModelSpec.read(result["settings"]["model"]), run)


def _task(prepared: Path, name: str) -> Task:
    task: Task = registry.load("tasks", name).load(prepared / "task")
    return task


def _train_spec(result: dict[str, Any]) -> TrainSpec:
    return with_batch(TrainSpec.read(result["settings"]["train"]), result.get("choices", {}))


def step_seconds(
    task: Task, model: torch.nn.Module, train: Examples, spec: TrainSpec, steps: int = TRAIN_STEPS
) -> float:
    """The mean seconds of a training step over random batches, after two that warm up.

    Steps that take seconds each are told from few, if need be from the first alone.
    """
    rng = np.random.default_rng(spec.seed)
    batches = task.batches(train, spec.batch_size, spec.batch_tokens, rng)
    optimiser = build_optimiser(model, spec)
    model.train()
    taken: list[float] = []
    begun = time.perf_counter()
    for batch in itertools.islice(itertools.cycle(batches), steps + 2):
        optimiser.zero_grad(set_to_none=True)
        loss = task.loss(model, batch.to(spec.device)).value
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), spec.clip_norm or float("inf"))
        optimiser.step()
        begun, before = time.perf_counter(), begun
        taken.append(begun - before)
        if sum(taken[2:]) > ENOUGH or taken[-1] > ENOUGH:
            break
    return float(np.mean(taken[2:] or taken[-1:]))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], [Path(run) for run in sys.argv[4:]])

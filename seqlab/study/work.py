"""Doing one assignment: fit a model or a baseline, score it, write its run folder."""

from __future__ import annotations

import errno
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

from seqlab import kernels, registry
from seqlab.baselines.base import Baseline
from seqlab.baselines.storage import save_baseline
from seqlab.batch import Batch
from seqlab.data.examples import Examples, Ragged
from seqlab.errors import UserError
from seqlab.metrics.base import Metric
from seqlab.model.base import Model
from seqlab.runs import write_json, write_run
from seqlab.specs import ModelSpec, TrainSpec
from seqlab.study.assignment import Assignment
from seqlab.tasks.base import Loss, Predictions, Prepared, Task
from seqlab.training.fit import DivergedError, History, fit
from seqlab.training.hooks import Hook, Progress

Report = Callable[[float], None]  # told the share of the job that is done, 0…1


def build_model(task: Task, spec: ModelSpec, seed: int = 0) -> Model:
    """A task's model with its head; its weights depend on the seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return task.model(spec)


def predict_all(
    task: Task, model: nn.Module, examples: Examples, device: str = "cpu"
) -> Predictions:
    """Predictions for all examples, in the examples' order."""
    parts, rows = [], []
    model.eval()
    with torch.inference_mode():
        for batch in task.batches(examples, 256, 65536, None):
            parts.append(task.predict(model, batch.to(device)))
            rows.append(batch.rows)
    assert parts, "no examples"
    order = np.argsort(np.concatenate(rows))
    if isinstance(parts[0], Ragged):
        return Ragged.joined(parts).take(order)
    return np.concatenate(parts)[order].astype(np.float64, copy=False)


class TaskObjective:
    """A task with its data, as the trainer wants it."""

    def __init__(self, prepared: Prepared, train: Examples, spec: TrainSpec) -> None:
        self.task, self.valid, self.train, self.spec = prepared.task, prepared.valid, train, spec
        self.metric: Metric = registry.load("metrics", prepared.task.metrics[0])()
        self.higher_is_better = self.metric.higher_is_better

    def steps_per_epoch(self) -> int:
        return self.task.batch_count(self.train, self.spec.batch_size, self.spec.batch_tokens)

    def batches(self, epoch: int) -> Iterator[Batch]:
        rng = np.random.default_rng((self.spec.seed, epoch))
        return self.task.batches(self.train, self.spec.batch_size, self.spec.batch_tokens, rng)

    def loss(self, model: nn.Module, batch: Batch, state: Any = None) -> Loss:
        return self.task.loss(model, batch, state)

    def validate(self, model: nn.Module) -> float:
        predictions = predict_all(self.task, model, self.valid, self.spec.device)
        return self.metric.value(self.task.statistics(self.metric, predictions, self.valid))


def load_prepared(task: str, folder: Path) -> Prepared:
    """A fitted task and its parts, read once per process and content."""
    return _load_prepared(task, folder.resolve(), (folder / "digest").read_text())


@lru_cache(maxsize=16)
def _load_prepared(task: str, folder: Path, digest: str) -> Prepared:
    train, valid, test = (Examples.load(folder / part) for part in ("train", "valid", "test"))
    return Prepared(registry.load("tasks", task).load(folder / "task"), train, valid, test)


def save_prepared(prepared: Prepared, folder: Path, digest: str) -> None:
    """Write what `load_prepared` reads; the digest of its content is written last."""
    (folder / "digest").unlink(missing_ok=True)
    for name in ("train", "valid", "test"):
        getattr(prepared, name).save(folder / name)
    (folder / "task").mkdir(parents=True, exist_ok=True)
    prepared.task.save(folder / "task")
    write_json(folder / "prepared.json", {"task": prepared.task.name})
    (folder / "digest").write_text(digest)


def work(assignment: Assignment, study: Path, report: Report = lambda share: None) -> None:
    """Do an assignment and leave its run folder; a failure is recorded there as a result.

    A full disk is not the job's own failure: it is raised, as OSError.
    """
    folder = assignment.folder(study)
    result = {**asdict(assignment.job), "digest": assignment.digest, "status": "ok", "reason": ""}
    result |= {"seed": assignment.train["seed"], "settings": _settings(assignment)}
    parts: dict[str, Any] = {}
    (folder / "result.json").unlink(missing_ok=True)
    begun = time.perf_counter()
    try:
        prepared = load_prepared(assignment.task, study / assignment.prepared)
        done = _fit_model if assignment.job.kind == "model" else _fit_baseline
        facts, parts = done(assignment, prepared, folder, report)
        result |= facts
    except Exception as error:
        if _disk_is_full(error):
            raise OSError(errno.ENOSPC, "No space left on device", str(folder)) from error
        result |= {"status": "failed", "reason": _reason(error), "valid": None, "test": {}}
        result["transient"] = _out_of_memory(error)
        if not isinstance(error, DivergedError | UserError) and not result["transient"]:
            parts["traceback"] = traceback.format_exc().splitlines()
    write_run(folder, {**result, "wall_seconds": time.perf_counter() - begun}, parts)


def _settings(assignment: Assignment) -> dict[str, Any]:
    return {"model": assignment.model, "train": assignment.train}


def _disk_is_full(error: Exception) -> bool:
    """Whether this is no fault of the job; safetensors says it in words only."""
    return getattr(error, "errno", None) == errno.ENOSPC or "(os error 28)" in str(error)


def _out_of_memory(error: Exception) -> bool:
    words = ("allocate memory", "out of memory")
    return isinstance(error, MemoryError) or any(word in str(error) for word in words)


def _reason(error: Exception) -> str:
    text = str(error).partition("\n")[0] or type(error).__name__
    if _out_of_memory(error):
        return "out of memory; a smaller batch_size or fewer --params would fit"
    if isinstance(error, DivergedError | UserError):
        return text
    return f"{type(error).__name__}: {text}"


def _fit_model(
    assignment: Assignment, prepared: Prepared, folder: Path, report: Report
) -> tuple[dict[str, Any], dict[str, Any]]:
    model_spec, spec = ModelSpec.read(assignment.model), TrainSpec.read(assignment.train)
    task, job = prepared.task, assignment.job
    torch.set_num_threads(spec.threads)
    train = _training_part(prepared, job.size)
    torch.manual_seed(spec.seed)
    with kernels.preferring(assignment.backend):
        model = build_model(task, model_spec, spec.seed).to(spec.device)
        history = fit(model, TaskObjective(prepared, train, spec), spec, [_Reporter(report)])
        predictions = (
            predict_all(task, model, prepared.test, spec.device) if job.role == "verdict" else None
        )
    facts = {
        "valid": history.best,
        "parameters": {"body": model.body_parameters(), "embedding": model.embedding_parameters()},
        "width": model_spec.width,
        "learning_rate": spec.learning_rate,
        "backend": model.backend,
        "train_examples": len(train),
        **_totals(history, model),
    }
    parts: dict[str, Any] = {"history": history.records}
    if job.role != "trial":
        save_weights(model, folder)
    if predictions is not None:
        facts |= _score(task, predictions, prepared.test, parts)
        inside = task.model_exhibits(model.to("cpu"), prepared.test)
        parts["exhibits"] += [asdict(exhibit) for exhibit in inside]
    return facts, parts


def save_weights(model: nn.Module, folder: Path) -> None:
    """Weights as safetensors, on the CPU, shared tensors once."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {k: v.detach().cpu().contiguous() for k, v in model.state_dict().items()}
    save_file(tensors, folder / "weights.safetensors")


def _totals(history: History, model: Model) -> dict[str, Any]:
    """What the training spent; FLOPs as six per parameter and token (Kaplan et al., 2020)."""
    return {
        "epochs": history.epochs,
        "steps": history.steps,
        "best_step": history.best_step,
        "tokens": history.tokens,
        "seconds": history.seconds,
        "stopped": history.stopped,
        "flops_estimate": 6.0 * model.body_parameters() * history.tokens,
    }


def _fit_baseline(
    assignment: Assignment, prepared: Prepared, folder: Path, report: Report
) -> tuple[dict[str, Any], dict[str, Any]]:
    task, seed = prepared.task, int(assignment.train["seed"])
    train = _training_part(prepared, assignment.job.size)
    begun = time.perf_counter()
    baseline: Baseline = registry.load("baselines", assignment.job.candidate)()
    baseline = baseline.fit(task, train, prepared.valid, seed)
    seconds = time.perf_counter() - begun
    metric: Metric = registry.load("metrics", task.metrics[0])()
    valid = baseline.predict(task, prepared.valid)
    save_baseline(baseline, folder)
    facts = {
        "valid": metric.value(task.statistics(metric, valid, prepared.valid)),
        "parameters": {"body": baseline.parameters, "embedding": 0},
        "seconds": seconds,
        "train_examples": len(train),
        "backend": "numpy",
    }
    parts: dict[str, Any] = {}
    facts |= _score(task, baseline.predict(task, prepared.test), prepared.test, parts)
    report(1.0)
    return facts, parts


def _training_part(prepared: Prepared, size: int | None) -> Examples:
    """The first `size` of nested subsets, or all."""
    if size is None or size >= len(prepared.train):
        return prepared.train
    return prepared.task.subset(prepared.train, size, seed=0)


def _score(
    task: Task, predictions: Predictions, test: Examples, parts: dict[str, Any]
) -> dict[str, Any]:
    """Test metrics; their statistics and what to show go into the run's parts."""
    parts["statistics"], values = {}, {}
    for name in task.metrics:
        metric: Metric = registry.load("metrics", name)()
        statistics = task.statistics(metric, predictions, test)
        parts["statistics"][name] = statistics
        values[name] = metric.value(statistics)
    parts["exhibits"] = [asdict(exhibit) for exhibit in task.exhibits(predictions, test)]
    return {"test": values}


class _Reporter(Hook):
    def __init__(self, report: Report) -> None:
        self.report = report
        self.last = time.perf_counter()

    def on_step_end(self, progress: Progress) -> None:
        now = time.perf_counter()
        if now - self.last > 0.5:
            self.last = now
            self.report(progress.history.steps / progress.total_steps)

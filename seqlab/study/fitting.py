"""One contestant fitted as its job says: what it reached, what it spent, and what it shows."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

import torch

from seqlab import kernels, registry
from seqlab.baselines.storage import baseline_of, save_baseline
from seqlab.data.examples import Examples
from seqlab.metrics.base import Metric
from seqlab.model.base import Model
from seqlab.study.examination import examined
from seqlab.study.halving import train_model
from seqlab.study.job_context import JobContext
from seqlab.study.objective import predict_all
from seqlab.study.reading import save_reader
from seqlab.study.stored_model import save_weights
from seqlab.tasks.base import Predictions, Task
from seqlab.training.fit import History

Facts = dict[str, Any]  # of `result.json`
Parts = dict[str, Any]  # of the run's other files, by name


def fit_model(context: JobContext) -> tuple[Facts, Parts]:
    """Train a model and keep its weights; that of a verdict run is judged on the test part."""
    spec, job = context.train_spec, context.assignment.job
    prepared, task = context.prepared, context.prepared.task
    torch.set_num_threads(spec.threads)
    with kernels.preferring(context.assignment.backend):
        trained = train_model(context)
        model, history = trained.model, trained.history
        predictions = (
            predict_all(task, model, prepared.test, spec.device) if job.role == "verdict" else None
        )
    facts: Facts = {
        "valid": history.best,
        "parameters": {
            "body": model.body_parameters(),
            "embedding": model.embedding_parameters(),
            "brought": model.brought_parameters(),
        },
        "width": context.model_spec.width,
        "learning_rate": spec.learning_rate,
        "backend": model.backend,
        "train_examples": len(context.train),
        "batch_halved": trained.halvings,
        "tracker_failure": trained.tracker_failure,
        **_spent(history, model),
    }
    parts: Parts = {"history": history.records}
    if job.role != "trial":
        save_weights(model, context.folder)
        save_reader(task, context.folder)
    if predictions is not None:
        facts |= _score(task, predictions, prepared.test, parts)
        facts["held_out"] = examined(prepared, model, spec)
        # Last of all, as the model leaves its device for it.
        inside = task.model_exhibits(model.to("cpu"), prepared.test)
        parts["exhibits"] += [asdict(exhibit) for exhibit in inside]
    return facts, parts


def fit_baseline(context: JobContext) -> tuple[Facts, Parts]:
    """Fit a baseline, keep it and judge it on the test part."""
    prepared, task = context.prepared, context.prepared.task
    begun = time.perf_counter()
    assignment = context.assignment
    baseline = baseline_of(assignment.job.candidate, assignment.model)
    seed = int(context.assignment.train["seed"])
    baseline = baseline.fit(task, context.train, prepared.valid, seed)
    seconds = time.perf_counter() - begun
    metric: Metric = registry.load("metrics", task.metrics[0])()
    valid = baseline.predict(task, prepared.valid)
    save_baseline(baseline, context.folder)
    facts: Facts = {
        "valid": metric.value(task.statistics(metric, valid, prepared.valid)),
        "parameters": {
            "body": baseline.parameters,
            "embedding": 0,
            "brought": baseline.brought_parameters(),
        },
        "seconds": seconds,
        "train_examples": len(context.train),
        "backend": "numpy",
    }
    parts: Parts = {}
    facts |= _score(task, baseline.predict(task, prepared.test), prepared.test, parts)
    parts["exhibits"] += [asdict(exhibit) for exhibit in baseline.exhibits(task, prepared.test)]
    return facts, parts


def _spent(history: History, model: Model) -> Facts:
    """What the training spent; FLOPs as six per parameter and token (Kaplan et al., 2020)."""
    return {
        "epochs": history.epochs,
        "steps": history.steps,
        "best_step": history.best_step,
        "tokens": history.tokens,
        "seconds": history.seconds,
        "loading": history.loading / max(history.seconds, 1e-9),  # the share of waiting for batches
        "stopped": history.stopped,
        "rollbacks": history.rollbacks,
        "fell": history.fell,
        "resumed": history.resumed,
        "choices": history.choices,
        "flops_estimate": 6.0 * model.body_parameters() * history.tokens,
    }


def _score(task: Task, predictions: Predictions, test: Examples, parts: Parts) -> Facts:
    """Test metrics; their statistics and what to show go into the run's parts."""
    parts["statistics"], values = {}, {}
    for name in task.metrics:
        metric: Metric = registry.load("metrics", name)()
        statistics = task.statistics(metric, predictions, test)
        parts["statistics"][name] = statistics
        values[name] = metric.value(statistics)
    parts["exhibits"] = [asdict(exhibit) for exhibit in task.exhibits(predictions, test)]
    return {"test": values}

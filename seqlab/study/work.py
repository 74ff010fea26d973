"""Doing one assignment: fit a model or a baseline, score it, write its run folder."""

from __future__ import annotations

import contextlib
import errno
import shutil
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock
from safetensors.torch import save_file
from torch import nn

from seqlab import kernels, registry
from seqlab.baselines.base import Baseline
from seqlab.baselines.storage import save_baseline
from seqlab.data.examples import Examples
from seqlab.errors import NO_ROOM, UserError, out_of_memory
from seqlab.metrics.base import Metric
from seqlab.model.base import Model
from seqlab.model.block import recompute_blocks
from seqlab.model.stack import pack_tokens
from seqlab.runs import UNFINISHED, replacing, write_json, write_run
from seqlab.specs import ModelSpec, TrainSpec
from seqlab.study.assignment import Assignment, digest_of
from seqlab.study.batch_memory import fitting_batch
from seqlab.study.examination import examined
from seqlab.study.objective import TaskObjective, predict_all
from seqlab.tasks.base import Predictions, Prepared, Task
from seqlab.training.checkpoints import CheckpointError, Checkpoints, Interrupted
from seqlab.training.choosing import remembered
from seqlab.training.fit import DivergedError, History, fit
from seqlab.training.hooks import Hook, Progress
from seqlab.training.trackers import TRACKERS, Tracker

# Told the share of the job that is done, 0…1, and a Reading of its training as plain data.
Report = Callable[[float, dict[str, Any]], None]
REPORTED = 0.5  # seconds between two of them


@dataclass(frozen=True)
class Orders:
    """Whom a job tells how far it is, who may ask it to stop, and who hears what went wrong."""

    report: Report = lambda share, reading: None
    stop: Callable[[], bool] = lambda: False
    remark: Callable[[str], None] = lambda text: None


@dataclass(frozen=True)
class Trained:
    """A trained model; how often its batch was halved, accumulating to the same size."""

    model: Model
    history: History
    halved: int
    tracker_failure: str | None


def build_model(task: Task, spec: ModelSpec, seed: int = 0) -> Model:
    """A task's model with its head; its weights depend on the seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return task.model(spec)


def model_to_train(task: Task, model: ModelSpec, spec: TrainSpec) -> Model:
    """A model with the weights of its seed, on its device, computing as its training wants it."""
    torch.manual_seed(spec.seed)
    built = build_model(task, model, spec.seed).to(spec.device)
    if spec.recompute:
        recompute_blocks(built)
    pack_tokens(built, spec.packing)
    return built


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


def work(assignment: Assignment, study: Path, orders: Orders | None = None) -> None:
    """Do an assignment and leave its run folder; a failure is recorded there as a result.

    A training that was cut off continues from its checkpoint. A full disk is not the job's own
    failure: it is raised, as OSError; so are Interrupted, once the orders are to stop, and
    CheckpointError: what is in the way is for the user to decide.
    """
    folder = assignment.folder(study)
    folder.mkdir(parents=True, exist_ok=True)
    # The process of a study that was killed may still be at its last step here.
    with FileLock(folder / ".lock"):
        if not assignment.settled(study):
            _do(assignment, study, orders or Orders())
    with contextlib.suppress(OSError):
        (folder / ".lock").unlink()


def _do(assignment: Assignment, study: Path, orders: Orders) -> None:
    folder = assignment.folder(study)
    result = {**asdict(assignment.job), "digest": assignment.digest, "status": "ok", "reason": ""}
    result |= {"seed": assignment.train["seed"], "settings": _settings(assignment)}
    parts: dict[str, Any] = {}
    (folder / "result.json").unlink(missing_ok=True)
    for path in folder.glob(f".*{UNFINISHED}"):  # of a process that was killed while it wrote
        path.unlink(missing_ok=True)
    begun = time.perf_counter()
    try:
        prepared = load_prepared(assignment.task, study / assignment.prepared)
        done = _fit_model if assignment.job.kind == "model" else _fit_baseline
        facts, parts = done(assignment, prepared, folder, orders)
        result |= facts
    except (Interrupted, CheckpointError):
        raise
    except Exception as error:
        if _disk_is_full(error):
            raise OSError(errno.ENOSPC, "No space left on device", str(folder)) from error
        result |= {"status": "failed", "reason": _reason(error), "valid": None, "test": {}}
        result["transient"] = out_of_memory(error)
        result["diverged"] = isinstance(error, DivergedError)
        orders.remark(f"failed: {result['reason']}")
        if not isinstance(error, DivergedError | UserError) and not result["transient"]:
            parts["traceback"] = traceback.format_exc().splitlines()
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    write_run(folder, {**result, "wall_seconds": time.perf_counter() - begun}, parts)


def _settings(assignment: Assignment) -> dict[str, Any]:
    return {"model": assignment.model, "train": assignment.train}


def _disk_is_full(error: Exception) -> bool:
    """Whether this is no fault of the job; safetensors says it in words only."""
    return getattr(error, "errno", None) in NO_ROOM or "(os error 28)" in str(error)


def _reason(error: Exception) -> str:
    text = str(error).partition("\n")[0] or type(error).__name__
    if out_of_memory(error):
        return "out of memory; a smaller batch_size or fewer --params would fit"
    if isinstance(error, DivergedError | UserError):
        return text
    return f"{type(error).__name__}: {text}"


def _fit_model(
    assignment: Assignment, prepared: Prepared, folder: Path, orders: Orders
) -> tuple[dict[str, Any], dict[str, Any]]:
    model_spec, spec = ModelSpec.read(assignment.model), TrainSpec.read(assignment.train)
    task, job = prepared.task, assignment.job
    torch.set_num_threads(spec.threads)
    train = _training_part(prepared, job.size)
    with kernels.preferring(assignment.backend):
        trained = _train(assignment, prepared, train, folder, orders)
        model, history = trained.model, trained.history
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
        "batch_halved": trained.halved,
        "tracker_failure": trained.tracker_failure,
        **_totals(history, model),
    }
    parts: dict[str, Any] = {"history": history.records}
    if job.role != "trial":
        save_weights(model, folder)
    if predictions is not None:
        facts |= _score(task, predictions, prepared.test, parts)
        facts["held_out"] = examined(prepared, model, spec)
        inside = task.model_exhibits(model.to("cpu"), prepared.test)
        parts["exhibits"] += [asdict(exhibit) for exhibit in inside]
    return facts, parts


def _train(
    assignment: Assignment, prepared: Prepared, train: Examples, folder: Path, orders: Orders
) -> Trained:
    spec = TrainSpec.read(assignment.train)
    build = partial(model_to_train, prepared.task, ModelSpec.read(assignment.model))
    settle = remembered(_settled_at(assignment, spec, folder.parents[2]))
    spec, chosen = fitting_batch(replace(prepared, train=train), build, spec, settle)
    wanted = spec
    while True:
        kept = folder / "checkpoints" / f"{assignment.digest}-{spec.batch_size}"
        checkpoints = Checkpoints(kept, assignment.digest, spec.checkpoint_seconds, orders.stop)
        model = build(spec)
        objective = TaskObjective(prepared, train, spec)
        try:
            trackers = _trackers(assignment, folder)
            hooks: list[Hook] = [_Reporter(orders, checkpoints), *trackers]
            settle = remembered(_settled_at(assignment, spec, folder.parents[2]))
            history = fit(model, objective, spec, hooks, checkpoints, settle)
            history.choices = {**chosen, **history.choices}
            halved = (spec.accumulate // wanted.accumulate).bit_length() - 1
            failure = next((t.failure for t in trackers if t.failure), None)
            return Trained(model, history, halved, failure)
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error) or spec.batch_size == 1:
                raise
            checkpoints.clear()
            spec = _halved(spec)
            orders.remark(
                f"out of memory: goes on with batches of {spec.batch_size}, "
                f"{spec.accumulate} to a step"
            )


def _settled_at(assignment: Assignment, spec: TrainSpec, study: Path) -> Path:
    """Where the study keeps what was measured for all trainings of this shape."""
    shape = {name: value for name, value in assignment.model.items() if "dropout" not in name}
    names = ("batch_size", "batch_tokens", "max_memory_mb", "accumulate", "precision", "compile")
    train = {name: getattr(spec, name) for name in (*names, "optimizer", "recompute", "device")}
    content = [shape, train, spec.threads, assignment.data, assignment.job.size]
    return study / "choices" / f"{digest_of(content)}.json"


def _trackers(assignment: Assignment, folder: Path) -> list[Tracker]:
    """The tracker that was asked for, below the study's folder."""
    name = TrainSpec.read(assignment.train).tracker
    if name is None:
        return []
    run = assignment.job.folder.replace("/", "-")
    settings = {**assignment.model, **assignment.train}
    return [TRACKERS[name](folder.parents[2] / "tracking", run, settings)]


def _halved(spec: TrainSpec) -> TrainSpec:
    """Batches of half the size, twice as many to a step."""
    return spec.with_(
        batch_size=max(1, spec.batch_size // 2),
        batch_tokens=max(1, spec.batch_tokens // 2),
        accumulate=2 * spec.accumulate,
    )


def save_weights(model: nn.Module, folder: Path) -> None:
    """Weights as safetensors, on the CPU, shared tensors once."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {k: v.detach().cpu().contiguous() for k, v in model.state_dict().items()}
    with replacing(folder / "weights.safetensors") as temporary:
        save_file(tensors, temporary)


def _totals(history: History, model: Model) -> dict[str, Any]:
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
        "resumed": history.resumed,
        "choices": history.choices,
        "flops_estimate": 6.0 * model.body_parameters() * history.tokens,
    }


def _fit_baseline(
    assignment: Assignment, prepared: Prepared, folder: Path, orders: Orders
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
    parts["exhibits"] += [asdict(made) for made in baseline.exhibits(task, prepared.test)]
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
    def __init__(self, orders: Orders, checkpoints: Checkpoints) -> None:
        self.orders, self.checkpoints = orders, checkpoints
        self.last = time.perf_counter()

    def on_train_begin(self, progress: Progress) -> None:
        resumed = progress.history.resumed
        place = f"the one before, of step {resumed[-1]}" if resumed else "the beginning"
        for path in self.checkpoints.damaged:
            self.orders.remark(f"{path.name} is damaged; continues from {place}")

    def on_roll_back(self, progress: Progress) -> None:
        last = progress.history.rollbacks[-1]
        self.orders.remark(
            f"rolled back from step {last['step']} to {last['back_to']}, on at "
            f"{last['factor']:g} of the learning rate: {last['reason'].partition(';')[0]}"
        )

    def on_step_end(self, progress: Progress) -> None:
        now = time.perf_counter()
        if now - self.last > REPORTED:
            self.last = now
            share = progress.history.steps / progress.total_steps
            self.orders.report(share, asdict(progress.reading()))


__all__ = ["TaskObjective", "build_model", "load_prepared", "predict_all", "save_prepared", "work"]

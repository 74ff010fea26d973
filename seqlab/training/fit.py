"""The training loop: steps, evaluations, the best weights, and a history. It knows no task."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from seqlab.batch import Batch
from seqlab.specs import TrainSpec
from seqlab.training.hooks import Hook, Progress
from seqlab.training.objective import Objective
from seqlab.training.optimisers import build_optimiser
from seqlab.training.schedules import schedule

REMEDY = "a lower learning rate or a lower clip_norm usually helps"


class DivergedError(Exception):
    """The loss is no longer a number; the message says when and what to try."""


@dataclass
class History:
    """What happened: one record per evaluation, and totals."""

    records: list[dict[str, float]] = field(default_factory=list)
    best: float = float("nan")
    best_step: int = 0
    steps: int = 0
    epochs: float = 0.0
    tokens: int = 0
    seconds: float = 0.0
    stopped: str = "finished"  # finished | patience | seconds


def fit(
    model: nn.Module, objective: Objective, spec: TrainSpec, hooks: Sequence[Hook] = ()
) -> History:
    """Train `model` in place and leave it with the weights that validated best.

    Raises DivergedError when the loss or the gradient is no longer finite at an evaluation.
    """
    return _Fit(model, objective, spec, hooks).run()


class _Fit:
    def __init__(
        self, model: nn.Module, objective: Objective, spec: TrainSpec, hooks: Sequence[Hook]
    ) -> None:
        self.model, self.objective, self.spec, self.hooks = model, objective, spec, hooks
        self.per_epoch = max(1, objective.steps_per_epoch())
        self.total = spec.steps or spec.epochs * self.per_epoch
        self.interval = max(1, round(self.total / spec.evaluations))
        self.optimiser = build_optimiser(model, spec)
        self.factor = schedule(spec, self.total)
        self.parameters = [p for p in model.parameters() if p.requires_grad]
        self.history = History()
        self.best_weights: dict[str, Tensor] | None = None
        self.waited = 0
        self.losses: list[Tensor] = []  # read at evaluations only: reading waits for the device

    def run(self) -> History:
        history, begun = self.history, time.perf_counter()
        self._call("on_train_begin")
        self.model.train()
        for batch in self._steps():
            norm = self._step(batch)
            history.steps += 1
            history.tokens += batch.tokens
            history.seconds = time.perf_counter() - begun
            self._call("on_step_end")
            late = self.spec.seconds is not None and history.seconds >= self.spec.seconds
            last = history.steps == self.total
            if last or late or history.steps % self.interval == 0:
                self._evaluate(norm)
                if late and not last:
                    history.stopped = "seconds"
                    break
                if self.spec.patience is not None and self.waited >= self.spec.patience:
                    history.stopped = "patience"
                    break
        history.epochs = history.steps / self.per_epoch
        history.seconds = time.perf_counter() - begun
        if self.best_weights is not None:
            self.model.load_state_dict(self.best_weights)
        self._call("on_train_end")
        return history

    def _steps(self) -> Iterator[Batch]:
        epoch = 0
        while True:
            for batch in self.objective.batches(epoch):
                if self.history.steps == self.total:
                    return
                yield batch.to(self.spec.device) if self.spec.device != "cpu" else batch
            epoch += 1

    def _step(self, batch: Batch) -> Tensor:
        rate = self.spec.learning_rate * self.factor(self.history.steps)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.zero_grad(set_to_none=True)
        loss = self.objective.loss(self.model, batch).value
        loss.backward()  # type: ignore[no-untyped-call]
        if self.spec.clip_value is not None:
            nn.utils.clip_grad_value_(self.parameters, self.spec.clip_value)
        limit = float("inf") if self.spec.clip_norm is None else self.spec.clip_norm
        norm = nn.utils.clip_grad_norm_(self.parameters, limit)
        self.optimiser.step()
        self.losses.append(loss.detach())
        return norm

    def _evaluate(self, norm: Tensor) -> None:
        history = self.history
        loss = float(torch.stack(self.losses).mean())
        self.losses.clear()
        if not (loss == loss and abs(loss) != float("inf") and bool(torch.isfinite(norm))):
            raise DivergedError(f"the loss is not finite at step {history.steps}; {REMEDY}")
        self.model.eval()
        with torch.inference_mode():
            score = self.objective.validate(self.model)
        self.model.train()
        if score != score:
            raise DivergedError(
                f"the validation metric is not a number at step {history.steps}; {REMEDY}"
            )
        history.records.append(
            {
                "step": history.steps,
                "epoch": history.steps / self.per_epoch,
                "seconds": history.seconds,
                "train_loss": loss,
                "valid": score,
                "learning_rate": self.optimiser.param_groups[0]["lr"],
                "gradient_norm": float(norm),
            }
        )
        self._keep_best(score)
        self._call("on_evaluate")

    def _keep_best(self, score: float) -> None:
        sign = 1 if self.objective.higher_is_better else -1
        if self.best_weights is None or sign * score > sign * self.history.best:
            self.history.best, self.history.best_step = score, self.history.steps
            self.best_weights = copy.deepcopy(self.model.state_dict())
            self.waited = 0
        else:
            self.waited += 1

    def _call(self, event: str) -> None:
        progress = Progress(self.history, self.total, self.model)
        for hook in self.hooks:
            getattr(hook, event)(progress)

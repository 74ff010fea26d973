"""One step of the weights: batches to gradients, clipped, to the optimiser at the step's rate."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from seqlab.batch import Batch
from seqlab.mixers.states import detached
from seqlab.specs import TrainSpec
from seqlab.training.clipping import Clipping
from seqlab.training.compiling import compile_model
from seqlab.training.feed import Feed
from seqlab.training.lazy_tables import LazyTables
from seqlab.training.length_warmup import LengthWarmup
from seqlab.training.nested import on_device
from seqlab.training.objective import LossLike, Objective
from seqlab.training.optimisers import build_optimiser
from seqlab.training.precision import Precision
from seqlab.training.ranks import ranks
from seqlab.training.schedules import Plateau, schedule


@dataclass(frozen=True)
class Step:
    """What one step saw; tensors are read at evaluations only, as reading waits for the device."""

    loss: Tensor
    norm: Tensor
    tokens: int


class Updates:
    """Optimiser, schedule, clipping, precision, and the state that sequences carry on."""

    def __init__(self, model: nn.Module, objective: Objective, spec: TrainSpec, steps: int) -> None:
        self.model, self.objective, self.spec = model, objective, spec
        self.parameters = [p for p in model.parameters() if p.requires_grad]
        self.optimiser = build_optimiser(model, spec)
        self.lazy = LazyTables(model, self.optimiser) if spec.lazy_embeddings else None
        self.factor = schedule(spec, steps)
        self.plateau = Plateau(spec)
        self.clipping = Clipping(spec, self.parameters)
        self.precision = Precision(spec)
        self.shorten = LengthWarmup(objective, spec, steps)
        self.ranks = ranks()
        self.carried: Any = None  # a model's state at the end of the batch before
        self.slowed = 1.0  # by trainings that were rolled back

    def adopt(self, choices: dict[str, Any]) -> None:
        """Compute as a measurement said."""
        if "precision" in choices:
            self.precision = Precision(self.spec, choices["precision"]["chosen"])
        if choices.get("compile", {}).get("chosen") == "on":
            compile_model(self.model)

    @property
    def rate(self) -> float:
        """The learning rate of the last step."""
        first = self.optimiser.param_groups[0]
        return float(first["lr"] / first.get("rate_factor", 1.0))

    def step(self, feed: Feed, number: int) -> Step:
        """The step after `number` others."""
        factor = self.factor(number) * self.plateau.factor * self.slowed
        for group in self.optimiser.param_groups:
            group["lr"] = self.spec.learning_rate * factor * group.get("rate_factor", 1.0)
        self.optimiser.zero_grad(set_to_none=True)
        loss, tokens = self._gradients(feed, number)
        with self._rows() as self.clipping.parameters:
            self.precision.unscale(self.optimiser)  # first: limits are for gradients' true length
            norm = self.clipping()
            self.precision.step(self.optimiser)
        return Step(loss, norm, tokens)

    def _rows(self) -> AbstractContextManager[list[nn.Parameter]]:
        """In which rows stand in for tables, where these are lazy: all parameters of the step."""
        if self.lazy is None:
            return nullcontext(self.parameters)
        return self.lazy.standing_in(self.parameters)

    def _gradients(self, feed: Feed, step: int) -> tuple[Tensor, int]:
        """Accumulate the gradients of one batch, or of several as if they were one."""
        self.ranks.seed(self.spec.seed, step)
        batch = self.shorten(feed.next(), step)
        first = self._loss(batch)
        if self.spec.accumulate == 1 and not self.ranks.many:
            self.precision.backward(first.value)
            return first.value.detach(), batch.tokens
        total, weight, tokens = first.value.new_zeros(()), 0.0, 0
        for number in range(self.spec.accumulate):
            if number:
                batch = self.shorten(feed.next(), step)
                first = self._loss(batch)
            summed = first.value * first.weight
            self.precision.backward(summed)
            total, weight = total + summed.detach(), weight + first.weight
            tokens += batch.tokens
        # Each batch was weighed by its targets: together they count as one large batch would.
        if self.ranks.many:
            sums, gradients = self.ranks.add_gradients(
                self.parameters, float(total), weight, tokens
            )
            torch._foreach_div_(gradients, sums[1])
            return total.new_tensor(sums[0] / sums[1]), round(sums[2])
        given = [p.grad for p in self.parameters if p.grad is not None]
        gradients = [g._values() if g.is_sparse else g for g in given]
        torch._foreach_div_(gradients, weight)
        return total / weight, tokens

    def _loss(self, batch: Batch) -> LossLike:
        with self.precision.autocast():
            loss = self.objective.loss(self.model, batch, self.carried if batch.continues else None)
        self.carried = None if loss.state is None else detached(loss.state)
        return loss

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {
            "optimiser": self.optimiser.state_dict(),
            "scaler": self.precision.state(),
            "plateau": (self.plateau.factor, self.plateau.waited),
            "clipping": (self.clipping.steps, self.clipping.clipped),
            "carried": self.carried,
            "slowed": self.slowed,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """What `state` gave."""
        device = self.parameters[0].device
        self.optimiser.load_state_dict(state["optimiser"])
        self.precision.restore(state["scaler"])
        self.plateau.factor, self.plateau.waited = state["plateau"]
        self.clipping.steps, clipped = state["clipping"]
        self.clipping.clipped = on_device(clipped, device)
        self.carried = on_device(state["carried"], device)
        self.slowed = state["slowed"]

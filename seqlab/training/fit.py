"""The training loop: steps, evaluations, the best weights, and a history. It knows no task."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor, nn

from seqlab.specs import TrainSpec
from seqlab.training.averaging import Averaging
from seqlab.training.checkpoints import CheckpointError, Checkpoints, Interrupted
from seqlab.training.choosing import Settle, choose, directly, to_settle
from seqlab.training.compiling import eager, forget_compilation
from seqlab.training.feed import Feed, ahead_of
from seqlab.training.history import DivergedError, History
from seqlab.training.hooks import Hook, Progress, TrainingFigures
from seqlab.training.length import Length
from seqlab.training.memory import memory_mb
from seqlab.training.nested import copied
from seqlab.training.objective import Objective
from seqlab.training.randomness import random_states, set_random_states
from seqlab.training.ranks import divided, ranks
from seqlab.training.restoring import load_weights
from seqlab.training.updates import Step, Updates

REMEDY = "a lower learning rate or a lower clip_norm usually helps"
ROLLBACK_RATE = 0.5  # times the learning rate, after each rollback
RECENT_STEPS = 20  # whose mean loss is shown


def fit(
    model: nn.Module,
    objective: Objective,
    spec: TrainSpec,
    hooks: Sequence[Hook] = (),
    checkpoints: Checkpoints | None = None,
    settle: Settle = directly,
) -> History:
    """Train `model` in place and leave it with the weights that validated best.

    With `checkpoints` it continues from the last one, to the very bit; they stay until the caller,
    who has what was trained in a safe place, clears them. Raises DivergedError when the loss or the
    gradient is not finite at an evaluation and `retries` at lower rates did not help, and
    Interrupted when asked to stop. `settle` is given the measurement of what is
    left to it, and may know its outcome already.
    """
    training = _Fit(model, divided(objective), spec, hooks, checkpoints)
    try:
        training.begin(settle)
        with training.updates.precision.matmuls():
            return training.run()
    finally:
        training.feed.close()
        forget_compilation(model)


class _Fit:
    def __init__(
        self,
        model: nn.Module,
        objective: Objective,
        spec: TrainSpec,
        hooks: Sequence[Hook],
        checkpoints: Checkpoints | None,
    ) -> None:
        self.model, self.objective, self.spec, self.hooks = model, objective, spec, hooks
        self.checkpoints, self.ranks = checkpoints, ranks()
        self.per_epoch = steps_per_epoch(objective, spec)
        most = total_steps(objective, spec)
        self.length = Length(spec, most)
        self.updates = Updates(model, objective, spec, most)
        self.updates.factor = self.length.factor
        self.averaging = Averaging(model, spec, most)
        self.feed = Feed(objective, spec.device, ahead_of(spec))
        self.history = History()
        self.best_weights: dict[str, Tensor] | None = None
        self.waited = 0
        self.losses: list[Tensor] = []
        self.norm = torch.zeros(())  # of the last step's gradients
        self.good: list[dict[str, Any]] = []  # the states at the last two sound evaluations
        self.peak: dict[str, Any] | None = None  # the state at the best place of a stable phase
        self.mark = (0.0, 0.0, 0)  # seconds, seconds of loading and tokens at the last evaluation

    def begin(self, settle: Settle) -> None:
        """Continue from a checkpoint, or settle what is left to measurement."""
        self.ranks.refuse(self.spec)
        self.ranks.alike(self.model)
        self._resume()
        if not self.history.resumed:
            parts = self.model, self.objective, self.spec, self.length.most
            self.history.choices = settle(lambda: choose(*parts)) if to_settle(self.spec) else {}
            self.updates.adopt(self.history.choices)

    def run(self) -> History:
        history = self.history
        begun = time.perf_counter() - history.seconds
        self._call("on_train_begin")
        self.model.train()
        if not self.good:
            self._remember()
        while history.steps < self.length.end and history.stopped == "finished":
            step = self.updates.step(self.feed, history.steps)
            self.losses.append(step.loss)
            self.norm = step.norm
            history.steps += 1
            history.tokens += step.tokens
            history.seconds = time.perf_counter() - begun
            history.loading = self.feed.seconds
            self.averaging.update(history.steps)
            self._call("on_step_end")
            late = self.spec.seconds is not None and self._late(self.spec.seconds)
            last = history.steps == self.length.end
            if self.length.judged_after(history.steps) or late:
                self._judge(step, late and not last)
            self._preserve()
        history.epochs = history.steps / self.per_epoch
        history.seconds = time.perf_counter() - begun
        if self.best_weights is not None:
            self.model.load_state_dict(self.best_weights)
        self._call("on_train_end")
        return history

    def _late(self, limit: float) -> bool:
        return self.ranks.any(self.history.seconds >= limit)[0]

    # -- evaluations ---------------------------------------------------------------------------

    def _judge(self, step: Step, late: bool) -> None:
        """Evaluate, and stop or go back where that is called for."""
        try:
            self._evaluate(step)
        except DivergedError as error:
            self._roll_back(error)
            return
        if late:
            self.history.stopped = "seconds"
        elif self._out_of_patience():
            self.history.stopped = "patience"
        self._remember()
        if self.length.open_ended and not late:
            self._end_stable_phase()

    def _out_of_patience(self) -> bool:
        """Whether validation has not got better for so long that the rest is not worth its time.

        An open-ended training has a patience of its own, and a fall is short.
        """
        if self.length.open_ended or self.spec.patience is None:
            return False
        return self.waited >= self.spec.patience

    def _end_stable_phase(self) -> None:
        """Let the rate fall where it is time, from the best place if that is left behind."""
        history, length = self.history, self.length
        steps, ripe = history.steps, length.ripe(history.steps)
        if not length.over(steps, self.objective.learned(history.best)):
            return
        if ripe and self.peak is not None:
            seconds, rollbacks, resumed = history.seconds, history.rollbacks, history.resumed
            slowed = self.updates.slowed
            self._restore(self.peak)
            self.model.train()
            self.updates.slowed, history.seconds, history.resumed = slowed, seconds, resumed
            history.rollbacks = rollbacks
            self._mark()
        history.fell = {"at": steps, "from": history.steps, "ripe": ripe}
        length.fall_from(history.steps)
        self.peak = None

    def _evaluate(self, step: Step) -> None:
        history = self.history
        loss = float(torch.stack(self.losses).mean())
        self.losses.clear()
        self._check(loss, step)
        self.model.eval()
        with self.averaging.applied():
            with torch.inference_mode(), eager(self.model):
                score = self.objective.validate(self.model)
            if score != score:
                raise DivergedError(
                    f"the validation metric is not a number at step {history.steps}; {REMEDY}"
                )
            better = self._keep_best(score)
            self._note_rise(score)
        self.model.train()
        self.updates.plateau.observe(better)
        history.records.append(self._record(loss, score))
        self.updates.clipping.begin()
        self._mark()
        self._call("on_evaluate")

    def _note_rise(self, score: float) -> None:
        """A stable phase goes on for rises that matter: the best of many is always a bit better."""
        length = self.length
        if length.stable and (length.peak is None or self.objective.gains(score, length.peak)):
            length.rose, length.peak = self.history.steps, score

    def _check(self, loss: float, step: Step) -> None:
        where = f"at step {self.history.steps}; {REMEDY}"
        scaled = self.updates.precision.name == "float16"  # which leaves steps out by itself
        finite = scaled or bool(torch.isfinite(step.norm))
        if not (loss == loss and abs(loss) != float("inf") and finite):
            raise DivergedError(f"the loss is not finite {where}")
        usual = min((record["train_loss"] for record in self.history.records), default=None)
        spike = self.spec.spike
        if spike is not None and usual is not None and usual > 0 and loss > spike * usual:
            raise DivergedError(f"the loss rose from {usual:.3g} to {loss:.3g} {where}")

    def _record(self, loss: float, score: float) -> dict[str, float]:
        history = self.history
        return {
            "step": history.steps,
            "epoch": history.steps / self.per_epoch,
            "seconds": history.seconds,
            "train_loss": loss,
            "valid": score,
            "learning_rate": self.updates.rate,
            **self._pace(),
        }

    def _pace(self) -> dict[str, float]:
        """How the steps since the last evaluation went."""
        seconds, loading, tokens = self.mark
        spent = max(self.history.seconds - seconds, 1e-9)
        return {
            "gradient_norm": float(self.norm),
            "clipped": self.updates.clipping.share(),
            "loading": (self.feed.seconds - loading) / spent,
            "tokens_per_second": (self.history.tokens - tokens) / spent,
            "memory_mb": memory_mb(self.spec.device),
        }

    def _figures(self) -> TrainingFigures:
        history = self.history
        return TrainingFigures(
            step=history.steps,
            steps=self.length.end,
            loss=float(torch.stack(self.losses[-RECENT_STEPS:]).mean()),
            valid=history.records[-1]["valid"] if history.records else None,
            seconds_left=history.seconds / history.steps * (self.length.end - history.steps),
            precision=self.updates.precision.name,
            **self._pace(),
        )

    def _mark(self) -> None:
        """From here on the next record counts: finding a place again is no part of training."""
        self.mark = (self.history.seconds, self.feed.seconds, self.history.tokens)

    def _keep_best(self, score: float) -> bool:
        sign = 1 if self.objective.higher_is_better else -1
        better = self.best_weights is None or sign * score > sign * self.history.best
        self.waited = 0 if better else self.waited + 1
        # Of equal scores the later counts: on a small validation part the first may be chance.
        if better or score == self.history.best:
            self.history.best, self.history.best_step = score, self.history.steps
            self.best_weights = copied(self.model.state_dict())
        return better

    # -- surviving -----------------------------------------------------------------------------

    def _state(self) -> dict[str, Any]:
        """All that the rest of the training depends on."""
        return {
            "model": dict(self.model.state_dict()),
            "updates": self.updates.state(),
            "averaging": self.averaging.state(),
            "length": self.length.state(),
            "place": self.feed.place(),
            "random": random_states(),
            "history": asdict(self.history),
            "best_weights": self.best_weights,
            "waited": self.waited,
            "losses": self.losses,
        }

    def _restore(self, state: dict[str, Any]) -> None:
        load_weights(self.model, state["model"])
        self.updates.restore(state["updates"])
        self.averaging.restore(state["averaging"])
        self.length.restore(state["length"])
        self.feed.go_to(state["place"])
        for name, value in state["history"].items():
            setattr(self.history, name, value)
        self.best_weights, self.waited = state["best_weights"], state["waited"]
        self.losses = list(state["losses"])
        set_random_states(state["random"])  # last: finding the place may draw

    def _resume(self) -> None:
        """Continue from the last checkpoint, if there is one."""
        state = self.checkpoints.latest() if self.checkpoints is not None else None
        if state is None:
            self._agree_on_place()
            return
        self.updates.adopt(state["now"]["history"]["choices"])
        self._restore(state["now"])
        self.good, self.peak = state["good"], state["peak"]
        self.history.resumed.append(self.history.steps)
        self.feed.seconds = self.history.loading
        self._mark()
        self._agree_on_place()

    def _agree_on_place(self) -> None:
        """Every rank reads the first one's checkpoints, so that all go on from the same step."""
        if self.history.steps != self.ranks.told(self.history.steps):
            raise CheckpointError(
                "the processes of this training do not see the same checkpoints",
                "give -o a folder that all its machines share",
            )

    def _remember(self) -> None:
        """Where to go back to if the next steps diverge."""
        sound = len(self.history.rollbacks) < self.spec.retries
        at_peak = self.length.stable and self.history.best_step == self.history.steps
        if sound or at_peak:
            best, self.best_weights = self.best_weights, None  # never changed: no copy needed
            state = {**copied(self._state()), "best_weights": best}
            self.best_weights = best
            self.peak = state if at_peak else self.peak
        self.good = [*self.good[-1:], state] if sound else []

    def _roll_back(self, error: DivergedError) -> None:
        """Go back to the last sound evaluation and on from there at a lower rate.

        Where that was tried before, its weights may have been bad already: back to the one before.
        """
        history = self.history
        if not self.good:
            tried = len(history.rollbacks)
            again = f" (and {tried} times again at lower rates)" if tried else ""
            raise DivergedError(f"{error}{again}") from None
        rollbacks, resumed = history.rollbacks, history.resumed
        seconds, at = history.seconds, history.steps
        slowed = self.updates.slowed * ROLLBACK_RATE
        failed = {rollback["back_to"] for rollback in rollbacks}
        if len(self.good) > 1 and self.good[-1]["history"]["steps"] in failed:
            self.good.pop()
        self._restore(copied(self.good[-1]))
        self.model.train()
        self.updates.slowed, history.seconds, history.resumed = slowed, seconds, resumed
        self._mark()
        history.rollbacks = [
            *rollbacks,
            {"step": at, "back_to": history.steps, "factor": slowed, "reason": str(error)},
        ]
        if len(history.rollbacks) >= self.spec.retries:
            self.good = []
        self._call("on_roll_back")

    def _preserve(self) -> None:
        """Write a checkpoint where one is due, and stop where that was asked."""
        if self.checkpoints is None or self.history.stopped != "finished":
            return
        # All ranks stop together, and the first one's state is that of all.
        stopping, due = self.ranks.any(self.checkpoints.stop(), self.checkpoints.due())
        if (stopping or due) and self.ranks.first:
            state = {"now": self._state(), "good": self.good, "peak": self.peak}
            self.checkpoints.write(self.history.steps, state)
        if stopping:
            raise Interrupted(f"stopped after step {self.history.steps} of {self.length.end}")

    def _call(self, event: str) -> None:
        progress = Progress(self.history, self.length.end, self.model, self._figures)
        for hook in self.hooks:
            getattr(hook, event)(progress)


def steps_per_epoch(objective: Objective, spec: TrainSpec) -> float:
    """Updates of the weights in an epoch."""
    return max(1, objective.steps_per_epoch()) / spec.accumulate


def total_steps(objective: Objective, spec: TrainSpec) -> int:
    """Updates of the weights in the whole training, unless it ends early."""
    return spec.steps or max(1, round(spec.epochs * steps_per_epoch(objective, spec)))


__all__ = ["DivergedError", "History", "fit", "total_steps"]

"""The training doctor: what a history says went wrong, with the evidence and what to try next.

It reads records alone – no model, no data – so that any finished run can be examined.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

Records = Sequence[dict[str, float]]
LEAST = 4  # records, or there is no course to read
OFTEN = 0.9  # of the steps clipped: the limit sets the length of steps, not the gradient
HIDDEN = 0.2  # of the time spent on batches
TINY, HUGE = 1e-6, 1e3  # norms of all gradients
FLAT = 0.01  # relative
WORSE = 0.05  # of the distance the score had come


@dataclass(frozen=True)
class Symptom:
    """What was found, the numbers that show it, and what to try next."""

    what: str
    evidence: str
    advice: str


def examine(
    records: Records, higher_is_better: bool, rollbacks: Sequence[dict[str, Any]] = ()
) -> list[Symptom]:
    """Every symptom in a history, the gravest first."""
    found = [_divergence(rollbacks)]
    if len(records) >= LEAST:
        scores = [record["valid"] if higher_is_better else -record["valid"] for record in records]
        found += [check(records, scores) for check in CHECKS]
    return [symptom for symptom in found if symptom is not None]


def _divergence(rollbacks: Sequence[dict[str, Any]]) -> Symptom | None:
    if not rollbacks:
        return None
    times = "once" if len(rollbacks) == 1 else f"{len(rollbacks)} times"
    return Symptom(
        "divergence",
        f"rolled back {times}, first at step {rollbacks[0]['step']}; it went on at "
        f"{rollbacks[-1]['factor']:g} of the learning rate",
        "lower learning_rate, a longer warmup, or a lower clip_norm",
    )


def _spikes(records: Records, scores: Sequence[float]) -> Symptom | None:
    for before, after in pairwise(records):
        if after["train_loss"] > 2 * before["train_loss"] and before["train_loss"] > 0:
            return Symptom(
                "loss spike",
                f"training loss {before['train_loss']:.3g} → {after['train_loss']:.3g} at step "
                f"{after['step']:.0f}",
                "a lower clip_norm, a longer warmup, or spike = 2 to roll back",
            )
    return None


def _overfitting(records: Records, scores: Sequence[float]) -> Symptom | None:
    best = max(range(len(scores)), key=lambda i: scores[i])
    span = scores[best] - min(scores[: best + 1])
    falls = records[-1]["train_loss"] < records[best]["train_loss"] * (1 - WORSE)
    if best >= len(records) - 2 or not falls or scores[best] - scores[-1] <= WORSE * span:
        return None
    first, last = records[best], records[-1]
    return Symptom(
        "overfitting",
        f"after step {first['step']:.0f} the training loss fell from {first['train_loss']:.3g} to "
        f"{last['train_loss']:.3g} and the validation score went from {first['valid']:.3g} to "
        f"{last['valid']:.3g}",
        "more dropout or weight_decay, label_smoothing, augment, fewer parameters, or more data",
    )


def _still_learning(records: Records, scores: Sequence[float]) -> Symptom | None:
    half = len(scores) // 2
    span = max(scores) - min(scores)
    if (
        span == 0
        or max(scores[half:]) - max(scores[:half]) < 0.2 * span
        or scores[-1] < max(scores)
    ):
        return None
    if records[-1]["train_loss"] > 0.95 * records[-2]["train_loss"]:
        return None
    return Symptom(
        "underfitting",
        f"training loss ({records[-2]['train_loss']:.3g} → {records[-1]['train_loss']:.3g}) and "
        "validation score were still getting better when training ended",
        "more epochs, a higher learning_rate, or more parameters",
    )


def _plateau(records: Records, scores: Sequence[float]) -> Symptom | None:
    losses = [record["train_loss"] for record in records]
    if losses[0] <= 0 or (losses[0] - min(losses)) / losses[0] > FLAT:
        return None
    return Symptom(
        "plateau",
        f"the training loss never left {losses[0]:.3g} (least: {min(losses):.3g})",
        "seqlab lr-find for the learning_rate; check labels and columns with seqlab inspect",
    )


def _dead(records: Records, scores: Sequence[float]) -> Symptom | None:
    norms = [record["gradient_norm"] for record in records]
    if min(norms[1:]) > TINY:
        return None
    return Symptom(
        "dead units",
        f"the norm of the gradients fell to {min(norms):.2g}",
        "a lower learning_rate, gelu or leaky_relu instead of relu, a norm, or gates",
    )


def _exploding(records: Records, scores: Sequence[float]) -> Symptom | None:
    norm = max(record["gradient_norm"] for record in records)
    if norm < HUGE:
        return None
    return Symptom(
        "exploding gradients",
        f"the norm of the gradients rose to {norm:.2g} before clipping",
        "clip_norm = 1, an orthogonal initialisation, a norm, or gates",
    )


def _clipped(records: Records, scores: Sequence[float]) -> Symptom | None:
    share = min(record.get("clipped", 0.0) for record in records[1:])
    if share < OFTEN:
        return None
    return Symptom(
        "clipped all the time",
        f"at least {share:.0%} of the steps between evaluations were clipped",
        "a higher clip_norm: as it is, the limit sets the length of every step",
    )


def _waiting(records: Records, scores: Sequence[float]) -> Symptom | None:
    share = sum(record.get("loading", 0.0) for record in records) / len(records)
    if share < HIDDEN:
        return None
    return Symptom(
        "waiting for data",
        f"{share:.0%} of the time was spent on making batches",
        "a simpler augmentation, a larger batch_size",
    )


CHECKS: tuple[Callable[[Records, Sequence[float]], Symptom | None], ...] = (
    _spikes,
    _exploding,
    _dead,
    _plateau,
    _overfitting,
    _still_learning,
    _clipped,
    _waiting,
)

"""The training doctor: what a history says went wrong, with the evidence and what to try next.

It reads what runs left behind – records, rollbacks, what was seen on held-out data, the trials –
and neither model nor data, so that any finished run can be examined again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt
from typing import Any

Records = Sequence[dict[str, float]]
FEWEST_RECORDS = 4  # or there is no course to read
OFTEN_CLIPPED = 0.9  # of the steps clipped: the limit sets the length of steps, not the gradient
LONG_LOADING = 0.2  # of the time spent on batches
BRIEF_SECONDS = 5.0  # of training: what there is to wait for does not matter
VANISHING_NORM, EXPLODING_NORM = 1e-6, 1e3  # norms of all gradients
FLAT_CHANGE = 0.01  # relative
WORSE_SHARE = 0.05  # of the distance the score had come
LATE_SHARE = 0.2  # of the distance the score had come, gained in the second half
DEAD_SHARE = 0.2  # of a layer's units
SURE_WRONG = 0.03  # of the surest answers on held-out data, at least
EVEN_RATIO = 0.6  # error of the surest over that of all: 1 if it has nothing to do with being sure
LEARNED_RATIO = 0.85  # of the errors that the most common class makes: else nothing is known
NORMAL_QUANTILE = 1.64  # one-sided 95 %
FEWEST_RATES = 3  # trials, or there is no edge


@dataclass(frozen=True)
class Symptom:
    """What was found, the numbers that show it, and what to try next."""

    what: str
    evidence: str
    advice: str


def examine(
    records: Records,
    higher_is_better: bool,
    rollbacks: Sequence[dict[str, Any]] = (),
    held_out: Mapping[str, Any] | None = None,
) -> list[Symptom]:
    """Every symptom of a run, the gravest first; `held_out` is what `study.examination` saw."""
    symptoms = [_divergence(rollbacks)]
    if len(records) >= FEWEST_RECORDS:
        scores = [record["valid"] if higher_is_better else -record["valid"] for record in records]
        symptoms += [check(records, scores) for check in CHECKS]
    seen = held_out or {}
    dead = next((s for s in symptoms if s is not None and s.what == "dead units"), None)
    symptoms += [
        None if dead else _silent(seen.get("silent", {})),
        _label_noise(seen.get("sure", {})),
    ]
    return [symptom for symptom in symptoms if symptom is not None]


def failure(reason: str) -> Symptom:
    """Of a run that was given up because its loss was no number."""
    return Symptom(
        "divergence", reason.partition(";")[0], "a lower learning_rate or a longer warmup"
    )


def edge(tried: Sequence[tuple[float, float]], higher_is_better: bool) -> Symptom | None:
    """Whether the best of (learning rate, score) pairs lies at an end of the rates tried."""
    rates = sorted({rate for rate, _ in tried})
    if len(rates) < FEWEST_RATES:
        return None
    sign = 1 if higher_is_better else -1
    best, score = max(tried, key=lambda pair: sign * pair[1])
    if rates[0] < best < rates[-1]:
        return None
    low = best == rates[0]
    second = max((s for r, s in tried if r != best), key=lambda s: sign * s)
    return Symptom(
        "learning rate at the grid's edge",
        f"the best of {len(rates)} rates, {best:.3g} ({score:.3g}; next {second:.3g}), is the "
        f"{'low' if low else 'high'}est tried",
        f"--set train.learning_rate={best / 3 if low else best * 3:.1g}, or seqlab lr-find",
    )


def _divergence(rollbacks: Sequence[dict[str, Any]]) -> Symptom | None:
    if not rollbacks:
        return None
    times = "once" if len(rollbacks) == 1 else f"{len(rollbacks)} times"
    return Symptom(
        "divergence",
        f"rolled back {times}, first at step {rollbacks[0]['step']}; it went on at "
        f"{rollbacks[-1]['factor']:g} of the learning rate",
        "a lower learning_rate, a longer warmup or a lower clip_norm",
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
    falls = records[-1]["train_loss"] < records[best]["train_loss"] * (1 - WORSE_SHARE)
    if best >= len(records) - 2 or not falls or scores[best] - scores[-1] <= WORSE_SHARE * span:
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
    half, late = len(scores) // 2, records[-1 - len(records) // 3]
    span, last = max(scores) - min(scores), records[-1]
    gained = max(scores[half:]) - max(scores[:half])
    falls = last["train_loss"] < late["train_loss"] and last["train_loss"] <= (
        min(record["train_loss"] for record in records[:-1])
    )
    if span == 0 or gained < LATE_SHARE * span or scores[-1] < max(scores) or not falls:
        return None
    return Symptom(
        "underfitting",
        f"training loss ({late['train_loss']:.3g} → {last['train_loss']:.3g}) and validation "
        f"score ({late['valid']:.3g} → {last['valid']:.3g}) still got better when training ended",
        "more epochs, a higher learning_rate, or more parameters",
    )


def _plateau(records: Records, scores: Sequence[float]) -> Symptom | None:
    losses = [record["train_loss"] for record in records]
    if losses[0] <= 0 or (losses[0] - min(losses)) / losses[0] > FLAT_CHANGE:
        return None
    return Symptom(
        "plateau",
        f"the training loss never left {losses[0]:.3g} (least: {min(losses):.3g})",
        "seqlab lr-find for the learning_rate; check labels and columns with seqlab inspect",
    )


def _dead(records: Records, scores: Sequence[float]) -> Symptom | None:
    norms = [record["gradient_norm"] for record in records]
    if min(norms[1:]) > VANISHING_NORM:
        return None
    return Symptom(
        "dead units",
        f"the norm of the gradients fell to {min(norms):.2g}",
        "a lower learning_rate, gelu or leaky_relu instead of relu, a norm, or gates",
    )


def _silent(shares: Mapping[str, float]) -> Symptom | None:
    """Units that gave the same whatever the model read, by layer."""
    dead = {layer: share for layer, share in shares.items() if share >= DEAD_SHARE}
    if not dead:
        return None
    said = ", ".join(f"{share:.0%} in {layer}" for layer, share in dead.items())
    return Symptom(
        "dead units",
        f"units that never changed on validation data: {said}",
        "a lower learning_rate, gelu or leaky_relu instead of relu, a norm, or gates",
    )


def _label_noise(sure: Mapping[str, float]) -> Symptom | None:
    """Errors among the surest fifth of held-out answers, as common as among all.

    What is merely hard is answered wrong where the model hesitates; a label that is wrong itself
    contradicts it where it is sure, too (after the confident learning of Northcutt et al., 2021).
    """
    if not sure or not sure["wrong"]:
        return None
    most, wrong = sure["surest"], sure["surest_wrong"]
    among, of_all = wrong / most, sure["wrong"] / sure["answers"]
    least = among - NORMAL_QUANTILE * sqrt(among * (1 - among) / most)
    learned = of_all < LEARNED_RATIO * sure["guessing_wrong"] / sure["answers"]
    if least < max(SURE_WRONG, EVEN_RATIO * of_all) or not learned:
        return None
    return Symptom(
        "label noise",
        f"{among:.1%} of the most confident fifth of its held-out answers (confidence"
        f" {sure['surest_confidence']:.0%} on average) contradict their labels;"
        f" {of_all:.1%} of all",
        "seqlab inspect lists doubtful labels: correct them; or use label_smoothing, or stop early"
        " (patience)",
    )


def _exploding(records: Records, scores: Sequence[float]) -> Symptom | None:
    norm = max(record["gradient_norm"] for record in records)
    if norm < EXPLODING_NORM:
        return None
    return Symptom(
        "exploding gradients",
        f"the norm of the gradients rose to {norm:.2g} before clipping",
        "clip_norm = 1, an orthogonal initialisation, a norm, or gates",
    )


def _clipped(records: Records, scores: Sequence[float]) -> Symptom | None:
    share = min(record.get("clipped", 0.0) for record in records[1:])
    if share < OFTEN_CLIPPED:
        return None
    return Symptom(
        "clipped all the time",
        f"at least {share:.0%} of the steps between evaluations were clipped",
        "a higher clip_norm: as it is, the limit sets the length of every step",
    )


def _waiting(records: Records, scores: Sequence[float]) -> Symptom | None:
    share = sum(record.get("loading", 0.0) for record in records) / len(records)
    if share < LONG_LOADING or records[-1].get("seconds", BRIEF_SECONDS) < BRIEF_SECONDS:
        return None
    return Symptom(
        "waiting for data",
        f"{share:.0%} of the time was spent on waiting for batches",
        "prefetch = 4 where a core is free, a simpler augmentation, a larger batch_size",
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

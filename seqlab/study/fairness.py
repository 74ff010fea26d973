"""What is equal among a study's candidates: parameters always, and perhaps what training takes.

params   each trains for as long as it goes on learning, up to the same length for all
steps    each trains for the same number of steps
flops    each spends the same floating-point operations on training
seconds  each trains for the same time on this machine

Steps, operations and seconds leave the usual length to the candidate in the middle; the others'
are longer or shorter by what a step of theirs takes.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

import numpy as np
from torch.utils.flop_counter import FlopCounterMode

from seqlab import kernels
from seqlab.errors import UserError
from seqlab.progress import doing
from seqlab.specs import TrainSpec
from seqlab.study.building import build_model
from seqlab.study.plan import PlannedContestant
from seqlab.study.spec import Budget
from seqlab.tasks.base import Prepared

COUNTED_EXAMPLES = 8  # in the step whose operations are counted
UNEQUAL = 1.25  # times the least seconds: what was to be equal was not


def equal_lengths(
    budget: Budget,
    prepared: Prepared,
    entries: Sequence[PlannedContestant],
    step_seconds: Mapping[str, float],
) -> dict[str, float]:
    """For each candidate, the share of the usual length at which all spend alike; {}: the same."""
    models = {entry.name: entry for entry in entries if entry.model is not None}
    if budget.fair == "flops":
        costs = {name: _step_flops(prepared, entry) for name, entry in models.items()}
    elif budget.fair == "seconds":
        costs = {name: step_seconds[name] for name in models}
    else:
        return {}
    middle = statistics.median(costs.values())
    return {name: round(middle / cost, 4) for name, cost in costs.items()}


def _step_flops(prepared: Prepared, entry: PlannedContestant) -> float:
    """Floating-point operations of one training step, as the matrix products in it count them.

    Counted on the plain-torch form, since a fused loop does not show what it computes.
    """
    assert entry.model is not None
    task = prepared.task
    model = build_model(task, entry.model)
    some = prepared.train.take(np.arange(min(COUNTED_EXAMPLES, len(prepared.train))))
    batch = next(iter(task.batches(some, len(some), TrainSpec().batch_tokens, None)))
    with (
        kernels.preferring("reference"),
        doing(f"counting the operations of {entry.name}"),
        FlopCounterMode(display=False) as counter,
    ):
        loss = task.loss(model, batch).value
        loss.backward()  # type: ignore[no-untyped-call]
    return float(max(counter.get_total_flops(), 1))


def refuse_contradictory_limits(budget: Budget) -> None:
    """Raises UserError where what runs may take contradicts what is to be equal, or the whole."""
    seconds = budget.train_seconds
    if seconds is None:
        return
    if budget.fair not in ("params", "seconds"):
        raise UserError(
            f"--fair {budget.fair} and --train-seconds contradict each other: the second makes the "
            "seconds of all runs equal",
            "give one of them",
        )
    if budget.time is not None and seconds > budget.time:
        raise UserError(
            f"--train-seconds {seconds:g}: a single run would take longer than the whole study "
            f"may, {budget.time:g} seconds",
            "give --time more, or --time none",
        )


def fairness_sentence(budget: Budget, lengths: Mapping[str, float]) -> str:
    """What was equal, in words; "" where it is what it always is."""
    if budget.fair == "params":
        return ""
    shares = ", ".join(f"{name} {share:.2g}" for name, share in lengths.items())
    times = f" (times the usual length: {shares})" if shares else ""
    words = {"steps": "the same number of steps", "flops": "the same number of operations"}
    return f"each candidate trained for {words.get(budget.fair, 'the same seconds')}{times}"


def unequal_seconds(budget: Budget, seconds: Mapping[str, float]) -> str:
    """A sentence where runs that were to take the same seconds did not, as under another load."""
    if budget.fair != "seconds" or len(seconds) < 2:
        return ""
    fastest, slowest = min(seconds, key=seconds.__getitem__), max(seconds, key=seconds.__getitem__)
    if seconds[slowest] <= UNEQUAL * seconds[fastest]:
        return ""
    return (
        f"runs were to take the same seconds, and took {seconds[fastest]:.3g} ({fastest}) to "
        f"{seconds[slowest]:.3g} ({slowest}): the machine's load changed, or training ended early"
    )

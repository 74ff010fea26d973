"""What the training doctor finds in a study: for every contestant, over all its verdict runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from seqlab.report.stored import Contestant, StoredStudy
from seqlab.runs import Run
from seqlab.training.doctor import Symptom, edge, examine, failure

NEEDED = {"step", "train_loss", "valid", "gradient_norm"}  # of a record that is examined
NO_MEMORY = "out of memory"
# Told even of a single run; others of half of them or more.
GRAVE = ("divergence", "loss spike", NO_MEMORY)


@dataclass(frozen=True)
class Ailment:
    """A symptom of a contestant, and in how many of its runs it shows."""

    contestant: Contestant
    symptom: Symptom
    runs: str  # "3 of 8"


def ailments(study: StoredStudy) -> list[Ailment]:
    """All that is found, in the order of the contestants; nothing where all was well."""
    return [
        found
        for contestant in study.contestants
        if contestant.kind == "model"
        for found in _of(contestant, study.higher_is_better)
    ]


def _of(contestant: Contestant, higher_is_better: bool) -> Iterator[Ailment]:
    runs = contestant.verdicts
    found: dict[str, list[tuple[Run, Symptom]]] = {}
    for run in runs:
        for symptom in _symptoms(run, higher_is_better):
            found.setdefault(symptom.what, []).append((run, symptom))
    for what, seen in found.items():
        if 2 * len(seen) >= len(runs) or what in GRAVE:
            middle = contestant.representative
            shown = next((s for run, s in seen if run is middle), seen[0][1])
            yield Ailment(contestant, shown, f"{len(seen)} of {len(runs)}")
    tried = [
        (float(run.result["learning_rate"]), float(run.result["valid"]))
        for run in contestant.trials
        if run.ok and run.result.get("learning_rate") and run.result.get("valid") is not None
    ]
    at_edge = edge(tried, higher_is_better)
    if at_edge is not None:
        yield Ailment(contestant, at_edge, f"{len(tried)} trials")


def _symptoms(run: Run, higher_is_better: bool) -> list[Symptom]:
    if not run.ok:
        reason = str(run.result.get("reason") or "")
        return [failure(reason)] if run.result.get("diverged") else []
    records = [
        {name: number for name, number in record.items() if number is not None}
        for record in run.history()
    ]
    found = examine(
        [record for record in records if record.keys() >= NEEDED],
        higher_is_better,
        run.result.get("rollbacks") or (),
        run.result.get("held_out"),
    )
    halved = int(run.result.get("batch_halved") or 0)
    return [_smaller(halved), *found] if halved else found


def _smaller(halved: int) -> Symptom:
    """A run whose batches did not fit: they were halved, and accumulated to the same size."""
    often = "once" if halved == 1 else f"{halved} times"
    return Symptom(
        NO_MEMORY,
        f"batches were halved {often}; {2**halved} of them made a step of the same size",
        "a smaller train.batch_size with train.accumulate, train.recompute, or fewer params",
    )

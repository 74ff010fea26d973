"""The first part of a study: its folder looked over, its data prepared, its contestants sized."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqlab.errors import UserError
from seqlab.progress import doing
from seqlab.runs import read_json, write_json
from seqlab.study.clock import Moment
from seqlab.study.environment import devices_for
from seqlab.study.folder import fingerprint_of, identify
from seqlab.study.outsiders import described
from seqlab.study.plan import PlannedContestant, entries
from seqlab.study.prepared_folder import prepare_data
from seqlab.study.repair import take_away_damage
from seqlab.study.spec import StudySpec
from seqlab.tasks.base import Prepared, Sources, Task


@dataclass(frozen=True, kw_only=True)
class PreparedStudy:
    """A study of which everything is known but what it may spend.

    spec      its settings, the devices resolved
    identity  what must agree for a later study to extend this one
    folds     the prepared data, one element per fold
    digests   a digest of each fold's content
    sizes     training sizes below the whole part, which is always there
    """

    spec: StudySpec
    folder: Path
    workers: int
    identity: dict[str, Any]
    folds: Sequence[Prepared]
    digests: Sequence[str]
    sizes: Sequence[int]
    entries: Sequence[PlannedContestant]

    @property
    def first(self) -> Prepared:
        """The first fold, on which candidates are tuned and measured."""
        return self.folds[0]

    @property
    def task(self) -> Task:
        """The fitted task of the first fold."""
        return self.first.task


def prepare_study(
    spec: StudySpec, sources: Sources, folder: Path, tell: Callable[[Moment], None]
) -> PreparedStudy:
    """Prepare the data, unless the folder has them, and size every candidate to the budget."""
    # Before anything is read: whoever reads a file later finds it whole or missing.
    take_away_damage(folder, lambda line: tell(Moment("", 0.0, None, remark=line)))
    spec, workers = devices_for(spec)
    fingerprint = fingerprint_of(sources)
    # A folder of another study is refused before its prepared data are replaced.
    identity = identify(folder, spec, fingerprint)
    tell(Moment("preparing the data", 0.0, None))
    with doing("preparing the data"):
        folds, digests = prepare_data(folder, spec, sources, fingerprint)
    with doing("sizing the models"):
        contestants = entries(spec, folds[0].task, folds[0].train)
    describe_readers(folder, contestants, folds[0])
    return PreparedStudy(
        spec=spec,
        folder=folder,
        workers=workers,
        identity=identity,
        folds=folds,
        digests=digests,
        sizes=_sizes(spec, folds),
        entries=contestants,
    )


def describe_readers(
    folder: Path, contestants: Sequence[PlannedContestant], prepared: Prepared
) -> None:
    """Say in the data card how contestants with readers of their own read the rows."""
    own = [
        (entry.name, entry.model.origin if entry.model else None, entry.settings or None)
        for entry in contestants
        if entry.settings or (entry.model is not None and entry.model.origin is not None)
    ]
    card = read_json(folder / "data_card.json")
    parts = {name: getattr(prepared, name) for name in ("train", "valid", "test")}
    readers = described(own, parts, str(card["origin"])) if own else []
    if readers != card.get("readers", []):
        write_json(folder / "data_card.json", {**card, "readers": readers})


def _sizes(spec: StudySpec, folds: Sequence[Prepared]) -> list[int]:
    """Sizes below the whole training part; the whole is always there."""
    whole = min(len(prepared.train) for prepared in folds)
    beyond = [size for size in spec.sizes if size > whole]
    if beyond:
        raise UserError(
            f"--sizes {beyond[0]}: the training part has {whole:,} examples",
            "accepted: sizes up to that, and all",
        )
    return sorted(set(spec.sizes) - {whole})

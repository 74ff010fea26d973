"""A study's prepared data on disk: the fitted task and its encoded parts, made once, then read."""

from __future__ import annotations

import hashlib
import shutil
from functools import lru_cache
from pathlib import Path
from typing import Any

from seqlab import registry
from seqlab.data.examples import Examples
from seqlab.runs import write_json
from seqlab.study.spec import StudySpec
from seqlab.tasks.base import Prepared, Sources

PARTS = ("train", "valid", "test")


def load_prepared(task: str, folder: Path) -> Prepared:
    """A fitted task and its parts, read once per process and content."""
    return _load_prepared(task, folder.resolve(), (folder / "digest").read_text())


# The digest is not read but tells one content of a folder from the next.
@lru_cache(maxsize=16)
def _load_prepared(task: str, folder: Path, digest: str) -> Prepared:
    train, valid, test = (Examples.load(folder / part) for part in PARTS)
    return Prepared(registry.load("tasks", task).load(folder / "task"), train, valid, test)


def save_prepared(prepared: Prepared, folder: Path, digest: str) -> None:
    """Write what `load_prepared` reads."""
    # The digest goes first and comes last: while it is missing, the folder is not complete.
    (folder / "digest").unlink(missing_ok=True)
    for name in PARTS:
        getattr(prepared, name).save(folder / name)
    (folder / "task").mkdir(parents=True, exist_ok=True)
    prepared.task.save(folder / "task")
    write_json(folder / "prepared.json", {"task": prepared.task.name})
    (folder / "digest").write_text(digest)


def prepare_data(
    study: Path, spec: StudySpec, sources: Sources, fingerprint: str
) -> tuple[list[Prepared], list[str]]:
    """The prepared data, one element per fold, and a digest of each; made once, then read."""
    digests = _digests(spec, fingerprint)
    folders = [study / "prepared" / f"fold{fold}" for fold in range(len(digests))]
    stored = [_stored_digest(path) for path in folders]
    if stored == digests and (study / "data_card.json").exists():
        try:
            return [load_prepared(spec.task, path) for path in folders], digests
        except Exception:  # damaged in whatever way: the data are here to prepare it again
            shutil.rmtree(study / "prepared")
    folds: list[Prepared] = registry.load("tasks", spec.task).prepare(sources, spec.data, spec.seed)
    for prepared, path, digest in zip(folds, folders, digests, strict=True):
        save_prepared(prepared, path, digest)
    write_json(study / "data_card.json", _data_card(sources, fingerprint, folds))
    # Read back, so that the first session computes with the very arrays that later ones will.
    return [load_prepared(spec.task, path) for path in folders], digests


def _digests(spec: StudySpec, fingerprint: str) -> list[str]:
    """What stands for each fold's content: equal where the same data are prepared alike."""
    return [
        hashlib.sha256(
            f"{fingerprint}/{spec.task}/{spec.data.digest()}/{spec.seed}/{fold}".encode()
        ).hexdigest()[:16]
        for fold in range(spec.data.folds or 1)
    ]


def _stored_digest(folder: Path) -> str:
    file = folder / "digest"
    # A damaged file must only be unequal, so no byte of it is an error.
    return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""


def _data_card(sources: Sources, fingerprint: str, folds: list[Prepared]) -> dict[str, Any]:
    tables = {"train": sources.train, "valid": sources.valid, "test": sources.test}
    origins = {part: table.origin for part, table in tables.items() if table is not None}
    return {
        "origin": ", ".join(origins.values()),
        "fingerprint": fingerprint,
        "findings": [finding.to_dict() for finding in folds[0].findings],
        "folds": len(folds),
        **folds[0].card,
    }

"""What the winner set of a study takes to predict, in every runtime."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from seqlab import registry
from seqlab.errors import UserError
from seqlab.progress import doing
from seqlab.runs import Run, list_runs, read_json
from seqlab.study.prepared_folder import load_prepared
from seqlab.study.stages import median_run
from seqlab.study.stored_model import load_model


def latencies(study: str | os.PathLike[str]) -> tuple[list[dict[str, Any]], list[str]]:
    """A row for each network of the winner set and runtime: size, median and p99; and notes."""
    from seqlab.export.latency import Member, measured

    folder = Path(study)
    if not (folder / "verdict.json").exists():
        raise UserError(f"{folder}: no verdict.json", "expected the folder of a finished study")
    verdict = read_json(folder / "verdict.json", {"winner_set": [str], "metric": str})
    prepared = folder / "prepared" / "fold0"
    if not (prepared / "digest").exists():
        raise UserError(f"{folder}: no prepared/, whose test rows are predicted")
    facts = read_json(prepared / "prepared.json", {"task": str})
    part = load_prepared(facts["task"], prepared)
    members, left_out = [], []
    for name in verdict["winner_set"]:
        run = _median(folder, name, verdict["metric"])
        if run is None:
            left_out.append(f"{name}: a baseline")
            continue
        settings = run.result["settings"]["model"]
        if settings.get("origin") is not None:
            left_out.append(f"{name}: reads its rows by a tokenizer of its own")
            continue
        weights = run.folder / "weights.safetensors"
        model = load_model(part.task, settings, weights, str(run.folder / "result.json"))
        members.append(Member(name, part.task, model.eval(), part.test))
    if not members:
        raise UserError(f"{folder}: no network is in the winner set", "only networks are measured")
    with doing("measuring"):
        rows, notes = measured(members)
    return [row.plain() for row in rows], [*left_out, *notes]


def _median(study: Path, name: str, metric: str) -> Run | None:
    """The run of a network that its costs were measured on."""
    runs = [
        run
        for run in list_runs(study)
        if run.ok
        and run.result["candidate"] == name
        and run.result["role"] == "verdict"
        and run.result["kind"] == "model"
        and run.result["fold"] == 0
        and run.result["size"] is None
    ]
    return median_run([[run] for run in runs], registry.load("metrics", metric)())

"""The winner in a folder of its own: small, without the data, loadable on any device."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from seqlab import __version__
from seqlab.runs import Run, unfinished_name, write_json
from seqlab.study.reading import READER
from seqlab.versions import FORMAT

MODEL_FILES = ("weights.safetensors", "arrays.safetensors", "baseline.json")


def write_best(study: Path, run: Run, prepared: Path, task: str, facts: dict[str, Any]) -> Path:
    """Copy a run's weights and its task's fitted state to `best/`; `best.json` is written last."""
    folder = study / "best"
    fresh = study / unfinished_name()
    fresh.mkdir()
    shutil.copytree(prepared / "task", fresh / "task")
    for name in MODEL_FILES:
        if (run.folder / name).exists():
            shutil.copyfile(run.folder / name, fresh / name)  # with the mode of its neighbours
    if (run.folder / READER).exists():
        shutil.copytree(run.folder / READER, fresh / READER)
    result = run.result
    card = {
        "format": FORMAT,
        "seqlab_version": __version__,
        "task": task,
        "candidate": result["candidate"],
        "kind": result["kind"],
        "model": result["settings"]["model"],
        "train": result["settings"]["train"],
        "seed": result["seed"],
        "valid": result["valid"],
        "test": result.get("test", {}),
        **facts,
    }
    write_json(fresh / "best.json", card)
    # Only now, that the new folder is whole, does the old one go.
    if folder.is_symlink():  # what it points to is not the study's to delete
        folder.unlink()
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)
    return folder

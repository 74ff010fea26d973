"""The winner in a folder of its own: small, without the data, loadable on any device."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from seqlab import __version__
from seqlab.errors import UserError
from seqlab.runs import Run, unfinished_name, write_json

FILES = ("weights.safetensors", "arrays.safetensors", "baseline.json")


def load_weights(model: nn.Module, path: Path) -> None:
    """Fill a model from safetensors; a damaged or foreign file is refused in one line."""
    try:
        tensors = load_file(path)
    except PermissionError:
        raise UserError(
            f"{path}: no permission to read this file",
            "give yourself permission to read it, or ask its owner to",
        ) from None
    except (SafetensorError, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise UserError(
            f"{path}: damaged or missing weights ({reason})",
            "run the study's command again to rebuild them",
        ) from None
    try:
        model.load_state_dict(tensors)
    except RuntimeError:
        raise UserError(
            f"{path}: these weights belong to another model than best.json describes",
            "copy the whole best/ folder again, not single files of it",
        ) from None


def write_best(study: Path, run: Run, prepared: Path, task: str, facts: dict[str, Any]) -> Path:
    """Copy a run's weights and its task's fitted state to `best/`; `best.json` is written last."""
    folder = study / "best"
    fresh = study / unfinished_name()
    fresh.mkdir()
    shutil.copytree(prepared / "task", fresh / "task")
    for name in FILES:
        if (run.folder / name).exists():
            shutil.copy2(run.folder / name, fresh / name)
    result = run.result
    card = {
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
    if folder.is_symlink():
        folder.unlink()
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)
    return folder

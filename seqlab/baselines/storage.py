"""A fitted baseline in a folder: JSON and safetensors, never pickle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from seqlab import registry
from seqlab.baselines.base import Baseline
from seqlab.errors import UserError
from seqlab.runs import read_json, replacing, write_json

REBUILD = "copy the whole folder again, or run the study's command again to rebuild it"

ALLOW = "give yourself permission to read it, or ask its owner to"


def save_baseline(baseline: Baseline, folder: Path) -> None:
    """Write `baseline.json` and `arrays.safetensors`."""
    values, arrays = baseline.state()
    folder.mkdir(parents=True, exist_ok=True)
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    with replacing(folder / "arrays.safetensors") as temporary:
        save_file(contiguous, temporary)
    write_json(folder / "baseline.json", {"name": baseline.name, "state": values})


def load_baseline(folder: Path) -> Baseline:
    """Read what `save_baseline` wrote; a damaged file is refused in one line."""
    stored, path = read_json(folder / "baseline.json"), folder / "arrays.safetensors"
    try:
        arrays = load_file(path)
    except PermissionError:
        raise UserError(f"{path}: no permission to read this file", ALLOW) from None
    except (SafetensorError, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise UserError(f"{path}: damaged or missing ({reason})", REBUILD) from None
    try:
        kind: type[Baseline] = registry.load("baselines", stored["name"])
        return kind.from_state((stored["state"], arrays))
    except (KeyError, TypeError) as error:
        path = folder / "baseline.json"
        raise UserError(f"{path}: damaged or of another baseline ({error})", REBUILD) from None

"""A fitted baseline in a folder: JSON and safetensors, never pickle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from seqlab import registry
from seqlab.baselines.base import Baseline
from seqlab.errors import UserError
from seqlab.runs import read_json, replacing, write_json
from seqlab.tensors import REBUILD, read_tensors

# What reading and using a state that no baseline has stored may raise.
DAMAGE = (
    *(ValueError, KeyError, TypeError, IndexError, AttributeError),
    *(ArithmeticError, AssertionError, MemoryError),
)


def baseline_of(name: str, settings: dict[str, Any]) -> Baseline[Any]:
    """An unfitted baseline by a contestant's name, or by the one that its settings give."""
    given = {key: value for key, value in settings.items() if key != "baseline"}
    made: Baseline[Any] = registry.load("baselines", settings.get("baseline", name))(**given)
    return made


def save_baseline(baseline: Baseline[Any], folder: Path) -> None:
    """Write `baseline.json` and `arrays.safetensors`."""
    values, arrays = baseline.state()
    folder.mkdir(parents=True, exist_ok=True)
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    with replacing(folder / "arrays.safetensors") as temporary:
        save_file(contiguous, temporary)
    write_json(folder / "baseline.json", {"name": baseline.name, "state": values})


def load_baseline(folder: Path) -> Baseline[Any]:
    """Read what `save_baseline` wrote; a damaged file is refused in one line."""
    path = folder / "baseline.json"
    stored, arrays = read_json(path), read_tensors(folder / "arrays.safetensors", "np")
    try:
        kind: type[Baseline[Any]] = registry.load("baselines", str(stored["name"]))
        return kind.from_state((stored["state"], arrays))
    except DAMAGE as error:
        reason = str(error).partition("\n")[0]
        raise UserError(f"{path}: damaged or of another baseline ({reason})", REBUILD) from error

"""`plan.json`: what a study was asked for when it was last planned, and what it was allowed."""

from __future__ import annotations

from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from seqlab.runs import read_json, write_json
from seqlab.study.plan import Allowance
from seqlab.study.spec import StudySpec


def read_allowance(folder: Path, spec: StudySpec) -> tuple[Allowance | None, bool]:
    """The stored allowance, if any, and whether it is the answer to these very wishes."""
    path = folder / "plan.json"
    if not path.exists():
        return None, False
    stored = read_json(path)
    known = {field.name for field in fields(Allowance)}  # versions before knew others, too
    values = {name: value for name, value in stored["allowance"].items() if name in known}
    left_out = tuple(values.get("left_out", ()))
    return Allowance(**{**values, "left_out": left_out}), stored["key"] == _key(spec)


def write_allowance(folder: Path, spec: StudySpec, allowance: Allowance) -> None:
    """Store what `read_allowance` reads."""
    write_json(folder / "plan.json", {"key": _key(spec), "allowance": asdict(allowance)})


def _key(spec: StudySpec) -> dict[str, Any]:
    """The settings that an allowance depends on."""
    plain = spec.plain()
    if not plain["budget"].get("tune_per_seed"):  # plans of versions without it stay valid
        plain["budget"].pop("tune_per_seed", None)
    return {name: plain.get(name) for name in ("budget", "candidates", "baselines", "sizes")}

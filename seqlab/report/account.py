"""What the page accounts for: the data, the budget as declared and as spent, the environment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from seqlab.report.numbers import MISSING, cell, count, seconds
from seqlab.report.stored import Contestant, StoredStudy
from seqlab.runs import Run

DECLARED = {  # budget → what people call it, and how it is shown
    "params": ("Parameters of body and head", count),
    "epochs": ("Epochs", count),
    "steps": ("Steps a run", count),
    "time": ("Time for the study", seconds),
    "train_seconds": ("Training time a run", seconds),
    "seeds": ("Seeds", count),
    "trials": ("Tuning trials", count),
}
SPENT: dict[str, Callable[[Run], Any]] = {
    "width": lambda run: run.result.get("width"),
    "parameters": lambda run: (run.result.get("parameters") or {}).get("body"),
    "embeddings": lambda run: (run.result.get("parameters") or {}).get("embedding"),
    "learning rate": lambda run: run.result.get("learning_rate"),
    "epochs": lambda run: run.result.get("epochs"),
    "steps": lambda run: run.result.get("steps"),
    "tokens": lambda run: run.result.get("tokens"),
    "seconds": lambda run: run.result.get("seconds"),
}
CARD_APART = ("parts", "findings", "notes")


def account(study: StoredStudy) -> dict[str, Any]:
    """Everything the templates say about data, budget and environment."""
    card = study.data_card
    parts = card.get("parts") or {}
    return {
        "card": [(_label(k), _words(v)) for k, v in card.items() if k not in CARD_APART],
        "parts": list(parts.items()),
        "notes": card.get("notes") or [],
        "findings": sorted(card.get("findings") or [], key=_urgency),
        "declared": _declared(study.settings),
        "spent_titles": ["trials", "seeds", *SPENT, "backend"],
        "spent": [(c, _spent(c)) for c in study.contestants if c.trials or c.verdicts],
        "left_out": study.settings.get("left_out") or [],
        "environment": _environment(study),
    }


def _declared(settings: dict[str, Any]) -> list[tuple[str, str, str]]:
    declared, realised = settings.get("budget") or {}, settings.get("realised") or {}
    rows = []
    for name in dict.fromkeys([*DECLARED, *declared, *realised]):
        before, after = declared.get(name), realised.get(name)
        if before is None and after is None:
            continue
        label, shown = DECLARED.get(name, (_label(name), _words))
        rows.append((label, _shown(before, shown), _shown(after, shown) if after else ""))
    return rows


def _shown(value: Any, how: Callable[[Any], str]) -> str:
    if value is None:
        return MISSING
    return how(value) if isinstance(value, int | float) else _words(value)


def _spent(contestant: Contestant) -> list[str]:
    runs = [run for run in contestant.verdicts if run.ok]
    backends = dict.fromkeys(str(run.result.get("backend") or MISSING) for run in runs)
    return [
        _finished(contestant.trials),
        _finished(contestant.verdicts),
        *(_median([read(run) for run in runs]) for read in SPENT.values()),
        ", ".join(backends) or MISSING,
    ]


def _finished(runs: Sequence[Run]) -> str:
    done = sum(run.ok for run in runs)
    return count(len(runs)) if done == len(runs) else f"{done} of {len(runs)}"


def _median(values: Sequence[Any]) -> str:
    known = [float(value) for value in values if isinstance(value, int | float)]
    if not known:
        return MISSING
    middle = float(np.median(known))
    return count(middle) if middle.is_integer() or middle >= 1000 else f"{middle:.3g}"


def _environment(study: StoredStudy) -> list[tuple[str, str]]:
    settings = study.settings
    told = {
        "data": settings.get("data"),
        "fingerprint of the data": study.data_card.get("fingerprint"),
        "candidates": settings.get("candidates"),
        "folds": settings.get("folds"),
        "looks at the test part": settings.get("looks"),
        **study.environment,
        "seqlab": settings.get("seqlab_version"),
        "created": settings.get("created"),
    }
    return [(_label(k), _words(v)) for k, v in told.items() if v not in (None, "", [], {})]


def _urgency(finding: dict[str, Any]) -> int:
    order = ("error", "warning", "info")
    return order.index(finding["severity"]) if finding.get("severity") in order else len(order)


def _label(key: str) -> str:
    return key.replace("_", " ")


def _words(value: Any) -> str:
    """Plain data in a line of text."""
    if isinstance(value, dict):
        return ", ".join(f"{_label(str(key))}: {_words(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_words(item) for item in value)
    return cell(value)

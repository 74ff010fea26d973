"""What the page accounts for: the data, the budget as declared and as spent, the environment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from seqlab.report.numbers import MISSING, cell, count, seconds, significant
from seqlab.report.stored import Contestant, StoredStudy
from seqlab.runs import Run

Read = Callable[[Run], Any]
Show = Callable[[Any], str]


def _parameters(part: str) -> Read:
    return lambda run: (run.result.get("parameters") or {}).get(part)


def _result(name: str) -> Read:
    return lambda run: run.result.get(name)


def _brief(value: float) -> str:
    return count(value) if value >= 1000 or float(value).is_integer() else f"{value:.3g}"


DECLARED: dict[str, tuple[str, Show, Read | None]] = {  # what a run realised of it
    "params": ("Parameters of body and head", count, _parameters("body")),
    "epochs": ("Epochs", count, _result("epochs")),
    "steps": ("Steps a run", count, _result("steps")),
    "train_seconds": ("Training time a run", seconds, _result("seconds")),
    "trials": ("Tuning trials", count, None),
    "seeds": ("Seeds", count, None),
    "time": ("Time for the study", seconds, None),
}
SPENT: dict[str, tuple[Show, Read]] = {
    "width": (_brief, _result("width")),
    "parameters": (count, _parameters("body")),
    "embeddings": (count, _parameters("embedding")),
    "learning rate": (_brief, _result("learning_rate")),
    "epochs": (_brief, _result("epochs")),
    "steps": (count, _result("steps")),
    "tokens": (count, _result("tokens")),
    "GFLOPs": (lambda flops: significant(flops / 1e9), _result("flops_estimate")),
    "seconds": (significant, _result("seconds")),
    "of them waiting for batches": (lambda share: f"{100 * share:.1f} %", _result("loading")),
}
CARD_APART = ("parts", "findings", "notes", "readers")


def account(study: StoredStudy) -> dict[str, Any]:
    """Everything the templates say about data, budget and environment."""
    card = study.data_card
    parts = card.get("parts") or {}
    findings = sorted(card.get("findings") or [], key=_urgency)
    trained = [c for c in study.contestants if c.trials or c.verdicts]
    shown = {k: v for k, v in SPENT.items() if any(_median(c, v[1]) is not None for c in trained)}
    return {
        "card": [(_label(k), _words(v)) for k, v in card.items() if k not in CARD_APART],
        "parts": list(parts.items()),
        "notes": [note for note in _notes(card) if not _told(note, findings)],
        "findings": findings,
        "declared": _declared(study),
        "spent_titles": ["trials", "seeds", *shown, "backend"],
        "spent": [(c, _spent(c, shown)) for c in trained],
        "stages": _stages(study),
        "left_out": study.settings.get("left_out") or [],
        "environment": _environment(study),
    }


def _notes(card: dict[str, Any]) -> list[str]:
    """Of the data, and of how contestants with readers of their own read them."""
    readers = card.get("readers") or []
    return [*(card.get("notes") or []), *(n for one in readers for n in one["notes"] or [])]


def _stages(study: StoredStudy) -> list[tuple[str, str]]:
    """What each part of the last session took."""
    stages = (study.settings.get("realised") or {}).get("stages")
    stages = stages if isinstance(stages, dict) else {}
    known = {name: s for name, s in stages.items() if isinstance(s, int | float)}
    return [(str(name), seconds(float(taken))) for name, taken in known.items()]


def _declared(study: StoredStudy) -> list[tuple[str, str, str]]:
    budget, realised = study.settings.get("budget") or {}, study.settings.get("realised") or {}
    rows = []
    for name, (label, show, read) in DECLARED.items():
        before, after = budget.get(name), realised.get(name)
        if before is None and after is None:
            continue
        shown = show(after) if isinstance(after, int | float) else _reached(study, name, show, read)
        rows.append((label, MISSING if before is None else show(before), shown))
    return rows


def _reached(study: StoredStudy, name: str, show: Show, read: Read | None) -> str:
    """What the contestants with chance came to, from the least to the most."""
    models = [c for c in study.contestants if c.kind == "model" and c.status != "failed"]
    if name in ("trials", "seeds"):
        runs = [c.trials if name == "trials" else c.verdicts for c in models]
        values = [float(len(own)) for own in runs if own]
    else:
        values = [v for c in models if read and (v := _median(c, read)) is not None]
    ends = dict.fromkeys(show(value) for value in (min(values), max(values))) if values else {}
    return " … ".join(ends) or MISSING


def _spent(contestant: Contestant, shown: dict[str, tuple[Show, Read]]) -> list[str]:
    backends = dict.fromkeys(
        str(run.result.get("backend") or MISSING) for run in contestant.verdicts if run.ok
    )
    medians = ((show, _median(contestant, read)) for show, read in shown.values())
    return [
        _trials(contestant),
        _finished(contestant.verdicts),
        *(MISSING if middle is None else show(middle) for show, middle in medians),
        ", ".join(backends) or MISSING,
    ]


def _trials(contestant: Contestant) -> str:
    """How many settings were tried, and how many of them at full length."""
    if not contestant.full_trials:
        return _finished(contestant.trials)
    return f"{_finished(contestant.trials)} short, {_finished(contestant.full_trials)} full"


def _finished(runs: Sequence[Run]) -> str:
    done = sum(run.ok for run in runs)
    return count(len(runs)) if done == len(runs) else f"{done} of {len(runs)}"


def _median(contestant: Contestant, read: Read) -> float | None:
    values = [read(run) for run in contestant.verdicts if run.ok]
    known = [float(value) for value in values if isinstance(value, int | float)]
    return float(np.median(known)) if known else None


def _environment(study: StoredStudy) -> list[tuple[str, str]]:
    settings = study.settings
    told = {
        "data": settings.get("data"),
        "fingerprint of the data": study.data_card.get("fingerprint"),
        "candidates": settings.get("candidates"),
        "folds": settings.get("folds") if settings.get("folds") != 1 else None,
        "looks at the test part": settings.get("looks"),
        **_settled(study),
        **study.environment,
        **_machines(study),
        "seqlab": settings.get("seqlab_version"),
        "created": None if study.environment.get("date") else settings.get("created"),
    }
    return [(_label(k), _words(v)) for k, v in told.items() if v not in (None, "", [], {})]


def _settled(study: StoredStudy) -> dict[str, str]:
    """What contestants settled by measuring themselves, and why: precision, compilation."""
    found: dict[str, str] = {}
    for contestant in study.contestants:
        for run in contestant.verdicts:
            for setting, choice in (run.result.get("choices") or {}).items():
                said = f"{choice['chosen']}: {choice['why']}"
                found.setdefault(f"{setting} of {contestant.name}", said)
    return found


def _machines(study: StoredStudy) -> dict[str, str]:
    """Where runs were done, if not all in one place, and what it means where kinds were mixed."""
    runs = [run for c in study.contestants for run in (*c.trials, *c.verdicts)]
    known = [run.result["machine"] for run in runs if run.result.get("machine")]
    hosts = sorted({one["host"] for one in known})
    kinds = sorted({one["cpu"] for one in known})
    told = {}
    if len(hosts) > 1:
        told["hosts of the runs"] = ", ".join(hosts)
    if len(kinds) > 1:
        told["processors of the runs"] = (
            f"{', '.join(kinds)}: kinds were mixed, so that the same seed on another kind gives "
            "slightly other numbers; seeds stay comparable, times of training do not"
        )
    return told


def _told(note: str, findings: list[dict[str, Any]]) -> bool:
    """Whether a finding says what a note says."""
    return any(note == f["title"] or note in (f.get("detail") or "") for f in findings)


def _urgency(finding: dict[str, Any]) -> int:
    order = ("error", "warning", "info")
    return order.index(finding["severity"]) if finding.get("severity") in order else len(order)


def _label(key: str) -> str:
    return key.replace("_", " ")


def _words(value: Any) -> str:
    """Plain data in a line of text."""
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_words(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_words(item) for item in value)
    return cell(value)

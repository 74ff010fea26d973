"""The shapes of a study's files, as far as the report reads them."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqlab.shapes import ANY, NUMBER, SCALAR, Shape, departure

TEXT, MEASURE = (str, None), (*NUMBER, None)  # null: not said, not measured
TEXTS: Shape = ([str], None)


def _by_size(value: Any) -> bool:
    """An object whose names are numbers of training examples."""
    return isinstance(value, dict) and all(
        key.isdecimal() and key.isascii() and 0 < len(key) < 16 and int(key) > 0 for key in value
    )


def _surest(value: Any) -> bool:
    """Counts of answers and errors, among all and among the surest."""
    names = ("answers", "wrong", "guessing_wrong", "surest", "surest_wrong", "surest_confidence")
    if value == {} or value is None:
        return True
    if not isinstance(value, dict) or any(type(value.get(n)) not in NUMBER for n in names):
        return False
    return bool(
        0 < value["surest"] <= value["answers"]
        and 0 <= value["surest_wrong"] <= value["surest"]
        and 0 <= value["wrong"] <= value["answers"]
    )


def _pixels(value: Any) -> bool:
    """Pixels as rows of grey values or of red, green and blue."""
    try:
        pixels = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        return False
    return bool(pixels.size) and (pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3))


def _table(value: Any) -> bool:
    """A table whose rows are as long as its head."""
    if not isinstance(value, dict):
        return False
    columns, rows = value.get("columns"), value.get("rows")
    return (
        isinstance(columns, list)
        and isinstance(rows, list)
        and bool(columns)
        and all(isinstance(row, list) and len(row) == len(columns) for row in rows)
    )


def _matrix(value: Any) -> bool:
    """A matrix with a name for each row."""
    if not isinstance(value, dict):
        return False
    names, columns, values = (value.get(name) for name in ("rows", "columns", "values"))
    return (
        all(isinstance(one, list) for one in (names, columns, values))
        and len(names or ()) == len(values or ())
        and all(isinstance(row, list) for row in values or ())
        and all(v is None or type(v) in NUMBER for row in values or () for v in row)
        and {"row_label", "column_label"} <= value.keys()
    )


POINTS: Shape = {
    "x": [SCALAR],
    "y": [MEASURE],
    "low?": ([MEASURE], None),
    "high?": ([MEASURE], None),
}
EXHIBITS: dict[str, Shape] = {
    "curve": {
        "x": [(str, *NUMBER, None)],
        "y": [MEASURE],
        "x_label": str,
        "y_label": str,
        "count?": ([NUMBER], None),
    },
    "scatter": {"x": [MEASURE], "y": [MEASURE], "x_label": str, "y_label": str},
    "series": {
        "items": [{"title": ANY, **dict.fromkeys(("history", "target", "predicted"), POINTS)}]
    },
    "examples": {"items": [{"text": ANY, "curve?": ([NUMBER], None)}]},
    "marked": {"items": [{"tokens": [ANY], "target": [ANY], "predicted": [ANY]}]},
    "samples": {"items": [{"title": ANY, "text": ANY}]},
    "images": {"items": [{"pixels": _pixels}]},
    "table": _table,
    "matrix": _matrix,
}


def exhibit(value: Any) -> bool:
    """An exhibit of a known kind, with what that kind is drawn from."""
    kind = value.get("kind") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in EXHIBITS:
        return False
    return not departure(value, {"kind": str, "title": ANY, "data": EXHIBITS[kind]})


RESULT: Shape = {
    "candidate": str,
    "kind": str,
    "role": str,
    "number": int,
    "status": str,
    "size?": (int, None),
    "reason?": TEXT,
    "backend?": TEXT,
    "valid?": MEASURE,
    "test?": ({...: MEASURE}, None),
    "parameters?": ({...: MEASURE}, None),
    **{
        f"{name}?": MEASURE
        for name in ("width", "learning_rate", "epochs", "steps", "tokens", "flops_estimate")
    },
    "seconds?": MEASURE,
    "loading?": MEASURE,
    "batch_halved?": (int, None),
    "choices?": ({...: {"chosen": ANY, "why": ANY}}, None),
    "rollbacks?": ([{"step": NUMBER, "factor": NUMBER}], None),
    "held_out?": ({"silent?": {...: NUMBER}, "sure?": _surest}, None),
}
HISTORY: Shape = [{...: MEASURE}]
SHOWN: Shape = [exhibit]

_LIMITS = ("params", "epochs", "steps", "train_seconds", "trials", "seeds", "time")
STUDY: Shape = {
    "metric?": TEXT,
    "metric_unit?": TEXT,
    "command?": TEXT,
    "left_out?": TEXTS,
    "candidates?": ([ANY], None),
    "realised?": (dict, None),
    "budget?": ({f"{name}?": MEASURE for name in _LIMITS}, None),
}
DATA_CARD: Shape = {
    "parts?": (dict, None),
    "notes?": TEXTS,
    "readers?": ([{"notes": TEXTS}], None),
    "findings?": (
        [{"severity": str, "title": str, "detail": TEXT, "advice": TEXT}],
        None,
    ),
}
VERDICT: Shape = {
    "metric?": TEXT,
    "seeds?": MEASURE,
    "recommended?": TEXT,
    "sentence?": TEXT,
    "headline?": TEXT,
    **dict.fromkeys(
        (
            "details?",
            "families?",
            "winner_set?",
            "reasons?",
            "could_change?",
            "left_out?",
        ),
        TEXTS,
    ),
    "constraints?": ({...: MEASURE}, None),
    "declared?": ({"changes?": TEXTS}, None),
    "race?": (
        [
            {
                "seeds": int,
                "stop": str,
                "means": {...: [MEASURE]},
                "exits": [{"name": str}],
            }
        ],
        None,
    ),
}
_DIFFERENCE: Shape = {"difference?": MEASURE, "low?": MEASURE, "high?": MEASURE}
_STANDING: Shape = {"name": str, "mean": MEASURE, "ci_low": MEASURE, "ci_high": MEASURE}
_FAMILIES: Shape = {"families?": TEXTS, "trivial?": (bool, None)}


def _sizes(value: Any) -> bool:
    """Standings at each number of training examples."""
    if not isinstance(value, dict) or not isinstance(value.get("sentence"), str | None):
        return False
    points = value.get("points") or {}
    return _by_size(points) and not departure(points, {...: {"standings": [_STANDING]}})


COMPARISON: Shape = {
    "seeds?": MEASURE,
    "delta?": MEASURE,
    "level?": MEASURE,
    "level_spent?": MEASURE,
    "examples?": MEASURE,
    "restarts?": MEASURE,
    "units?": MEASURE,
    "unit?": TEXT,
    "standings?": [{"name": str, **_DIFFERENCE, **_FAMILIES}],
    "pairs?": [{"first": str, "second": str, "shown?": (bool, None), **_DIFFERENCE}],
    "sizes?": (_sizes, None),
}

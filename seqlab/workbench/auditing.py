"""Whom a trained contestant fails, and what it must not say: tables, findings and a page."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data.columns import named
from seqlab.data.examples import Examples
from seqlab.data.sources import read_table
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.explain.calibration import (
    abstention,
    number_intervals,
    prediction_sets,
    reliability,
    temperature,
)
from seqlab.explain.counterfactuals import counterfactuals
from seqlab.explain.groups import (
    FEWEST_ROWS,
    MOST_GROUPS,
    Compared,
    Measure,
    by_group,
    by_term,
    class_measures,
    number_measures,
)
from seqlab.explain.intervals import Estimate
from seqlab.explain.subject import study_of
from seqlab.explain.swaps import read_pairs, term_pattern
from seqlab.progress import doing
from seqlab.runs import read_json
from seqlab.tasks.base import as_array
from seqlab.tasks.classifier import Classifier
from seqlab.tasks.regress import Regress
from seqlab.workbench.explaining import Opened, opened
from seqlab.workbench.predictor import Predictor

PRECISIONS = (0.9, 0.95, 0.99)
TERM_FILES = (".csv", ".tsv", ".txt")
MISSING = "(missing)"
HEADING = ["first", "second"]  # that a list of pairs may have


@dataclass
class Audit:
    """Tables by name, what they show in sentences, and what was not looked at."""

    contestant: str
    task: str
    rows: int
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        tables = {name: frame.to_dict(orient="records") for name, frame in self.tables.items()}
        return {
            "contestant": self.contestant,
            "task": self.task,
            "rows": self.rows,
            "findings": self.findings,
            "notes": self.notes,
            "tables": tables,
        }


def audit(
    model: Predictor | str | os.PathLike[str],
    *,
    groups: Sequence[str] = (),
    pairs: str | os.PathLike[str] | None = None,
    data: Any = None,
    positive: str | None = None,
    device: str = "cpu",
) -> Audit:
    """Errors by group, answers under swapped terms, and how far confidence can be trusted.

    groups: columns of the data, or files with the columns group and term. data: labelled data;
    by default the study's test part, whose other columns are read from the study's own file.
    positive: the class that rates are of; by default the last.
    """
    source = opened(model, device)
    rows = _rows_of(source, model, data)
    found = Audit(source.subject.name, source.subject.task.name, len(rows.examples))
    scored = _scored(source, rows.examples, positive)
    with doing("auditing"):
        for name in groups:
            _groups_into(found, rows, scored, name)
        if pairs is not None:
            _pairs_into(found, source, rows, scored, Path(pairs))
        _trust_into(found, source, rows)
    return found


@dataclass(frozen=True)
class AuditRows:
    """Labelled examples; origin: the file that holds their other columns."""

    examples: Examples
    origin: Table | None
    matched: NDArray[np.int64]  # the row of that file, −1 where it is not there


def _rows_of(source: Opened, model: Any, data: Any) -> AuditRows:
    task = source.subject.task
    if data is not None:
        table = read_table(data, known=list(task.columns.values()))
        examples = task.encode(table)
        if len(examples) != len(table.frame):
            raise UserError(
                f'"{table.origin}": an audit needs an example a row, and {task.name} has others',
                "audit the study's test part instead",
            )
        known = np.flatnonzero(task.known(examples))
        if not len(known):
            raise UserError(f'"{table.origin}": no row says what is right', "audit labelled data")
        return AuditRows(examples.take(known), table, known)
    if source.prepared is None:
        raise UserError(
            f"{model}: the study's prepared data are not beside this folder",
            "name labelled data with --data",
        )
    examples = source.prepared.test
    return AuditRows(examples, *_from_origin(model, source, examples))


def _from_origin(
    model: Any, source: Opened, examples: Examples
) -> tuple[Table | None, NDArray[np.int64]]:
    """The study's own file and each example's row in it, told by its text."""
    nowhere = np.full(len(examples), -1, dtype=np.int64)
    study = study_of(Path(model)) if isinstance(model, str | os.PathLike) else None
    column = source.subject.task.columns.get("text")
    if study is None or column is None or "text" not in examples.frame:
        return None, nowhere
    origin = str(read_json(study / "data_card.json").get("origin", ""))
    if not Path(origin).is_file():
        return None, nowhere
    table = read_table(origin)
    if column not in table.frame.columns:
        return None, nowhere
    place = {str(text): row for row, text in enumerate(table.frame[column])}
    matched = [place.get(str(text), -1) for text in examples.frame["text"]]
    return table, np.array(matched, dtype=np.int64)


@dataclass(frozen=True)
class Scored:
    """What is measured of each row, and how texts are scored; scores: of texts, 0…1."""

    measures: list[Measure]
    scores: Callable[[Sequence[str]], NDArray[np.float64]] | None
    positive: str


def _scored(source: Opened, examples: Examples, positive: str | None) -> Scored:
    task, predicted = source.subject.task, as_array(source.subject.predict(examples))
    if isinstance(task, Classifier) and not task.target.multi_label:
        name = positive or task.classes[-1]
        if name not in task.classes:
            raise UserError(
                f'--positive "{name}": no class of this model',
                f"accepted: {', '.join(task.classes)}",
            )
        number = task.classes.index(name)

        def scores(texts: Sequence[str]) -> NDArray[np.float64]:
            column = task.columns["text"]
            some = task.encode(Table(pd.DataFrame({column: list(texts)}, dtype=object), "texts"))
            return np.asarray(as_array(source.subject.predict(some))[:, number])

        reads_texts = "text" in task.columns and "text2" not in task.columns
        measures = class_measures(predicted, examples.array("label"), number)
        return Scored(measures, scores if reads_texts else None, name)
    if isinstance(task, Regress):
        wanted = examples.array("target")
        return Scored(number_measures(predicted[:, 0], wanted[:, 0]), None, "")
    raise UserError(
        f"audit: the task {task.name} gives no class and no number for each row",
        "accepted: classify with one label, series, images, regress; for language --prompts",
    )


def _groups_into(found: Audit, rows: AuditRows, scored: Scored, name: str) -> None:
    if Path(name).suffix.lower() in TERM_FILES and Path(name).is_file():
        compared = _by_terms(rows, scored, Path(name))
    else:
        values, unmatched = _column(rows, name)
        if unmatched:
            found.notes.append(f"{name}: {unmatched:,} rows are not in the data file: left out")
        known = {place: value for place, value in enumerate(values) if value is not None}
        places = list(known)
        measures = [Measure(m.name, m.values[places]) for m in scored.measures]
        compared = by_group(list(known.values()), measures)
    found.tables[f"groups: {name}"] = _table(compared)
    apart = [one for one in compared if one.apart]
    few = sorted({one.group for one in compared if one.difference is None})
    found.findings += [f"{name} = {one.sentence}" for one in apart]
    if few:
        found.notes.append(
            f"{name}: fewer than {FEWEST_ROWS} rows: {', '.join(few)}: too few to say"
        )
    if not apart:
        found.findings.append(f"{name}: no group is shown to differ. {_power(compared)}")


def _power(compared: Sequence[Compared]) -> str:
    """What differences could have been seen."""
    errors = [c.difference for c in compared if c.difference and c.measure == compared[0].measure]
    if not errors:
        return "No group has enough rows to say."
    width = max((d.high - d.low) / 2 for d in errors)
    return (
        f"Differences below {100 * width:.0f} points of {compared[0].measure} cannot be seen here."
    )


def _column(rows: AuditRows, name: str) -> tuple[list[str | None], int]:
    """A column's value of each row; None where the row is not in the file."""
    if name in rows.examples.frame.columns:
        return [str(value) for value in rows.examples.frame[name]], 0
    if rows.origin is None:
        raise UserError(
            f'--groups "{name}": neither a file nor a column that the study has kept',
            "name the labelled data that hold it with --data",
        )
    own = named(rows.origin.frame, name, rows.origin.origin)
    column = rows.origin.frame[own]
    values: list[Any] = [None if row < 0 else column.iat[row] for row in rows.matched.tolist()]
    told = [MISSING if v is not None and pd.isna(v) else v for v in values]
    groups = {v for v in told if v is not None}
    if len(groups) > max(MOST_GROUPS, len(told) // 2):
        raise UserError(
            f'--groups "{name}": {len(groups):,} different values in {len(told):,} rows: a value'
            " per row is no group",
            "name a column with few values, or make one, such as age in tens",
        )
    return [None if v is None else str(v) for v in told], sum(v is None for v in told)


def _by_terms(rows: AuditRows, scored: Scored, path: Path) -> list[Compared]:
    if "text" not in rows.examples.frame:
        raise UserError(f"--groups {path}: terms are looked for in texts, and there are none")
    terms = read_table(path).frame
    if terms.shape[1] < 2:
        raise UserError(f"--groups {path}: one column", "expected the columns group and term")
    texts = rows.examples.frame["text"].astype(str).tolist()
    found: list[Compared] = []
    for group, own in terms.groupby(terms.columns[0], sort=False):
        patterns = [term_pattern(str(term).strip()) for term in own[terms.columns[1]]]
        member = np.array([any(p.search(text) for p in patterns) for text in texts])
        found += by_term(member, scored.measures, str(group))
    return found


def _pairs_into(found: Audit, source: Opened, rows: AuditRows, scored: Scored, path: Path) -> None:
    if scored.scores is None:
        raise UserError(
            f"--pairs: {source.subject.name} reads no single text that terms could be swapped in",
            "accepted: text classification",
        )
    pairs = read_pairs(_lines_of(path), f"--pairs {path}")
    texts = rows.examples.frame["text"].astype(str).tolist()
    result = counterfactuals(texts, pairs, scored.scores, f"--pairs {path}")
    effects = [result.together, *result.pairs]
    found.tables["pairs"] = pd.DataFrame(
        [
            {
                "pair": one.name,
                "rows": one.rows,
                "flips": one.flips,
                "flips within group": one.control,
                **_ends("shift", one.shift),
                **_ends("beyond control", one.beyond),
            }
            for one in effects
        ]
    )
    found.findings += [one.sentence for one in effects if one.found]
    if not any(one.found for one in effects):
        found.findings.append(f"pairs: {result.together.sentence}")
    found.notes.append(f"pairs: {result.untouched:,} rows hold no term")
    found.notes += [f"pairs skipped: {why} ({n:,} rows)" for why, n in result.skipped.items()]


def _lines_of(path: Path) -> list[list[str]]:
    """The cells of a list of pairs, divided by commas, without remarks and without a heading."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UserError(f"--pairs {path}: {reason}", "name a file of term pairs") from None
    cells = list(csv.reader(line for line in lines if line.strip() and not line.startswith("#")))
    return cells[1:] if cells and [c.strip().lower() for c in cells[0]] == HEADING else cells


def _trust_into(found: Audit, source: Opened, rows: AuditRows) -> None:
    """How far confidence can be trusted; chosen on the validation part, checked on the rows."""
    if source.prepared is None or not len(source.prepared.valid):
        found.notes.append("calibration: not looked at, for the validation part is not here")
        return
    task, subject, valid = source.subject.task, source.subject, source.prepared.valid
    both = [as_array(subject.predict(some)) for some in (valid, rows.examples)]
    if isinstance(task, Classifier):
        (one, other), labels = both, [some.array("label") for some in (valid, rows.examples)]
        test = other, labels[1]
        found.tables["reliability"] = pd.DataFrame(
            [
                {
                    "confidence": f"{b.low:.1f}–{b.high:.1f}",
                    "answers": b.answers,
                    "mean confidence": b.confidence,
                    **_ends("right", b.right),
                }
                for b in reliability(*test)
            ]
        )
        found.notes += [abstention((one, labels[0]), test, p).sentence for p in PRECISIONS]
        found.notes.append(prediction_sets((one, labels[0]), test).sentence)
        found.notes.append(
            f"temperature {temperature(one, labels[0]):.2f} fits the validation part best; above 1"
            " the model is surer than it should be"
        )
    elif isinstance(task, Regress):
        wanted = [some.array("target")[:, :1] for some in (valid, rows.examples)]
        predicted = [some[:, :1] for some in both]
        pairs = [(p, w) for p, w in zip(predicted, wanted, strict=True)]
        found.notes.append(number_intervals(pairs[0], pairs[1]).sentence)


def _table(compared: Sequence[Compared]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "group": one.group,
                "measure": one.measure,
                "rows": one.rows,
                "value": one.value,
                **_ends("difference", one.difference),
            }
            for one in compared
        ]
    )


def _ends(name: str, estimate: Estimate | None) -> dict[str, float | None]:
    if estimate is None:
        return {name: None, f"{name} low": None, f"{name} high": None}
    return {name: estimate.value, f"{name} low": estimate.low, f"{name} high": estimate.high}

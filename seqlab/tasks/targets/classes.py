"""Classes: one label for each example, or several.

A label is a name; of several labels an example may have all, some or none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from seqlab.data import columns as guess
from seqlab.data.class_names import (
    alike,
    as_labels,
    case_findings,
    natural,
    numbers_without_case,
)
from seqlab.data.examples import Examples
from seqlab.data.findings import Finding
from seqlab.data.inspection import label_findings
from seqlab.data.label_noise import noise_findings
from seqlab.data.partition import nested_subsets
from seqlab.data.splits import Splits
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.metrics.base import Metric, metrics_of, primary_first
from seqlab.specs import Spec
from seqlab.tasks.base import DataSpec, Exhibit, Predictions, as_array
from seqlab.tasks.exhibits import classes as shown
from seqlab.tasks.parts import (
    COLUMN_JOIN,
    OPEN,
    Arrays,
    ColumnChoice,
    ColumnRequest,
    Input,
    Target,
    columns_in,
)
from seqlab.tasks.targets.label_sets import (
    LISTED_NAMES,
    LISTS,
    Labels,
    flags_in,
    form_of,
    set_findings,
    sets_of,
    why_unreadable,
)

METRICS = ("accuracy", "macro-f1", "log-loss", "auroc", "calibration-error")
MULTI_LABEL_METRICS = ("micro-f1", "macro-f1", "accuracy", "log-loss", "auroc", "calibration-error")
IMBALANCED_SHARE = 0.75  # from this share of the largest class on, accuracy hides the others
LABEL_DIVIDER = " | "  # between the labels of an example, for people
NO_CLASS = -1  # the class number of no label
UNSEEN_CLASS = -2  # the class number of a label that training does not have


class ClassOptions(Spec):
    """labels: None: told from the data. delimiter: what divides several labels in one cell."""

    labels: Literal["one", "several"] | None = None
    delimiter: str | None = Field(None, min_length=1)

    def form(self, seen: str, columns: list[str], origin: str) -> str:
        """How an example holds several labels, or nothing where it has one."""
        if self.labels == "one":
            if len(columns) > 1:
                raise UserError(
                    f'options.labels = "one": {len(columns)} columns of labels are named',
                    "name one, or leave options.labels out",
                )
            return ""
        if self.delimiter is not None and seen != LISTS and len(columns) == 1:
            return self.delimiter
        if self.labels == "several" and not seen:
            raise UserError(
                f'"{origin}" column "{columns[0]}": no cell holds several labels',
                "say what divides them: --set options.delimiter=,",
            )
        return seen


class Classes(Target):
    """Class probabilities (n, C); those of several labels do not add up to one.

    several: how an example holds several labels; empty: it has one. class_weights: with several
    labels, the weight of a label's positive examples.
    """

    roles = ("label",)
    options_type = ClassOptions

    classes: tuple[str, ...]
    several: str = ""
    class_weights: tuple[float, ...] = ()

    @property
    def multi_label(self) -> bool:
        """Whether an example can have several labels, or none."""
        return bool(self.several)

    # -- as a class, on raw tables -------------------------------------------------------------

    @classmethod
    def likely(cls, table: Table, request: ColumnRequest) -> list[str]:
        """The label by its name, or the only column that can be it."""
        if "label" in request.named:
            return []  # it is taken already
        try:
            label_column = guess.find(table.frame, "label", exclude=request.taken)
        except UserError:
            return []
        return [] if label_column is None else [label_column.column]

    @classmethod
    def find(cls, table: Table, request: ColumnRequest) -> ColumnChoice:
        column, note = _label_column(table, request.named.get("label"), request.taken)
        columns = columns_in(table, column)
        form = request.options.form(form_of(table.frame, columns), columns, table.origin)
        notes = (note,) if note else ()
        roles = {"label": column}
        if not form:
            written = (str(value).strip() for value in table.frame[column].dropna())
            notes = (*notes, *alike(written))
        if form:
            return ColumnChoice(roles, 0.9, f'several labels each in "{column}"', notes, form)
        label = table.frame[column]
        if not guess.is_categorical(label):
            why = f'column "{column}" {_why_not_classes(label)}'
            return ColumnChoice(roles, 0.2, why, notes, form)
        why = f'{label.nunique()} classes in "{column}"'
        return ColumnChoice(roles, 0.9, why, notes, form)

    @classmethod
    def flaws(cls, table: Table, choice: ColumnChoice) -> pd.Series:
        frame, name = table.frame, choice.columns["label"]
        if choice.layout:
            columns = columns_in(table, name)
            sets = sets_of(frame, columns, choice.layout)
            why = [
                why_unreadable(frame, columns, choice.layout, row) if labels is None else ""
                for row, labels in enumerate(sets)
            ]
            return pd.Series(why, index=frame.index, dtype=object)
        label = frame[name]
        missing = label.isna() | label.map(lambda value: not str(value).strip())
        flaws = pd.Series(np.where(missing, f'no label in "{name}"', ""), frame.index, dtype=object)
        if pd.api.types.is_float_dtype(label.dtype):
            flaws[np.isinf(label.to_numpy(dtype=float))] = f'an infinite value in "{name}"'
        return flaws

    @classmethod
    def rows(cls, table: Table, choice: ColumnChoice) -> Examples:
        """`label`, a name; of several labels `labels` beside it, a list of names."""
        frame = table.frame
        if "label" not in choice.columns:
            return Examples({}, pd.DataFrame({"label": [None] * len(frame)}, dtype=object))
        name = choice.columns["label"]
        if not choice.layout:
            labels = frame[name]
            known = labels.notna() & labels.map(lambda value: bool(str(value).strip()))
            named = [n if k else None for n, k in zip(as_labels(labels), known, strict=True)]
            return Examples({}, pd.DataFrame({"label": named}, dtype=object))
        sets = sets_of(frame, columns_in(table, name), choice.layout)
        columns = {
            "label": [None if names is None else LABEL_DIVIDER.join(names) for names in sets],
            "labels": [None if names is None else list(names) for names in sets],
        }
        return Examples({}, pd.DataFrame(columns, dtype=object))

    @classmethod
    def check(cls, rows: Examples, choice: ColumnChoice, origin: str) -> None:
        """At least two classes, and not as many as there are rows."""
        where, sets = f'"{origin}": column "{choice.columns["label"]}"', _sets(rows)
        counts = Counter(label for labels in sets for label in labels)
        several = bool(choice.layout)
        thing = "label" if several else "class"
        if len(counts) < 2:
            only = f'only one {thing} ("{next(iter(counts))}")' if counts else "no labels"
            plural = "labels" if several else "classes"
            raise UserError(f"{where} has {only}", f"a comparison needs at least two {plural}")
        most = max(100, len(sets) // 2) if several else max(20, len(sets) // 2)
        if len(counts) > most:
            raise UserError(
                f"{where} has {len(counts):,} different values in {len(sets):,} rows: these are"
                " not classes",
                "name the column with the classes: --columns label=…",
            )

    @classmethod
    def strata(cls, rows: Examples) -> Sequence[str] | None:
        """One label divides rows in its proportions; sets of labels are too many for that."""
        return None if "labels" in rows.frame else rows.frame["label"].tolist()

    @classmethod
    def labels(cls, rows: Examples) -> Sequence[str]:
        return rows.frame["label"].tolist()

    @classmethod
    def findings(cls, rows: Examples, choice: ColumnChoice) -> list[Finding]:
        if not choice.layout:
            labels = rows.frame["label"].tolist()
            return [*label_findings(labels), *case_findings(labels)]
        return set_findings(_sets(rows), choice.layout)

    @classmethod
    def findings_in_parts(
        cls, rows: Examples, splits: Splits, shown: Sequence[str] | None, seed: int
    ) -> list[Finding]:
        """Parts of one class only; labels that are probably wrong, judged by the texts."""
        if "labels" in rows.frame:
            return []
        labels = rows.frame["label"]
        one_sided = [
            _one_class(part, labels.iloc[getattr(splits, part)]) for part in ("valid", "test")
        ]
        noise = [] if shown is None else noise_findings(list(shown), labels.tolist(), seed)
        return [*(finding for finding in one_sided if finding is not None), *noise]

    @classmethod
    def learn(cls, train: Examples, choice: ColumnChoice, spec: DataSpec, options: Any) -> Self:
        """The classes of the training part, and how they are scored."""
        counts = Counter(label for labels in _sets(train) for label in labels)
        several = choice.layout or ""
        if len(counts) < 2:
            only = f' ("{next(iter(counts))}")' if counts else ""
            raise UserError(
                f'column "{choice.columns["label"]}": the training part has fewer than two'
                f" classes{only}",
                "bring more examples, or other shares with --split",
            )
        classes = tuple(sorted(counts, key=natural))
        weights = class_weights_of(classes, counts, len(train), bool(several))
        return cls(
            columns=choice.columns,
            classes=classes,
            metrics=metrics_for(spec.metric, counts, bool(several)),
            several=several,
            class_weights=weights if spec.label_weights else (),
        )

    # -- learned -------------------------------------------------------------------------------

    def layout_for(self, table: Table) -> str:
        return self.several

    def check_parts(self, rows: Examples, splits: Splits, names: Sequence[str]) -> None:
        """One class that training does not have is an error; of several labels it is noted."""
        if self.multi_label:
            return
        labels, known = rows.frame["label"].tolist(), set(self.classes)
        for part in ("valid", "test"):
            strange = [int(r) for r in getattr(splits, part) if labels[int(r)] not in known]
            if strange:
                raise UserError(
                    f'{names[strange[0]]}: label "{labels[strange[0]]}" is in {part} but not in'
                    f" training ({len(strange):,} such examples)",
                    "move an example of it into training, or remove them",
                )

    def notes(self, parts: Mapping[str, Examples]) -> list[str]:
        if not self.multi_label:
            return []
        known = set(self.classes)
        return [
            f"labels in {part} that training does not know are not scored:"
            f" {', '.join(strange[:LISTED_NAMES])}"
            for part in ("valid", "test")
            if (strange := sorted({n for s in _sets(parts[part]) for n in s} - known, key=natural))
        ]

    def encode(self, rows: Examples) -> Arrays:
        """`label`: class numbers (n,), or 0/1 a label (n, L); −1 where none is given, −2 where
        training does not have it.
        """
        number = {name: i for i, name in enumerate(self.classes)}
        if self.multi_label:
            return {"label": self._as_flags(rows, number)}
        alike = numbers_without_case(self.classes)
        numbers = [
            NO_CLASS if name is None else number.get(name, alike.get(name.casefold(), UNSEEN_CLASS))
            for name in rows.frame["label"]
        ]
        return {"label": np.asarray(numbers, dtype=np.int64)}

    def _as_flags(self, rows: Examples, number: dict[str, int]) -> NDArray[np.int64]:
        flags = np.zeros((len(rows), len(number)), dtype=np.int64)
        for row, names in enumerate(rows.frame.get("labels", [None] * len(rows))):
            if names is None:
                flags[row] = NO_CLASS
            else:
                flags[row, [number[name] for name in names if name in number]] = 1
        return flags

    def known(self, examples: Examples) -> NDArray[np.bool_]:
        labels = examples.array("label").reshape(len(examples), -1)
        return np.asarray((labels != NO_CLASS).all(axis=1))

    @property
    def unseen_counts_as(self) -> str:
        return "not scored" if self.multi_label else super().unseen_counts_as

    def unseen(self, examples: Examples) -> Mapping[str, int]:
        """Labels that training does not have; of an example in pieces, once."""
        rows = np.arange(len(examples))
        if examples.blocks is not None:
            rows = np.unique(examples.blocks, return_index=True)[1]
        if self.multi_label:
            sets = examples.frame["labels"].iloc[rows].dropna()
            return Counter(name for names in sets for name in names if name not in self.classes)
        strange = rows[examples.array("label")[rows] == UNSEEN_CLASS]
        return Counter(examples.frame["label"].iloc[strange])

    def wanted(self, examples: Examples) -> NDArray[np.int64]:
        return examples.array("label")

    def statistics(
        self, metric: Metric, predictions: Predictions, examples: Examples
    ) -> NDArray[np.float64]:
        """A label that training does not have is a class of its own, which nothing predicts."""
        labels, probabilities = examples.array("label"), as_array(predictions)
        # All pieces of a file have statistics of one width, with such a label or without.
        if (OPEN in examples.shared and not self.multi_label) or (labels == UNSEEN_CLASS).any():
            probabilities = np.pad(probabilities, ((0, 0), (0, 1)))
            labels = np.where(labels == UNSEEN_CLASS, len(self.classes), labels)
        return metric.collect(probabilities, labels.astype(np.float64))

    def present(self, predictions: Predictions, examples: Examples) -> dict[str, Any]:
        """The most probable class (or all labels from one half on), and every probability."""
        names, probabilities = np.asarray(self.classes, dtype=object), as_array(predictions)
        columns: dict[str, Any] = {}
        if self.multi_label:
            columns["predicted"] = [LABEL_DIVIDER.join(names[row >= 0.5]) for row in probabilities]
        else:
            columns["predicted"] = names[probabilities.argmax(axis=1)]
            columns["probability"] = probabilities.max(axis=1)
        return columns | {f"p({c})": probabilities[:, i] for i, c in enumerate(self.classes)}

    def exhibits(self, predictions: Predictions, examples: Examples, read: Input) -> list[Exhibit]:
        """Errors by length and by class, confusions, reliability, the hardest examples."""
        return shown.exhibits(as_array(predictions), examples, list(self.classes), read)

    def card(self, train: Examples) -> dict[str, Any]:
        counts = Counter(label for labels in _sets(train) for label in labels)
        return {
            "classes": {name: counts[name] for name in self.classes},
            "labels_of_an_example": "several" if self.multi_label else "one",
        }

    def subset(self, examples: Examples, size: int, seed: int) -> NDArray[np.int64]:
        """Nested subsets, classes as in the whole."""
        if self.multi_label:
            return super().subset(examples, size, seed)
        rows = np.arange(len(examples))
        return nested_subsets(rows, [size], examples.array("label"), seed)[size]


def _label_column(table: Table, named: str | None, taken: Sequence[str]) -> tuple[str, str]:
    """The column of labels, or several joined, and how it was found."""
    if named is not None and COLUMN_JOIN in named and named not in table.frame:
        names = [name.strip() for name in named.split(COLUMN_JOIN)]
        return COLUMN_JOIN.join(guess.named(table.frame, name, table.origin) for name in names), ""
    if named is None and (flags := flags_in(table.frame, taken)):
        return COLUMN_JOIN.join(flags), f"labels: columns {', '.join(flags)} of 0 and 1"
    label_column = guess.require(
        table.frame, "label", given=named, exclude=taken, origin=table.origin
    )
    return label_column.column, label_column.sentence


def _why_not_classes(label: pd.Series) -> str:
    values = label.dropna()
    if values.nunique() < 2:
        return "has only one class" if len(values) else "is empty"
    if pd.api.types.is_float_dtype(values.dtype) and np.isinf(values.to_numpy(dtype=float)).any():
        return f"row {int(np.isinf(label.to_numpy(dtype=float)).argmax()) + 1}: infinite value"
    return "has too many values to be classes"


def _one_class(part: str, labels: pd.Series) -> Finding | None:
    if labels.nunique() != 1:
        return None
    name = {"valid": "validation"}.get(part, part)
    return Finding(
        "warning",
        f'all {len(labels):,} {name} examples are of class "{labels.iloc[0]}"',
        "always predicting that class is right about all of them",
        "no contestant can be told from another by them: bring examples of the other classes",
    )


def _sets(rows: Examples) -> list[Labels]:
    """Each example's labels; one where it has one."""
    if "labels" in rows.frame:
        return [tuple(names) for names in rows.frame["labels"]]
    return [(name,) for name in rows.frame["label"]]


def metrics_for(asked: str | None, counts: Counter[str], several: bool) -> tuple[str, ...]:
    """All metrics, the primary one first: as asked for, or what the balance of classes suggests."""
    imbalanced = counts.most_common(1)[0][1] / counts.total() > IMBALANCED_SHARE
    usual = "macro-f1" if imbalanced and not several else None
    own, apart = (METRICS, MULTI_LABEL_METRICS)[:: -1 if several else 1]
    return primary_first(asked, metrics_of("classify", own, *apart), usual)


def class_weights_of(
    classes: Sequence[str], counts: Counter[str], rows: int, several: bool
) -> tuple[float, ...]:
    """Weights that make classes count alike, or a label's positive examples as its negative."""
    if several:
        return tuple((rows - counts[name]) / max(counts[name], 1) for name in classes)
    return tuple(rows / (len(classes) * counts[name]) for name in classes)

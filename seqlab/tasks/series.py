"""Classification of series: one class for the values of some channels over some steps.

6 channels of a watch over 2,000 steps → "rowing"
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from seqlab.data import columns as guess
from seqlab.data.columns import ColumnKind
from seqlab.data.examples import Examples
from seqlab.data.table import Table
from seqlab.data.ts_format import series_column
from seqlab.registry import registered
from seqlab.tasks.base import Confidence, DataSpec, Exhibit, Predictions, as_array
from seqlab.tasks.classifier import Classifier
from seqlab.tasks.exhibits.curves import by_class
from seqlab.tasks.inputs.series import Series
from seqlab.tasks.inputs.series_layouts import (
    FEWEST_STEP_COLUMNS,
    id_column,
    steps_of_one_stem,
)

CARD = {
    "roles": ["series", "time", "label", "group", "split"],
    "settings": ["split", "group", "folds", "label_weights", "metric"],
    "example": "150 steps of a hand's position → drawing a gun",
}

OWN_LABELS = ("label", "labels", "class", "activity")  # others are rather told of forecasts
FEWEST_HEADERLESS_COLUMNS = 17  # of bare numbers, from which a row is likely a series
FEWEST_IDS = 4  # different ids from which rows by id are likely series


@registered
class ClassifySeries(Classifier):
    """(B, positions, features) in, class probabilities (B, C) out."""

    input_types = (Series,)
    reader: Series

    @classmethod
    def recognise(cls, table: Table) -> Confidence:
        """Arrays in cells, many numbered columns beside a label, or rows by id with one label."""
        frame = table.frame
        kinds = guess.describe(frame)
        labels = [name for name in kinds if guess.normalised(name) in OWN_LABELS]
        lists = [name for name, kind in kinds.items() if kind is ColumnKind.LIST]
        if lists:
            return _cells(table, lists, bool(labels))
        if len(labels) == 1 and guess.is_categorical(frame[labels[0]]):
            number = id_column(frame, {}, labels, table.origin)
            if number is not None and _one_label_each(table, number, labels[0]):
                why = f'rows by "{number}" with one "{labels[0]}" each: series of classes'
                return Confidence(0.93, why)
            if kinds[labels[0]] in (ColumnKind.CATEGORY, ColumnKind.INTEGER):
                steps = [n for n, k in kinds.items() if n not in labels and k in guess.NUMERIC]
                if len(steps) >= FEWEST_STEP_COLUMNS and steps_of_one_stem(steps):
                    why = f'{len(steps)} numbered columns beside "{labels[0]}": a series a row'
                    return Confidence(0.87, why)
        end = _end_label(table)
        if end is None:
            return _looks_like(table, kinds) or Confidence(0.05, "no series with labels")
        why = f"a class and {len(kinds) - 1} numbers a row, without a header"
        return Confidence(0.75, why)

    @classmethod
    def named_columns(cls, table: Table, spec: DataSpec) -> dict[str, str]:
        """In a table of bare numbers without a header the class stands first or last."""
        named = super().named_columns(table, spec)
        end = None if "label" in named else _end_label(table)
        return named if end is None else {**named, "label": end}

    @classmethod
    def sample(cls, rows: int, seed: int) -> Table:
        """Slow and fast waves of two channels."""
        rng = np.random.default_rng(seed)
        speeds = rng.choice([1.0, 2.0], rows)
        steps = np.linspace(0, 2 * np.pi, 24)
        waves = [np.stack([np.sin(v * steps), np.cos(v * steps)], axis=1) for v in speeds]
        noisy = [(wave + rng.normal(0, 0.2, wave.shape)).astype(np.float32) for wave in waves]
        labels = np.where(speeds == 1.0, "slow", "fast")
        return Table(pd.DataFrame({"series": series_column(noisy), "label": labels}), "sample")

    def exhibits(self, predictions: Predictions, examples: Examples) -> list[Exhibit]:
        """What any classifier shows, and the first series of each class, drawn."""
        shown = super().exhibits(predictions, examples)
        drawn = by_class(as_array(predictions), examples, self.classes, self.reader.channels)
        return [*shown[:-1], drawn, shown[-1]]


def _cells(table: Table, lists: list[str], labelled: bool) -> Confidence:
    name = lists[0]
    first = table.frame[name].dropna().iloc[0]
    array = isinstance(first, np.ndarray) and first.ndim == 2 and first.dtype.kind == "f"
    if len(lists) == 1 and array and guess.normalised(name) == "series":
        target = "" if labelled else ", but no column label"
        return Confidence(0.95 if labelled else 0.4, f'a series in each cell of "{name}"{target}')
    if len(lists) == 1 and _holds_numbers(first) and labelled:
        return Confidence(0.7, f'lists of numbers in "{name}" and a label')
    return Confidence(0.1, "columns of lists")


def _holds_numbers(cell: object) -> bool:
    try:
        values = np.asarray(cell)
    except ValueError:
        return False
    return values.dtype.kind in "fiu" and values.size > 1


def _one_label_each(table: Table, number: str, label: str) -> bool:
    frame = table.frame
    by_id = frame.groupby(number)[label].nunique()
    several = len(by_id) >= FEWEST_IDS and frame[label].nunique() < len(by_id)
    return several and bool((by_id <= 1).all())


def _looks_like(table: Table, kinds: Mapping[str, ColumnKind]) -> Confidence | None:
    """Rows that repeat the values of a column, within each of which another one does not vary."""
    names = [name for name, kind in kinds.items() if kind in (ColumnKind.CATEGORY, ColumnKind.TEXT)]
    if not any(kind in guess.NUMERIC for kind in kinds.values()):
        return None
    for number in names:
        several = FEWEST_IDS <= (count := table.frame[number].nunique()) <= len(table.frame) // 2
        for label in names if several else ():
            if label != number and _one_label_each(table, number, label):
                why = f'looks like {count:,} series with one "{label}" each'
                return Confidence(0.45, why, f"--columns series={number},label={label}")
    return None


def _end_label(table: Table) -> str | None:
    """The class in a file of an archive: without a header, first or last beside numbers."""
    kinds = guess.describe(table.frame)
    names = list(kinds)
    if table.header or len(names) < FEWEST_HEADERLESS_COLUMNS:
        return None
    for end in (names[0], names[-1]):
        rest = [kind for name, kind in kinds.items() if name != end]
        steps = all(kind in (*guess.NUMERIC, ColumnKind.CONSTANT) for kind in rest)
        if steps and guess.is_categorical(table.frame[end]):
            return end
    return None

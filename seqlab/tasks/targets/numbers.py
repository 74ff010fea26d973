"""Numbers: one for each example, or several at once.

Models predict in standard deviations from the training part's mean; people and metrics read the
target's own units (with several targets, metrics read standard deviations).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data import columns as guess
from seqlab.data.columns import ColumnKind
from seqlab.data.examples import Examples
from seqlab.data.findings import Finding
from seqlab.data.series import numeric_columns
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.metrics.base import Metric, metrics_of, primary_first
from seqlab.specs import Spec
from seqlab.tasks.base import DataSpec, Exhibit, Predictions, as_array
from seqlab.tasks.exhibits import numbers as shown
from seqlab.tasks.parts import (
    COLUMN_JOIN,
    Arrays,
    ColumnChoice,
    ColumnRequest,
    Input,
    Target,
    columns_in,
)

METRICS = ("mae", "rmse", "r2", "spearman")
LOSS_FOR_METRIC = {"mae": "absolute"}  # what serves a primary metric best; squared for the others
# Names that a number to be predicted goes by, the best first.
_NAMES = "target y score value label rating valence similarity price output gold stars points grade"
NAMES = tuple(_NAMES.split())
FEWEST_VALUES = 10  # different ones from which numbers are a quantity and not classes
FEW_WHOLE_VALUES = 20  # under which whole numbers may be classes
OUTLIER_RANGES = 8.0  # interquartile ranges beyond the quartiles from which a value is an outlier
SKEWED_FROM = 2.0
SMALLEST_DEVIATION = 1e-300  # keeps the skewness of a constant finite

Array = NDArray[np.float64]


class NumberOptions(Spec):
    """loss: None: absolute errors where MAE is the primary metric, else squared ones."""

    loss: Literal["absolute", "squared", "huber"] | None = None


class Numbers(Target):
    """Numbers (n, K) in their own units; NaN where one of several is not known.

    names: the columns. mean, std: of the training part, (K,) each.
    """

    roles = ("target",)
    options_type = NumberOptions

    names: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    loss: Literal["absolute", "squared", "huber"]

    # -- as a class, on raw tables -------------------------------------------------------------

    @classmethod
    def likely(cls, table: Table, request: ColumnRequest) -> list[str]:
        """The target by its name, or the only column of numbers."""
        try:
            return list(named_targets(None, table, request.taken)[0])
        except UserError:
            return []

    @classmethod
    def find(cls, table: Table, request: ColumnRequest) -> ColumnChoice:
        names, note = named_targets(request.named.get("target"), table, request.taken)
        columns, notes = {"target": COLUMN_JOIN.join(names)}, ((note,) if note else ())
        if not is_quantity(table.frame[names[0]]):
            why = f'the numbers in "{names[0]}" are few or whole'
            return ColumnChoice(columns, 0.1, why, notes)
        why = f'numbers in "{names[0]}"'
        if ColumnKind.DATE in guess.describe(table.frame).values():
            return ColumnChoice(columns, 0.4, f"{why}, but there are dates", notes)
        plain = guess.normalised(names[0]) in ("target", "score")
        return ColumnChoice(columns, 0.85 if plain else 0.7, why, notes)

    @classmethod
    def flaws(cls, table: Table, choice: ColumnChoice) -> pd.Series:
        """Rows in which no target is known, or one is no number."""
        frame, names = table.frame, columns_in(table, choice.columns["target"])
        values, written = _values(frame, names)
        flaws = np.full(len(frame), "", dtype=object)
        flaws[np.isnan(values).all(axis=1)] = f'no number in "{", ".join(names)}"'
        for k, name in enumerate(names):
            flaws[np.isinf(values[:, k])] = f'an infinite value in "{name}"'
            wrong = np.flatnonzero(np.isnan(values[:, k]) & written[:, k])
            flaws[wrong] = [f'"{frame[name].iloc[row]}" in "{name}" is no number' for row in wrong]
        return pd.Series(flaws, frame.index, dtype=object)

    @classmethod
    def rows(cls, table: Table, choice: ColumnChoice) -> Examples:
        """The array `target`, (n, K); of new data NaN where there is none."""
        names = columns_in(table, choice.columns["target"]) if choice.columns else []
        values, _ = _values(table.frame, names)
        return Examples({"target": values}, pd.DataFrame(index=range(len(table.frame))))

    @classmethod
    def findings(cls, rows: Examples, choice: ColumnChoice) -> list[Finding]:
        """The targets' spread, outliers and skew."""
        names = choice.columns["target"].split(COLUMN_JOIN)
        values = rows.array("target")
        return [f for k, name in enumerate(names) for f in _target_findings(name, values[:, k])]

    @classmethod
    def learn(cls, train: Examples, choice: ColumnChoice, spec: DataSpec, options: Any) -> Self:
        names = tuple(choice.columns["target"].split(COLUMN_JOIN))
        mean, std = scale_of(train.array("target"), names)
        metrics = primary_first(spec.metric, metrics_of("regress", METRICS))
        return cls(
            columns=choice.columns,
            metrics=metrics,
            names=names,
            mean=tuple(mean.tolist()),
            std=tuple(std.tolist()),
            loss=options.loss or LOSS_FOR_METRIC.get(metrics[0], "squared"),
        )

    # -- learned -------------------------------------------------------------------------------

    def choice_for(self, table: Table) -> ColumnChoice:
        """Those of the targets that new data have."""
        return ColumnChoice(self.columns, 1.0, "as in training")

    def encode(self, rows: Examples) -> Arrays:
        """Nothing: `target` stands in the rows already, in its own units."""
        return {}

    def known(self, examples: Examples) -> NDArray[np.bool_]:
        return np.asarray(np.isfinite(examples.array("target")).all(axis=1))

    def wanted(self, examples: Examples) -> NDArray[np.float32]:
        """In standard deviations, as models predict."""
        return self.standard(examples.array("target")).astype(np.float32)

    def standard(self, values: NDArray[Any]) -> Array:
        """Targets or predictions (n, K) in standard deviations from the training part's mean."""
        return np.asarray((values - np.asarray(self.mean)) / np.asarray(self.std))

    def in_own_units(self, values: NDArray[Any]) -> Array:
        """What `standard` made of them, undone."""
        return np.asarray(values * np.asarray(self.std) + np.asarray(self.mean))

    def statistics(
        self, metric: Metric, predictions: Predictions, examples: Examples
    ) -> NDArray[np.float64]:
        """Of one target in its own units; of several in standard deviations."""
        predicted, wanted = as_array(predictions), examples.array("target")
        if len(self.names) > 1:
            predicted, wanted = self.standard(predicted), self.standard(wanted)
        return metric.collect(predicted, wanted)

    def present(self, predictions: Predictions, examples: Examples) -> dict[str, Any]:
        """A predicted number for each target."""
        predicted = as_array(predictions)
        return {f"predicted {name}": predicted[:, k] for k, name in enumerate(self.names)}

    def exhibits(self, predictions: Predictions, examples: Examples, read: Input) -> list[Exhibit]:
        """Predicted against true, residuals by predicted value, the hardest examples."""
        scale = shown.Scale(self.names, np.asarray(self.std))
        return shown.exhibits(as_array(predictions), examples, scale, read)

    def card(self, train: Examples) -> dict[str, Any]:
        own = len(self.names) == 1
        return {
            "targets": {
                name: {"mean": self.mean[k], "standard_deviation": self.std[k]}
                for k, name in enumerate(self.names)
            },
            "units_of_metrics": "the target's own" if own else "standard deviations",
        }


def named_targets(
    given: str | None, table: Table, taken: Sequence[str]
) -> tuple[tuple[str, ...], str]:
    """The target columns – the user's own, the best by name, or the only one – and how found."""
    frame, origin = table.frame, table.origin
    if given is not None:
        names = [name.strip() for name in given.split(COLUMN_JOIN)]
        return tuple(guess.named(frame, name, origin) for name in names), ""
    kinds = guess.describe(frame)
    numeric = [
        name
        for name in numeric_columns(frame, exclude=taken)
        if kinds[name] is not ColumnKind.IDENTIFIER
    ]
    by_name = {guess.normalised(name): name for name in numeric}
    for name in NAMES:
        if name in by_name:
            return (by_name[name],), f'target: column "{by_name[name]}" (by its name)'
    if len(numeric) == 1:
        return (numeric[0],), f'target: column "{numeric[0]}" (the only one of numbers)'
    if numeric:
        raise UserError(
            f'"{origin}": several columns could be the target: {", ".join(numeric[:8])}',
            f"name it with --columns target={numeric[0]}, or several as target="
            f"{COLUMN_JOIN.join(numeric[:2])}",
        )
    listed = ", ".join(f"{name} ({kind})" for name, kind in list(kinds.items())[:8])
    raise UserError(
        f'"{origin}": no column of numbers to predict among {listed}',
        "name it with --columns target=…",
    )


def is_quantity(column: pd.Series) -> bool:
    """Whether values are unmistakably numbers to predict: many, and not all whole."""
    if not pd.api.types.is_float_dtype(column.dtype):
        return False
    values = column.dropna()
    finite = values[np.isfinite(values)]
    return bool((finite != finite.round()).any()) and int(values.nunique()) >= FEWEST_VALUES


def scale_of(targets: Array, names: Sequence[str]) -> tuple[Array, Array]:
    """Mean and standard deviation of the training part, (K,) each."""
    for k, name in enumerate(names):
        known = targets[~np.isnan(targets[:, k]), k]
        if len(known) < 2 or known.min() == known.max():
            why = f"always {known[0]:g}" if len(known) else "never known"
            raise UserError(
                f'column "{name}" is {why} in the training part: there is nothing to predict',
                "name another column with --columns target=…, or bring more rows",
            )
    return np.nanmean(targets, axis=0), np.nanstd(targets, axis=0)


def _values(frame: pd.DataFrame, names: Sequence[str]) -> tuple[Array, NDArray[np.bool_]]:
    """Targets (n, K), NaN where there is no number, and whether anything is written there."""
    values = np.full((len(frame), len(names)), np.nan)
    written = np.zeros(values.shape, dtype=bool)
    for k, name in enumerate(names):
        if name in frame.columns:
            values[:, k] = pd.to_numeric(frame[name], errors="coerce").to_numpy("f8")
            written[:, k] = frame[name].notna().to_numpy()
    return values, written


def _target_findings(name: str, values: Array) -> list[Finding]:
    """How the numbers of one target lie."""
    known = values[~np.isnan(values)]
    low, first, median, third, high = np.quantile(known, [0, 0.25, 0.5, 0.75, 1])
    findings = [
        Finding(
            "info",
            f'target "{name}": median {median:.4g}, half of the values between {first:.4g} and'
            f" {third:.4g}",
            f"mean {known.mean():.4g}, standard deviation {known.std():.4g}, from {low:.4g} to"
            f" {high:.4g}",
        )
    ]
    if len(known) < len(values):
        findings.append(
            Finding("warning", f'"{name}" is missing in {len(values) - len(known):,} rows')
        )
    distinct = len(np.unique(known))
    if distinct == 1:
        always = Finding("error", f'"{name}" is always {low:g}', "", "name another column")
        return [*findings, always]
    if distinct < FEW_WHOLE_VALUES and (known == known.round()).all():
        findings.append(
            Finding(
                "warning",
                f'"{name}" has {distinct} different whole values',
                "they are predicted as amounts: their order and their distances count",
                "if they are classes: --task classify",
            )
        )
    return findings + _shape(name, known)


def _shape(name: str, known: Array) -> list[Finding]:
    """Values far from the others, or a long tail."""
    first, third = np.quantile(known, [0.25, 0.75])
    between = third - first
    far = (known < first - OUTLIER_RANGES * between) | (known > third + OUTLIER_RANGES * between)
    if between > 0 and far.any():
        return [
            Finding(
                "warning",
                f'"{name}" has values far from the others: {far.sum():,}',
                f"the furthest is {known[np.abs(known - np.median(known)).argmax()]:.6g}",
                "check them: they dominate a squared loss; options.loss = absolute is hardly moved",
            )
        ]
    skew = float(((known - known.mean()) ** 3).mean() / max(known.std(), SMALLEST_DEVIATION) ** 3)
    if skew > SKEWED_FROM and known.min() >= 0:
        return [
            Finding(
                "warning",
                f'"{name}" has a long tail of high values (skewness {skew:.1f})',
                "",
                "if ratios matter more than differences, predict its logarithm",
            )
        ]
    return []

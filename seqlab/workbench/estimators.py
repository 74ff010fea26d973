"""One model at a time, as scikit-learn users expect it: fit, predict, score, get_params, clone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from seqlab import registry
from seqlab.data.class_names import as_labels
from seqlab.data.examples import Examples
from seqlab.data.frames import indexed_like
from seqlab.data.npz import oriented
from seqlab.data.sources import read_table
from seqlab.data.table import Table
from seqlab.data.ts_format import series_column
from seqlab.errors import UserError, unknown
from seqlab.study.recipes import recipes
from seqlab.tasks.base import DataSpec, Predictions, Prepared, Sources, Task, as_array
from seqlab.tasks.classifier import Classifier
from seqlab.tasks.forecast import Forecast


class _Estimator(BaseEstimator):
    """What the estimators share: settings, and training with early stopping, then on all rows.

    mixer          a candidate's name: gru, lstm, transformer, …
    params         parameters of body and head
    epochs         at most; the validation part says when to stop
    refit          train again on all rows, for as long as was best
    model, train, data   fields of ModelSpec, TrainSpec and DataSpec
    """

    _task = ""
    task_: Task

    def __init__(
        self,
        mixer: str = "gru",
        *,
        params: int = 100_000,
        epochs: int = 10,
        learning_rate: float = 1e-3,
        refit: bool = True,
        model: dict[str, Any] | None = None,
        train: dict[str, Any] | None = None,
        data: dict[str, Any] | None = None,
        device: str = "cpu",
        random_state: int | None = None,
    ) -> None:
        self.mixer = mixer
        self.params = params
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.refit = refit
        self.model = model
        self.train = train
        self.data = data
        self.device = device
        self.random_state = random_state

    def _fit(self, table: Table, data: dict[str, Any]) -> Self:
        from seqlab.study.training_one import train_one

        if self.mixer not in recipes():
            raise unknown("candidate", self.mixer, recipes())
        seed = 0 if self.random_state is None else int(self.random_state)
        spec = DataSpec.read({**(self.data or {}), **data}, "data")
        prepared: Prepared = registry.load("tasks", self._task).prepare(Sources(table), spec, seed)[
            0
        ]
        self.task_ = prepared.task
        self.model_, self.history_ = train_one(
            prepared,
            self.mixer,
            params=self.params,
            model=self.model or {},
            train={
                "epochs": self.epochs,
                "learning_rate": self.learning_rate,
                "device": self.device,
                "seed": seed,
                **(self.train or {}),
            },
            refit=self.refit,
        )
        return self

    def _predict(self, examples: Examples) -> Predictions:
        from seqlab.study.objective import predict_all

        return predict_all(self.task_, self.model_, examples, self.device)


class SequenceClassifier(ClassifierMixin, _Estimator):
    """Texts or series to classes. After `fit`: `classes_`, `task_`, `model_`, `history_`.

    Series are an array (n, channels, steps) or (n, steps, channels) – the longer axis is that of
    the steps –, an array (n, steps), or a list of arrays of any lengths.
    """

    task_: Classifier

    def fit(self, X: Any, y: Sequence[Any]) -> Self:
        """Learn from texts or series (n, …) and their labels (n,)."""
        labels = np.asarray(y)
        self._task, cells = _cells(X)
        if len(cells) != len(labels):
            raise UserError(
                f"X has {len(cells)} {_NOUNS[self._task]} but y has {len(labels)} labels"
            )
        options = dict((self.data or {}).get("options", {}))
        if self._task == "classify":
            options = {"labels": "one", **options}
        frame = pd.DataFrame({_INPUTS[self._task]: cells, "label": labels})
        self._fit(Table(frame, "X, y"), {"options": options} if options else {})
        # The caller's own values, not their names, are what predict must give back.
        by_name = dict(zip(as_labels(pd.Series(labels)), labels, strict=True))
        self.classes_ = np.asarray([by_name[name] for name in self.task_.classes])
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Class probabilities (n, C), columns as `classes_`."""
        check_is_fitted(self, "model_")
        task, cells = _cells(X)
        if task != self._task:
            raise UserError(
                f"X has {_NOUNS[task]}, and this was fitted on {_NOUNS[self._task]}",
                f"pass {_NOUNS[self._task]}",
            )
        table = Table(pd.DataFrame({_INPUTS[task]: cells}), "X")
        return as_array(self._predict(self.task_.encode(table)))

    def predict(self, X: Any) -> Any:
        """The most probable class of each text or series."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


_INPUTS = {"classify": "text", "series": "series"}  # task → the column that it reads
_NOUNS = {"classify": "texts", "series": "series"}


def _cells(X: Any) -> tuple[str, pd.Series]:
    """The task that examples are of, and each of them in a cell."""
    if isinstance(X, np.ndarray) and X.ndim > 1 and X.dtype.kind in "fiu":
        if X.ndim > 3:
            raise UserError(
                f"X has the shape {X.shape}", "expected (n, steps) or (n, channels, steps)"
            )
        arrays = list(X)
    elif isinstance(X, list | tuple) and X and all(_is_series(one) for one in X):
        arrays = [np.asarray(one) for one in X]
    else:
        return "classify", pd.Series(_texts(X), dtype=object)
    series, _ = oriented([np.asarray(one, dtype=np.float32) for one in arrays], "X")
    return "series", series_column(series)


def _is_series(value: Any) -> bool:
    """Whether one example is an array of numbers, or a list of them."""
    if isinstance(value, np.ndarray):
        return value.ndim in (1, 2) and value.dtype.kind in "fiu"
    return isinstance(value, list | tuple) and bool(value) and isinstance(value[0], int | float)


def _texts(X: Any) -> list[Any]:
    """One text an example: of a list, an array, a series, or a frame with one column of them."""
    if isinstance(X, str | bytes):
        raise UserError("X is one text", "pass a list of texts, [X], also where there is one only")
    if isinstance(X, Mapping):
        X = pd.DataFrame(X)
    if isinstance(X, pd.DataFrame):
        if len(X.columns) == 1 or "text" in X.columns:
            return list(X["text"] if "text" in X.columns else X.iloc[:, 0])
        raise UserError(
            f"X has {len(X.columns)} columns, none of which is called text",
            'pass the column of texts: X["…"]',
        )
    # An array of no dimension has an iterator that fails.
    if not isinstance(X, Iterable) or isinstance(X, Set) or getattr(X, "ndim", 1) == 0:
        raise UserError(
            f"X is of type {type(X).__name__}",
            "pass texts in order: a list, an array, a series, or a frame with a column of them",
        )
    return list(X)


class Forecaster(RegressorMixin, _Estimator):
    """The next `horizon` steps of one or many series. After `fit`: `task_`, `model_`."""

    _task = "forecast"
    task_: Forecast

    def __init__(
        self,
        mixer: str = "gru",
        *,
        horizon: int | None = None,
        lookback: int | None = None,
        season: int | None = None,
        params: int = 100_000,
        epochs: int = 10,
        learning_rate: float = 1e-3,
        refit: bool = True,
        model: dict[str, Any] | None = None,
        train: dict[str, Any] | None = None,
        data: dict[str, Any] | None = None,
        device: str = "cpu",
        random_state: int | None = None,
    ) -> None:
        super().__init__(
            mixer,
            params=params,
            epochs=epochs,
            learning_rate=learning_rate,
            refit=refit,
            model=model,
            train=train,
            data=data,
            device=device,
            random_state=random_state,
        )
        self.horizon = horizon
        self.lookback = lookback
        self.season = season

    def fit(self, X: Any, y: None = None) -> Self:
        """Learn from a frame or file of series, as `seqlab compare` reads them."""
        given = {"horizon": self.horizon, "lookback": self.lookback, "season": self.season}
        table = _table(X)
        self._fit(table, {name: value for name, value in given.items() if value is not None})
        self._seen, self._index = table, _index(X)
        return self

    def predict(self, X: Any = None) -> pd.DataFrame:
        """The steps after the end of X, or of the data it was fitted on."""
        check_is_fitted(self, "model_")
        table = self._seen if X is None else _table(X)
        examples = self.task_.encode(table)
        forecasts = self.task_.present(self._predict(examples), examples)
        index = self._index if X is None else _index(X)
        return forecasts if index is None else indexed_like(forecasts, index)

    def score(self, X: Any, y: None = None, sample_weight: None = None) -> float:
        """R² over every window of X that has a look-back before it and its targets known."""
        check_is_fitted(self, "model_")
        examples = self.task_.windows_of(_table(X))
        r2 = registry.load("metrics", "r2")()
        return float(r2.value(self.task_.statistics(r2, self._predict(examples), examples)))


def _index(X: Any) -> pd.Index | None:
    """The index of a frame or series, which forecasts then have too."""
    return X.index if isinstance(X, pd.DataFrame | pd.Series) else None


def _table(X: Any) -> Table:
    """A file, a frame or a bare series of numbers as a table."""
    if isinstance(X, pd.Series):
        X = X.to_frame(str(X.name or "y"))
    elif isinstance(X, list | tuple | np.ndarray):
        X = pd.DataFrame({"y": np.asarray(X, dtype=float)})
    return X if isinstance(X, Table) else read_table(X)

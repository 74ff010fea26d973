"""What comes next after 98, 99, 100? The textbooks' example: learn to count, then roll forward.

Whole numbers in order are a series, normalised by their own mean and spread; a model learns from
each window of it the number that follows. One step is predicted, becomes part of the window, and
so on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.study.objective import predict_all
from seqlab.study.training_one import train_one
from seqlab.tasks.base import DataSpec, Prepared, Sources, as_array
from seqlab.tasks.forecast import Forecast

MODEL_PARAMETERS = 10_000
TRAIN_SETTINGS = {"steps": 1000, "learning_rate": 0.02, "weight_decay": 0.0, "evaluations": 1}
FEWEST_WINDOWS = 5  # for training
COLUMN = "number"


@dataclass(frozen=True)
class NextNumbers:
    """given: what was to be continued; predicted: what the model says follows; counted: what
    counting on would give; trained: the first and the last number of the training series.
    """

    candidate: str
    window: int
    trained: tuple[int, int]
    given: tuple[float, ...]
    predicted: tuple[float, ...]
    seconds: float
    by_window: bool = False

    @property
    def counted(self) -> tuple[float, ...]:
        """What the rule that was trained, one more, gives."""
        return tuple(self.given[-1] + step for step in range(1, len(self.predicted) + 1))

    @property
    def remarks(self) -> list[str]:
        """What to think of it, in sentences."""
        low, high = self.trained
        read = [*self.given[-self.window :], *self.predicted[:-1]]
        beyond = [number for number in read if not low <= number <= high]
        away = max(abs(p - c) for p, c in zip(self.predicted, self.counted, strict=True))
        said = [f"the furthest from counting on: {away:.2g}"]
        if beyond and not self.by_window:
            said.append(
                f"{beyond[0]:.4g} lies outside {low} to {high}, which is all that it was trained"
                " on: this is extrapolation, and grows worse with the distance, as a network that"
                " saturates does not know that numbers go on (--window 3 --by-window does)"
            )
        given = np.diff(self.given[-self.window - 1 :])
        if len(given) and not np.allclose(given, 1):
            said.append(
                "the given numbers do not count up by one, as those trained on do: the model has"
                " never seen their like"
            )
        return said


def predict_next(
    numbers: Sequence[float],
    *,
    steps: int = 5,
    window: int = 1,
    candidate: str = "lstm",
    train: str = "0..99",
    by_window: bool = False,
    seed: int = 0,
) -> NextNumbers:
    """Train on the whole numbers of `train`, then predict `steps` numbers after the given ones.

    `by_window` normalises each window by its own mean and spread instead of the series'.
    """
    odd = next((number for number in numbers if not np.isfinite(number)), None)
    if odd is not None:
        raise UserError(f"{odd}: not a finite number", "expected numbers such as 98 99 100")
    if by_window and window < 2:
        raise UserError(
            f"--by-window: a window of {window} has no spread of its own",
            "give a larger one, such as --window 3",
        )
    if len(numbers) < window:
        raise UserError(
            f"--window {window}: {len(numbers)} number{'s' * (len(numbers) != 1)} given",
            "give at least as many numbers as the window holds",
        )
    low, high = _range(train, window)
    prepared = _prepare(low, high, window, by_window)
    settings = {**TRAIN_SETTINGS, "batch_size": len(prepared.train), "patience": None, "seed": seed}
    model, history = train_one(
        prepared,
        candidate,
        params=MODEL_PARAMETERS,
        model={"dropout": 0.0},
        train=settings,
        refit=False,
    )
    known = [float(number) for number in numbers]
    for _ in range(steps):
        examples = prepared.task.encode(_table(known[-window:]))
        known.append(float(as_array(predict_all(prepared.task, model, examples))[0, 0, 0]))
    given, predicted = known[: len(numbers)], known[len(numbers) :]
    return NextNumbers(
        candidate,
        window,
        (low, high),
        tuple(given),
        tuple(predicted),
        history.seconds,
        by_window,
    )


def draw(answer: NextNumbers, path: Path) -> Path:
    """The numbers as one HTML page that needs nothing else."""
    from plotly import graph_objects

    G = len(answer.given)
    places = np.arange(1, G + len(answer.predicted) + 1)
    figure = graph_objects.Figure()
    for name, at, values, line in (
        ("given", places[:G], answer.given, "solid"),
        (f"predicted by {answer.candidate}", places[G:], answer.predicted, "solid"),
        ("counting on", places[G:], answer.counted, "dot"),
    ):
        figure.add_scatter(
            x=list(at), y=list(values), name=name, mode="lines+markers", line={"dash": line}
        )
    low, high = answer.trained
    figure.add_hrect(low, high, fillcolor="gray", opacity=0.1, line_width=0)
    figure.update_layout(
        title=f"What comes next? Trained on {low} to {high} (grey), window {answer.window}",
        xaxis_title="place",
        yaxis_title="number",
        yaxis_range=_view([*answer.given, *answer.predicted, *answer.counted]),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.write_html(path, include_plotlyjs=True)
    return path


def _view(values: Sequence[float]) -> list[float]:
    margin = 0.1 * (max(values) - min(values)) + 1
    return [min(values) - margin, max(values) + margin]


def _range(text: str, window: int) -> tuple[int, int]:
    match = re.fullmatch(r"\s*(-?\d+)\s*\.\.\s*(-?\d+)\s*", text)
    if match is None:
        raise UserError(f'--train "{text}": expected two whole numbers such as 0..99')
    low, high = int(match[1]), int(match[2])
    least = window + FEWEST_WINDOWS + 2
    if high - low + 1 < least:
        raise UserError(
            f"--train {low}..{high}: {max(0, high - low + 1)} numbers; a window of {window} needs"
            f" at least {least}",
            f"such as --train {low}..{low + 99}",
        )
    return low, high


def _prepare(low: int, high: int, window: int, by_window: bool) -> Prepared:
    """All numbers to train on but the last two: they fill the parts that every task has."""
    numbers = np.arange(low, high + 1, dtype=np.float64)
    spec = DataSpec(
        split=f"{len(numbers) - 2}/1/1",
        horizon=1,
        lookback=window,
        season=1,
        patch=1,
        revin=by_window,
        metric="mse",
    )
    (prepared,) = Forecast.prepare(Sources(_table(numbers)), spec, 0)
    return prepared


def _table(numbers: Sequence[float] | np.ndarray) -> Table:
    return Table(pd.DataFrame({COLUMN: np.asarray(numbers, dtype=np.float64)}), "numbers")

"""What comes next in one or many time series: `horizon` steps from the `lookback` steps before.

unique_id,ds,y
shop-1,2024-01-01,12.0
shop-1,2024-01-02,15.0
…                         →  shop-1,2024-04-01,14.2 … as many dates as the horizon
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab import registry
from seqlab.data.dependence import InTime
from seqlab.data.examples import Examples
from seqlab.data.findings import Finding
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.metrics.base import Metric
from seqlab.metrics.quantiles import QuantileMetric, Quantiles
from seqlab.registry import registered
from seqlab.tasks.base import (
    Confidence,
    DataSpec,
    Exhibit,
    Inputs,
    Loss,
    Predictions,
    Prepared,
    Sources,
    Task,
    as_array,
)
from seqlab.tasks.forecasting import examples as windowed
from seqlab.tasks.forecasting.doctor import examine, findings_of
from seqlab.tasks.forecasting.exhibits import draw
from seqlab.tasks.forecasting.fitted import Fitted
from seqlab.tasks.forecasting.layout import observe
from seqlab.tasks.forecasting.options import MEDIAN_LEVEL
from seqlab.tasks.forecasting.panel import Panel, build_panel
from seqlab.tasks.forecasting.preparation import fit, read
from seqlab.tasks.forecasting.recognition import recognise
from seqlab.tasks.forecasting.scaling import Scales, fit_scales
from seqlab.tasks.forecasting.windows import PartEnds, Windows, window_part

if TYPE_CHECKING:
    from torch import nn

    from seqlab.batch import Batch
    from seqlab.model.base import Model
    from seqlab.specs import ModelSpec

CARD = {
    "roles": ["time", "series", "target", "covariates", "known", "static"],
    "settings": [
        "split",
        "folds",
        "horizon",
        "lookback",
        "season",
        "stride",
        "patch",
        "revin",
        "channels",
        "calendar",
        "metric",
    ],
    "example": "336 hours of load → the 24 hours after",
    "augmentations": ["jitter", "masking"],  # others would change what follows, too
}

Rows = NDArray[np.int64]
# Windows overlap, so that an epoch of many holds much of the same: a training of some thousand
# steps is what counts, within a range of epochs.
BATCH_WINDOWS, TRAIN_STEPS, EPOCH_BOUNDS = 32, 1200, (5, 30)


@registered
class Forecast(Task):
    """Forecasts of every channel by itself or of all together, with or without quantiles."""

    # The last position has read the whole window; a head on all of them would take the width's
    # share of the parameters, the more so the longer the horizon.
    model_defaults: Mapping[str, Any] = MappingProxyType({"pooling": "last"})

    def __init__(self, fitted: Fitted) -> None:
        self.fitted = fitted
        self.metrics = fitted.metrics
        epochs = int(np.clip(-(-TRAIN_STEPS * BATCH_WINDOWS // fitted.windows), *EPOCH_BOUNDS))
        self.train_defaults = {"batch_size": BATCH_WINDOWS, "epochs": epochs}

    @classmethod
    def recognise(cls, table: Table) -> Confidence:
        return recognise(table)

    @classmethod
    def inspect(cls, sources: Sources, spec: DataSpec, seed: int) -> list[Finding]:
        return examine(sources, spec)

    @classmethod
    def prepare(cls, sources: Sources, spec: DataSpec, seed: int) -> list[Prepared]:
        panels = read(sources, spec)
        fits = [fit(panel, spec) for panel in panels]
        findings = findings_of(sources.train, panels[-1], *fits[-1])
        return [
            Prepared(cls(fitted), train, valid, test, card, findings)
            for fitted, (train, valid, test), card in fits
        ]

    @classmethod
    def sample(cls, rows: int, seed: int) -> Table:
        """Daily sales with a week in them."""
        rng = np.random.default_rng(seed)
        days = pd.date_range("2023-01-02", periods=5 * rows)
        week = np.array([5.0, 4.0, 4.0, 4.5, 6.0, 9.0, 8.0])
        sales = week[np.arange(len(days)) % 7] + rng.normal(0, 0.3, len(days))
        return Table(pd.DataFrame({"ds": days, "y": sales.round(3)}), "sample")

    # -- for models --------------------------------------------------------------------------

    @property
    def inputs(self) -> Inputs:
        fitted = self.fitted
        each = fitted.positions_ahead > 0
        return Inputs("values", fitted.features, fitted.positions, per_position=each)

    def head(self, width: int) -> nn.Module:
        from torch import nn

        return nn.Linear(width, self.fitted.outputs)

    def model(self, spec: ModelSpec) -> Model:
        """The usual sequence model, or an encoder–decoder."""
        if self.fitted.strategy != "encoder-decoder":
            return super().model(spec)
        from seqlab.tasks.forecasting.decoder import HorizonDecoder

        model = HorizonDecoder(spec, self.fitted.features, self.fitted.geometry.positions)
        model.head = self.head(spec.width)
        return model

    def batches(
        self,
        examples: Examples,
        batch_size: int,
        batch_tokens: int,
        rng: np.random.Generator | None,
    ) -> Iterator[Batch]:
        """Windows; each counts as one in `batch_size`, with all its channels in `batch_tokens`."""
        size = self._batch_rows(batch_size, batch_tokens)
        order = np.arange(len(examples)) if rng is None else rng.permutation(len(examples))
        for start in range(0, len(order), size):
            yield self._batch(examples, order[start : start + size])

    def batch_count(self, examples: Examples, batch_size: int, batch_tokens: int) -> int:
        """Counted without gathering a window."""
        return -(-len(examples) // self._batch_rows(batch_size, batch_tokens))

    def _batch_rows(self, batch_size: int, batch_tokens: int) -> int:
        return max(1, min(batch_size, batch_tokens // self._tokens))

    @property
    def _tokens(self) -> int:
        """Positions that a model reads of a window with all its channels."""
        return (1 if self.fitted.joint else self.fitted.channels) * self.fitted.positions

    def _batch(self, examples: Examples, rows: Rows) -> Batch:
        import torch

        from seqlab.batch import Batch

        geometry, C = self.fitted.geometry, self.fitted.channels
        mean, std, naive = (
            windowed.scale(name, examples, C, rows) for name in ("mean", "std", "naive")
        )
        targets = (windowed.future("targets", examples, geometry.horizon, rows) - mean) / std
        extra = {"mean": mean, "std": std}
        if registry.load("metrics", self.metrics[0]).space == "scaled":
            # A series that never moved in training has no scale (NaN): it does not count.
            extra["weight"] = np.nan_to_num(std / naive)[:, 0].astype(np.float32)
        if "known" in examples.shared:
            extra["known"] = windowed.past("known", examples, geometry.lookback, rows)
        if self.fitted.layout.known:
            ahead = windowed.future("inputs", examples, geometry.horizon, rows)
            extra["ahead"] = ahead[:, :, self.fitted.past_width :]
        if "static" in examples.shared:
            extra["static"] = np.asarray(examples.shared["static"])[
                windowed.series_of(examples, rows)
            ]
        if self.fitted.cycles:
            extra["calendar"] = windowed.patch_ends(examples, geometry, rows)
        return Batch(
            torch.from_numpy(windowed.past("inputs", examples, geometry.lookback, rows)),
            torch.from_numpy(targets.astype(np.float32)),
            rows=rows,
            extra={name: torch.from_numpy(value) for name, value in extra.items()},
            positions=len(rows) * self._tokens,
        )

    def loss(self, model: nn.Module, batch: Batch, state: Any = None) -> Loss:
        from seqlab.tasks.forecasting.network import error, stretch

        forecasts = stretch(model, batch, self.fitted)
        value, weight = error(forecasts, batch, self.metrics[0], self.fitted.quantiles)
        return Loss(value, weight)

    def predict(self, model: nn.Module, batch: Batch) -> Predictions:
        """(B, horizon, channels) in the data's own units; (…, quantiles) where they are asked."""
        import torch

        from seqlab.tasks.forecasting.network import forecast

        with torch.no_grad():
            standard = forecast(model, batch, self.fitted).cpu().double().numpy()
        mean, std = (batch.extra[name].cpu().numpy()[..., None] for name in ("mean", "std"))
        natural = standard * std + mean
        return np.asarray(natural if self.fitted.quantiles else natural[..., 0])

    # -- for people --------------------------------------------------------------------------

    def encode(self, table: Table) -> Examples:
        """One window for each series: the forecast that follows on its last value.

        A series shorter than the look-back is filled up on the left with missing values.
        """
        fitted, geometry = self.fitted, self.fitted.geometry
        H, observed = geometry.horizon, observe(table, fitted.layout)
        panel = build_panel([observed], fitted.layout, fitted.frequency, ahead=H)
        self._check_known(panel, table)
        history = panel.lengths - H
        scales = self._scales_for(panel.series, fit_scales(panel, history, geometry.season))
        panel = panel.preceded(np.maximum(geometry.lookback - history, 0))
        series = np.arange(len(panel))
        windows = Windows(series, panel.offsets[1:] - H, series, 1)
        shared = windowed.shared_arrays(panel, scales, fitted)
        examples = windowed.examples_of(windows, panel, shared)
        examples.frame["history"] = history
        shared["empty"] = np.array(panel.empty, dtype=np.str_)
        return examples

    def _check_known(self, panel: Panel, table: Table) -> None:
        """What is known in advance must be there for every step to be forecast."""
        H, past = self.fitted.geometry.horizon, self.fitted.past_width
        ahead = panel.offsets[1:, None] - H + np.arange(H)  # (series, H)
        missing = np.isnan(panel.values[ahead, past:])
        if missing.any():
            s, step, column = (int(place) for place in np.argwhere(missing)[0])
            moment = panel.moments(np.array([s]), ahead[s, step : step + 1])[0]
            place = self.fitted.layout.shown(moment)
            name = self.fitted.layout.known_inputs[column].partition("=")[0]
            of = f' of series "{panel.series[s]}"' if self.fitted.layout.series else ""
            raise UserError(
                f'"{table.origin}" column "{name}": nothing at {place}{of}, which is to be'
                " forecast",
                f"give rows for {H} steps after the last target, with what is known in advance",
            )

    def labelled(self, table: Table) -> Examples:
        """Every window with its targets."""
        return self.windows_of(table)

    def windows_of(self, table: Table) -> Examples:
        """Every window of a table that holds its look-back and its targets, for scoring."""
        fitted, geometry = self.fitted, self.fitted.geometry
        panel = build_panel([observe(table, fitted.layout)], fitted.layout, fitted.frequency)
        whole = PartEnds(np.repeat(panel.lengths[:, None], 3, axis=1), "everything")
        windows = window_part(panel, whole, 0, geometry, 1, len(panel.values))
        if not len(windows):
            raise UserError(
                f'"{table.origin}": no series holds a look-back of {geometry.lookback} and a'
                f" horizon of {geometry.horizon} steps",
                "score longer series",
            )
        scales = self._scales_for(panel.series, fit_scales(panel, panel.lengths, geometry.season))
        return windowed.examples_of(windows, panel, windowed.shared_arrays(panel, scales, fitted))

    def _scales_for(self, series: tuple[str, ...], own: Scales) -> Scales:
        """The scales of the training part for series known from it, their own for others."""
        number = {name: s for s, name in enumerate(self.fitted.series)}
        known = np.array([name in number for name in series])
        rows = np.array([number.get(name, 0) for name in series])
        trained = self.fitted.scales.take(rows)
        return Scales(
            *(
                np.where(known[:, None], getattr(trained, name), getattr(own, name))
                for name in ("mean", "std", "naive")
            )
        )

    def dependence(self, tests: Sequence[Examples]) -> InTime:
        """Windows that overlap or lie near each other depend on each other."""
        names = pd.concat([test.frame["unique_id"].astype(str) for test in tests])
        steps = [windowed.origins(test) + windowed.starts(test) for test in tests]
        return InTime(
            series=names.factorize()[0].astype(np.int64),
            step=np.concatenate(steps),
            horizon=self.fitted.geometry.horizon,
            calendar=self.fitted.frequency.dated,
        )

    def truth(self, examples: Examples) -> NDArray[np.float64]:
        """What was to be forecast, (windows, horizon, channels), NaN where it is not known."""
        return np.asarray(windowed.future("targets", examples, self.fitted.geometry.horizon))

    def statistics(
        self, metric: Metric, predictions: Predictions, examples: Examples
    ) -> NDArray[np.float64]:
        """(windows, K), after both sides are brought to the metric's scale."""
        return self.collect(metric, *self.on_scale(metric.space, predictions, examples))

    def collect(
        self, metric: Metric, predicted: NDArray[np.float64], wanted: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """What the metric reads: all quantiles, or the forecast in their middle."""
        if predicted.ndim == wanted.ndim:
            return metric.collect(predicted, wanted)
        if isinstance(metric, QuantileMetric):
            return metric.collect(Quantiles(predicted, self.fitted.quantiles), wanted)
        return metric.collect(self.middle(predicted), wanted)

    def middle(self, predictions: Predictions) -> NDArray[np.float64]:
        """The forecast itself, (windows, horizon, channels): of quantiles, the median."""
        predicted = as_array(predictions)
        if predicted.ndim == 3:
            return predicted
        return np.asarray(predicted[..., self.fitted.quantiles.index(MEDIAN_LEVEL)])

    def on_scale(
        self, space: str, predictions: Predictions, examples: Examples
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Predictions and truth in a metric's space: natural, standard or scaled."""
        predicted, wanted = as_array(predictions), self.truth(examples)
        if space == "natural":
            return predicted, wanted
        C = self.fitted.channels
        centre = windowed.scale("mean", examples, C)
        unit = windowed.scale({"standard": "std", "scaled": "naive"}[space], examples, C)
        wanted = (wanted - centre) / unit
        if predicted.ndim > wanted.ndim:
            centre, unit = centre[..., None], unit[..., None]
        return (predicted - centre) / unit, wanted

    def exhibits(self, predictions: Predictions, examples: Examples) -> list[Exhibit]:
        return draw(self, predictions, examples)

    def present(self, predictions: Predictions, examples: Examples) -> pd.DataFrame:
        """unique_id, ds and a column for each target (and y_q10 for its quantile at 10 %): a row
        for each forecast date.

        Where a series has several forecasts, `cutoff` is the last date known to each; where it
        had less history than a forecast reads, or none, `note` says so.
        """
        H = self.fitted.geometry.horizon
        first = windowed.starts(examples) + windowed.origins(examples)
        positions = first[:, None] + np.arange(H)
        grid, written = windowed.grid(examples, self.fitted), self.fitted.layout.written
        columns: dict[str, Any] = {
            "unique_id": self.fitted.layout.named(
                np.repeat(examples.frame["unique_id"].astype("str").to_numpy(dtype=object), H)
            )
        }
        if examples.frame["unique_id"].duplicated().any():
            columns["cutoff"] = written(np.repeat(grid.moments(first - 1), H))
        columns["ds"] = written(grid.moments(positions.ravel()))
        predicted, middle = as_array(predictions), self.middle(predictions)
        for c, name in enumerate(self.fitted.layout.targets):
            columns[name] = middle[:, :, c].ravel()
            for q, level in enumerate(self.fitted.quantiles if predicted.ndim == 4 else ()):
                if level != MEDIAN_LEVEL:
                    columns[f"{name}_q{100 * level:g}"] = predicted[:, :, c, q].ravel()
        if "history" in examples.frame and (history := examples.frame["history"]).min() < (
            L := self.fitted.geometry.lookback
        ):
            notes = [f"only {n} of {L} steps of history" if n < L else "" for n in history]
            columns["note"] = np.repeat(notes, H)
        table = pd.DataFrame(columns)
        if len(empty := examples.shared.get("empty", ())):
            names = self.fitted.layout.named(np.array(empty, dtype=object))
            rows = pd.DataFrame({"unique_id": names, "note": "no values to forecast from"})
            return pd.concat([table, rows], ignore_index=True)
        return table

    def save(self, folder: Path) -> None:
        self.fitted.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Forecast:
        return cls(Fitted.load(folder))

    def subset(self, examples: Examples, size: int, seed: int) -> Examples:
        """The latest windows: less data is a shorter history, and smaller lies within larger."""
        position = windowed.starts(examples) + windowed.origins(examples)
        if not self.fitted.frequency.dated:  # counted back from each series' last window
            series = windowed.series_of(examples)
            last = np.full(series.max() + 1, np.iinfo(np.int64).min)
            np.maximum.at(last, series, position)
            position = position - last[series]
        latest = np.argsort(-position, kind="stable")[:size]
        return examples.take(np.sort(latest))

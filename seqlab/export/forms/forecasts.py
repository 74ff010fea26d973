"""Forecasts: windows in, what comes after them out, in the data's own units."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seqlab.batch import Batch
from seqlab.data.examples import Examples
from seqlab.export.forms.form import BATCH, Form, Port, some_of
from seqlab.export.runtime import Session
from seqlab.model.base import Model
from seqlab.tasks.base import Predictions
from seqlab.tasks.forecast import Forecast
from seqlab.tasks.forecasting.fitted import Fitted
from seqlab.tasks.forecasting.network import forecast


class ForecastForm(Form):
    """inputs (B, L, channels) standard values of the look-back, mean and std of each series,
    known (B, L, channels) where a value was observed, and what is known of the time to come →
    forecast (B, horizon, channels), with quantiles last where they are asked.
    """

    def __init__(self, task: Forecast, model: Model | None) -> None:
        self.task, self.model = task, model
        self.outputs = (Port("forecast", {0: BATCH}),)
        names = ["inputs", "mean", "std", "known"]
        fitted = task.fitted
        names += ["ahead"] if fitted.layout.known else []
        names += ["static"] if fitted.static_mean else []
        names += ["calendar"] if fitted.cycles else []
        self.inputs = tuple(Port(name, {0: BATCH}) for name in names)

    @cached_property
    def network(self) -> nn.Module:
        assert self.model is not None
        names = [port.name for port in self.inputs[1:]]
        return ForecastNetwork(self.model, self.task.fitted, names).eval()

    def lengths(self, examples: Examples) -> Sequence[int | None]:
        return [None]

    def arguments(self, examples: Examples, rows: int, length: int | None) -> tuple[Tensor, ...]:
        few = some_of(examples)
        again = few.take(np.arange(rows) % len(few))
        (batch,) = self.task.batches(again, rows, 2**62, None)
        return self._tensors(batch)

    def _tensors(self, batch: Batch) -> tuple[Tensor, ...]:
        known = torch.ones_like(batch.inputs, dtype=torch.bool)
        every = {"inputs": batch.inputs, "known": known, **batch.extra}
        return tuple(every[port.name] for port in self.inputs)

    def compared(
        self, outputs: Sequence[NDArray[Any]], arguments: Sequence[NDArray[Any]]
    ) -> list[NDArray[Any]]:
        """On the scale of each series: units may be millions."""
        mean, std = (np.asarray(arguments[place]) for place in (1, 2))
        if self.task.fitted.quantiles:
            mean, std = mean[..., None], std[..., None]
        return [(np.asarray(output) - mean) / std for output in outputs]

    def predict(self, session: Session, examples: Examples) -> Predictions:
        names = [port.name for port in self.inputs]
        parts = []
        for batch in self.task.batches(examples, 256, 65536, None):
            arrays = [tensor.numpy() for tensor in self._tensors(batch)]
            parts.append(session(*arrays, names=names)[0])
        return np.concatenate(parts).astype(np.float64)


class ForecastNetwork(nn.Module):
    """A model between the scales of its series: instance normalisation, patches, quantiles."""

    def __init__(self, model: Model, fitted: Fitted, names: Sequence[str]) -> None:
        super().__init__()
        self.model, self.fitted, self.names = model, fitted, list(names)

    def forward(self, inputs: Tensor, *others: Tensor) -> Tensor:
        """In the data's own units."""
        extra = dict(zip(self.names, others, strict=True))
        mean, std = extra["mean"], extra["std"]
        standard = forecast(self.model, Batch(inputs, extra=extra), self.fitted)
        natural = standard * std[..., None] + mean[..., None]
        return natural if self.fitted.quantiles else natural[..., 0]

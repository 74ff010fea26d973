"""Logistic regression on features of a pre-trained model that stays as it is (linear probing).

It enters by its name among the candidates: minilm-lr, static-lr, ./my-checkpoint-lr.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from seqlab.baselines.base import Baseline, State, target_of
from seqlab.baselines.checked import checked
from seqlab.baselines.logistic import each_label, one_label, probabilities
from seqlab.data.examples import Examples
from seqlab.metrics.log_loss import LogLoss
from seqlab.pretrained.sentences import FrozenCheckpoint, SentenceVectors
from seqlab.pretrained.static import StaticTable
from seqlab.registry import registered
from seqlab.tasks.base import Predictions
from seqlab.tasks.row_task import RowTask
from seqlab.tasks.targets.classes import Classes

CARD = {"tasks": ()}  # in none by itself
INVERSE_PENALTIES = (0.001, 0.01, 0.1, 1.0)  # C of scikit-learn; the validation part chooses

Array = NDArray[np.float64]


@registered
class FrozenLr(Baseline[RowTask]):
    """Standardised sentence vectors; strength of regularisation chosen by validation log-loss.

    source  a name of the catalogue, or a folder
    digest  of what lies there
    window  the most tokens of a text
    static  tokens by themselves, from a table, instead of texts through the network
    """

    def __init__(
        self, source: str = "", digest: str = "", window: int = 0, static: bool = False
    ) -> None:
        self.settings: dict[str, Any] = {
            "source": source,
            "digest": digest,
            "window": window,
            "static": static,
        }
        self.encoder: SentenceVectors | None = None
        self.mean, self.std = np.zeros(0), np.ones(0)
        self.weights, self.intercepts = np.zeros((0, 0)), np.zeros(0)

    def fit(self, task: RowTask, train: Examples, valid: Examples, seed: int) -> Self:
        """Features in one pass, then a regression per strength."""
        encoder = self.encoder or self._encoder()
        target = target_of(task, Classes)
        raw = encoder.features(train.frame).astype(np.float64)
        mean, std = raw.mean(axis=0), raw.std(axis=0)
        std = np.where(std > 1e-8, std, 1.0)
        x, labels = (raw - mean) / std, np.asarray(train.arrays["label"])
        solve, metric = each_label if target.multi_label else one_label, LogLoss()
        fitted, losses = [], []
        for strength in INVERSE_PENALTIES:
            one = self._learned(
                encoder, mean, std, *solve(x, labels, len(target.classes), strength)
            )
            fitted.append(one)
            losses.append(metric.value(task.statistics(metric, one.predict(task, valid), valid)))
        return fitted[int(np.argmin(losses))]

    def predict(self, task: RowTask, examples: Examples) -> Predictions:
        """Probabilities (n, C); none for a class that was not in its training part."""
        assert self.encoder is not None, "not fitted"
        x = (self.encoder.features(examples.frame) - self.mean) / self.std
        logits = x @ self.weights.T + self.intercepts
        return probabilities(logits, target_of(task, Classes).multi_label)

    @property
    def parameters(self) -> int:
        """Weights and intercepts; the encoder was learned elsewhere."""
        return int(self.weights.size + self.intercepts.size)

    def brought_parameters(self) -> int:
        """Of the encoder, or of the table."""
        return 0 if self.encoder is None else self.encoder.parameters

    def unfitted(self) -> Self:
        """With the encoder at hand, which computes everything itself where it was stored."""
        fresh = type(self)(**self.settings)
        fresh.encoder = self.encoder
        return fresh

    def state(self) -> State:
        """The encoder whole, so that nothing else is needed to predict, and the regression."""
        assert self.encoder is not None, "not fitted"
        values, arrays = self.encoder.state()
        own: dict[str, Any] = {"mean": self.mean, "std": self.std}
        own |= {"weights": self.weights, "intercepts": self.intercepts}
        return {"settings": self.settings, "encoder": values}, {**arrays, **own}

    @classmethod
    def from_state(cls, state: State) -> Self:
        """From what `state` gave."""
        values, arrays = state
        made = cls(**values["settings"])
        kind = StaticTable if values["settings"]["static"] else FrozenCheckpoint
        encoder = kind.from_state((values["encoder"], arrays))
        own = checked(arrays, mean="F", std="F", weights="C F")
        intercepts = np.asarray(arrays["intercepts"], dtype=np.float64)
        if intercepts.shape != own["weights"].shape[:1]:
            raise ValueError("intercepts do not fit the weights")
        return made._learned(encoder, own["mean"], own["std"], own["weights"], intercepts)

    def _encoder(self) -> SentenceVectors:
        source, window = str(self.settings["source"]), int(self.settings["window"])
        if self.settings["static"]:
            return StaticTable.load(source)
        return FrozenCheckpoint.load(source, window)

    def _learned(
        self, encoder: SentenceVectors, mean: Array, std: Array, weights: Array, intercepts: Array
    ) -> Self:
        one = type(self)(**self.settings)
        one.encoder, one.mean, one.std = encoder, mean, std
        one.weights, one.intercepts = weights, intercepts
        return one

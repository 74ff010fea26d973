"""MiniRocket: shares of positive values of thousands of fixed convolutions, and a ridge on them.

    c = z ∗ w at dilation d, w the 84 kernels of length 9 with three weights of 2 and six of −1
    feature = share of positions with c > b, b a quantile of c on a training example

z is the sum of a random set of channels. Probabilities are the softmax of the ridge's decisions,
at the temperature that the validation part prefers.

Dempster, Schmidt & Webb (2021), MiniRocket: a very fast (almost) deterministic transform for time
series classification, KDD. Departure: always padded, with zeros, so that short series have features
at every dilation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import RidgeClassifierCV

from seqlab.baselines.base import Baseline, State, input_of, target_of
from seqlab.baselines.checked import between, checked
from seqlab.data.examples import Examples
from seqlab.kernels.loops.compilation import compiled
from seqlab.registry import registered
from seqlab.tasks.base import Predictions
from seqlab.tasks.inputs.values import ValueInput
from seqlab.tasks.row_task import RowTask
from seqlab.tasks.targets.classes import Classes

CARD = {"title": "random convolutions + ridge", "tasks": ["series"]}

FEATURE_COUNT = 9996
KERNEL_LENGTH = 9
MOST_DILATIONS = 32
LONGEST_DILATION = 2**40  # steps; beyond any series, and no overflow when multiplied
MOST_CHANNELS = 9  # that one convolution sums
# The places of a kernel's weights of 2; all others are −1.
KERNEL_TRIPLES = np.array(list(combinations(range(KERNEL_LENGTH), 3)), dtype=np.int64)
PENALTIES = np.logspace(-3, 3, 13)
TEMPERATURES = np.logspace(-1, 2, 25)
GOLDEN_RATIO = (np.sqrt(5) + 1) / 2

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Convolutions:
    """dilations (M,), triples (M,) by number, channels (M, C) as 0 or 1, biases (M, Q)."""

    dilations: NDArray[np.int64]
    triples: NDArray[np.int64]
    channels: Floats
    biases: Floats

    def features(self, series: list[Floats]) -> NDArray[np.float64]:
        """Shares of positive values, (n, M · Q)."""
        channels = {x.shape[1] for x in series} - {self.channels.shape[1]}
        if channels:  # compiled code would read beyond its arrays
            raise ValueError(f"series of {channels} channels, not {self.channels.shape[1]}")
        pooled = np.empty((len(series), self.biases.size), dtype=np.float32)
        for row, x in enumerate(series):
            _shares(
                x,
                self.dilations,
                KERNEL_TRIPLES[self.triples],
                self.channels,
                self.biases,
                pooled[row],
            )
        return pooled.astype(np.float64)


@partial(compiled, fastmath=True)
def _convolve(z: Floats, dilation: int, triple: NDArray[np.int64], out: Floats) -> None:
    """out_t = 3 Σ_{j in triple} z_{t + (j − 4) d} − Σ_j z_{t + (j − 4) d}; 0 beyond the ends."""
    T = len(z)
    out[:] = 0
    for j in range(9):
        weight = np.float32(-1)
        if j == triple[0] or j == triple[1] or j == triple[2]:
            weight = np.float32(2)
        shift = (j - 4) * dilation
        for t in range(max(0, -shift), min(T, T - shift)):
            out[t] += weight * z[t + shift]


@partial(compiled, fastmath=True)
def _shares(
    x: Floats,
    dilations: NDArray[np.int64],
    triples: NDArray[np.int64],
    channels: Floats,
    biases: Floats,
    out: Floats,
) -> None:
    T, C = x.shape
    z, c = np.zeros(T, np.float32), np.empty(T, np.float32)
    M, Q = biases.shape
    for m in range(M):
        z[:] = 0
        for channel in range(C):
            if channels[m, channel] > 0:
                z += x[:, channel]
        _convolve(z, dilations[m], triples[m], c)
        for q in range(Q):
            above = 0
            for t in range(T):
                above += c[t] > biases[m, q]
            out[m * Q + q] = above / T


def fit_convolutions(series: list[Floats], seed: int) -> Convolutions:
    """Dilations up to the usual length, random channels, biases from training examples."""
    rng = np.random.default_rng(seed)
    usual, C = int(np.median([len(x) for x in series])), series[0].shape[1]
    most = max(0.0, np.log2(max(1, usual - 1) / (KERNEL_LENGTH - 1)))
    spread = 2 ** np.linspace(0, most, MOST_DILATIONS)
    distinct = np.unique(np.maximum(1, spread.astype(np.int64)))
    each = max(1, FEATURE_COUNT // (len(KERNEL_TRIPLES) * len(distinct)))
    dilations = np.repeat(distinct, len(KERNEL_TRIPLES))
    triples = np.tile(np.arange(len(KERNEL_TRIPLES)), len(distinct))
    channels = np.zeros((len(dilations), C), dtype=np.float32)
    biases = np.empty((len(dilations), each), dtype=np.float32)
    levels = ((np.arange(1, len(dilations) * each + 1) * GOLDEN_RATIO) % 1).reshape(-1, each)
    for m in range(len(dilations)):
        count = int(2 ** rng.uniform(0, np.log2(min(C, MOST_CHANNELS) + 1)))
        chosen = rng.choice(C, count, replace=False)
        channels[m, chosen] = 1
        x = series[rng.integers(len(series))]
        c = np.empty(len(x), dtype=np.float32)
        z = np.ascontiguousarray(x[:, chosen].sum(axis=1))
        _convolve(z, int(dilations[m]), KERNEL_TRIPLES[triples[m]], c)
        biases[m] = np.quantile(c, levels[m])
    return Convolutions(dilations, triples, channels, biases)


@registered
class Minirocket(Baseline[RowTask]):
    """Nearly ten thousand features; the ridge's strength by leave-one-out."""

    deterministic = False

    def __init__(
        self, convolutions: Convolutions | None = None, arrays: dict[str, Any] | None = None
    ) -> None:
        """`arrays`: mean and std of the features, coef (C, F), intercept (C,), temperature (1,)."""
        self.convolutions, self.arrays = convolutions, arrays or {}

    def fit(self, task: RowTask, train: Examples, valid: Examples, seed: int) -> Self:
        """Convolutions, then a ridge on standard features, then the temperature."""
        series, labels = input_of(task, ValueInput).vectors(train), train.array("label")
        convolutions = fit_convolutions(series, seed)
        features = convolutions.features(series)
        mean, std = features.mean(axis=0), features.std(axis=0) + 1e-8
        ridge = RidgeClassifierCV(alphas=PENALTIES).fit((features - mean) / std, labels)
        coef, intercept = np.atleast_2d(ridge.coef_), np.atleast_1d(ridge.intercept_)
        if len(coef) == 1:  # two classes share one decision
            coef, intercept = np.concatenate([-coef, coef]), np.concatenate([-intercept, intercept])
        whole = np.zeros((len(target_of(task, Classes).classes), coef.shape[1]))
        whole[ridge.classes_] = coef
        intercepts = np.full(
            len(target_of(task, Classes).classes), -1e3
        )  # a class that training has not: never
        intercepts[ridge.classes_] = intercept
        arrays = {"mean": mean, "std": std, "coef": whole, "intercept": intercepts}
        fitted = type(self)(convolutions, {**arrays, "temperature": np.ones(1)})
        best = fitted._temperature(task, valid)
        return type(self)(convolutions, {**arrays, "temperature": np.array([best])})

    def _temperature(self, task: RowTask, valid: Examples) -> float:
        decisions = self._decisions(task, valid)
        rows, wanted = np.arange(len(valid)), np.asarray(valid.arrays["label"])
        losses = [-_log_softmax(t * decisions)[rows, wanted].mean() for t in TEMPERATURES]
        return float(TEMPERATURES[int(np.argmin(losses))])

    def _decisions(self, task: RowTask, examples: Examples) -> NDArray[np.float64]:
        assert self.convolutions is not None
        learned = self.arrays
        raw = self.convolutions.features(input_of(task, ValueInput).vectors(examples))
        features = (raw - learned["mean"]) / learned["std"]
        return np.asarray(features @ learned["coef"].T + learned["intercept"])

    def predict(self, task: RowTask, examples: Examples) -> Predictions:
        """Class probabilities (n, C)."""
        decisions = self._decisions(task, examples)
        return np.exp(_log_softmax(float(self.arrays["temperature"][0]) * decisions))

    @property
    def parameters(self) -> int:
        """Biases, weights and intercepts."""
        assert self.convolutions is not None
        learned = (self.convolutions.biases, self.arrays["coef"], self.arrays["intercept"])
        return sum(int(array.size) for array in learned)

    def state(self) -> State:
        """Convolutions and weights."""
        assert self.convolutions is not None
        return {}, {**vars(self.convolutions), **self.arrays}

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Convolutions and weights again."""
        arrays = state[1]
        each = {"dilations": "M", "triples": "M", "channels": "M N", "biases": "M Q"}
        read = checked(
            arrays, **each, mean="F", std="F", coef="C F", intercept="C", temperature="1"
        )
        if read["biases"].size != len(read["mean"]):
            raise ValueError(f"{read['biases'].size} features have {len(read['mean'])} means")
        convolutions = Convolutions(
            between("dilations", read["dilations"], 1, LONGEST_DILATION),
            between("triples", read["triples"], 0, len(KERNEL_TRIPLES) - 1),
            read["channels"].astype(np.float32),
            read["biases"].astype(np.float32),
        )
        return cls(convolutions, {name: read[name] for name in read if name not in each})


def _log_softmax(x: NDArray[np.float64]) -> NDArray[np.float64]:
    x = x - x.max(axis=1, keepdims=True)
    return np.asarray(x - np.log(np.exp(x).sum(axis=1, keepdims=True)))

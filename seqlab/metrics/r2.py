"""Share of the targets' variance that the predictions explain, averaged over the channels."""

from __future__ import annotations

import numpy as np

from seqlab.metrics.base import Array, Metric
from seqlab.metrics.predictions import errors_and_known
from seqlab.registry import registered

CARD = {"tasks": ["forecast", "regress"]}


@registered
class R2(Metric):
    """Statistics per channel, over an example's known targets: count, sum, Σ (target − their
    mean)², Σ error².

    A channel that does not vary has no variance to explain and is left out; NaN where none varies.
    """

    higher_is_better = True

    def collect(self, predictions: Array, targets: Array) -> Array:
        errors, known = errors_and_known(predictions, targets)
        shape = (len(errors), -1, np.shape(targets)[-1] if np.ndim(targets) > 1 else 1)
        known = known.reshape(shape)  # (n, H, channels)
        wanted = np.where(known, np.reshape(targets, shape), 0.0)
        count, total = known.sum(axis=1), wanted.sum(axis=1)
        means = total / np.maximum(count, 1)
        spread = np.where(known, (wanted - means[:, None]) ** 2, 0.0).sum(axis=1)
        squares = (errors.reshape(shape) ** 2).sum(axis=1)
        return np.concatenate([count, total, spread, squares], axis=1)  # (n, 4·channels)

    def reduce(self, statistics: Array, weights: Array) -> Array:
        count, total, spread, squares = np.split(statistics, 4, axis=1)  # (n, channels) each
        # Sums are taken about the overall mean: far from zero, Σ y² − (Σ y)²/N would cancel.
        mean = total.sum(axis=0) / np.maximum(count.sum(axis=0), 1)  # (channels,)
        total = total - count * mean
        about_mean = spread + total**2 / np.maximum(count, 1)
        with np.errstate(invalid="ignore", divide="ignore"):
            varied = weights @ about_mean - (weights @ total) ** 2 / (weights @ count)
            rounding = weights @ (1e-12 * about_mean + 1e-26 * count * mean**2)
            varies = varied > rounding
            shares = np.where(varies, 1 - weights @ squares / np.where(varies, varied, 1.0), 0.0)
            return shares.sum(axis=1) / varies.sum(axis=1)  # (draws,)

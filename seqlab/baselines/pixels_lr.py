"""Logistic regression on pixels: what an image shows without any neighbourhood."""

from __future__ import annotations

import numpy as np

from seqlab.baselines.linear_classifier import Array, LinearClassifier
from seqlab.data.examples import Examples
from seqlab.registry import registered
from seqlab.tasks.series_classification.classifier import ValueClassifier

CARD = {"tasks": ["images"]}


@registered
class PixelsLr(LinearClassifier):
    """One weight a pixel, colour and class."""

    def features(self, task: ValueClassifier, examples: Examples) -> Array:
        """All standard values of an image, (n, height · width · colours)."""
        return np.stack([x.ravel() for x in task.vectors(examples)]).astype(np.float64)

"""Logistic regression on pixels: what an image shows without any neighbourhood."""

from __future__ import annotations

import numpy as np

from seqlab.baselines.base import input_of
from seqlab.baselines.linear_classifier import Array, LinearClassifier
from seqlab.data.examples import Examples
from seqlab.registry import registered
from seqlab.tasks.inputs.image import Image
from seqlab.tasks.row_task import RowTask

CARD = {"title": "pixels + logistic regression", "tasks": ["images"]}


@registered
class PixelsLr(LinearClassifier):
    """One weight a pixel, colour and class."""

    def features(self, task: RowTask, examples: Examples) -> Array:
        """All standard values of an image, (n, height · width · colours)."""
        images = input_of(task, Image).vectors(examples)
        return np.stack([image.ravel() for image in images]).astype(np.float64)

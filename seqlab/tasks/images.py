"""Classification of images, read as sequences of rows, pixels or patches.

an image of 8×8 → 8 positions of 8 values → "3"
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from seqlab.data import columns as guess
from seqlab.data.table import Table
from seqlab.data.ts_format import series_column
from seqlab.errors import UserError
from seqlab.registry import registered
from seqlab.tasks.base import Confidence
from seqlab.tasks.classifier import Classifier
from seqlab.tasks.inputs.image import Image
from seqlab.tasks.parts import ColumnRequest

CARD = {
    "roles": ["image", "label", "group", "split"],
    "settings": ["split", "group", "folds", "label_weights", "metric"],
    "example": "a handwritten digit, row by row → 3",
}


@registered
class ClassifyImages(Classifier):
    """(B, positions, features) in, class probabilities (B, C) out."""

    input_types = (Image,)
    reader: Image

    @classmethod
    def recognise(cls, table: Table) -> Confidence:
        """A column of images, and a column `label` or `class`: others can be much else."""
        try:
            choice = Image.find(table, ColumnRequest({}))
        except UserError as error:
            return Confidence(0.0, error.message)
        labelled = any(guess.normalised(str(n)) in ("label", "class") for n in table.frame.columns)
        return Confidence(choice.score if labelled else min(choice.score, 0.4), choice.why)

    @classmethod
    def sample(cls, rows: int, seed: int) -> Table:
        """A bright line across or down."""
        rng = np.random.default_rng(seed)
        images = rng.integers(0, 60, (rows, 6, 6)).astype(np.uint8)
        across = rng.random(rows) < 0.5
        for image, flat, place in zip(images, across, rng.integers(0, 6, rows), strict=True):
            image[(place, slice(None)) if flat else (slice(None), place)] = 255
        labels = np.where(across, "across", "down")
        return Table(
            pd.DataFrame({"image": series_column(list(images)), "label": labels}), "sample"
        )

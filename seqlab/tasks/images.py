"""Classification of images, read as sequences of rows, pixels or patches.

an image of 8×8 → 8 positions of 8 values → "3"
"""

from __future__ import annotations

from seqlab.data import columns as guess
from seqlab.data.table import Table
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
            found = Image.find(table, ColumnRequest({}))
        except UserError as error:
            return Confidence(0.0, error.message)
        labelled = any(guess.normalised(str(n)) in ("label", "class") for n in table.frame.columns)
        return Confidence(found.score if labelled else min(found.score, 0.4), found.why)

"""Classification of images, read as sequences of rows, pixels or patches.

    an image of 8×8 → 8 positions of 8 values → "3"

Values are standardised by the training part. `--set options.positions=rows|pixels|patches` says
what a position is, `options.patch` how many pixels a side a patch has.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data.examples import Examples
from seqlab.data.findings import Finding
from seqlab.data.inspection import as_finding
from seqlab.data.splits import Splits
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.registry import registered
from seqlab.tasks.base import (
    Confidence,
    DataSpec,
    Exhibit,
    Inputs,
    Predictions,
    Prepared,
    Sources,
)
from seqlab.tasks.classification.preparing import PARTS
from seqlab.tasks.series_classification import exhibits as shown
from seqlab.tasks.series_classification.classifier import (
    Classes,
    ValueClassifier,
    card_of,
    fit_classes,
)
from seqlab.tasks.series_classification.collection import Collection
from seqlab.tasks.series_classification.inspecting import findings_of
from seqlab.tasks.series_classification.pictures import (
    as_positions,
    collect,
    collection_of,
    recognise,
)
from seqlab.tasks.series_classification.settings import ImageOptions

CARD = {
    "roles": ["image", "label", "group", "split"],
    "settings": ["split", "group", "folds", "label_weights", "metric"],
    "example": "a handwritten digit, row by row → 3",
}


class FittedImages(Classes):
    """Classes, the images' shape, their darkest and lightest value, and their scale.

    mean and std: of all values of the training part, where the darkest is 0 and the lightest 1.
    """

    shape: tuple[int, ...]
    low: float
    high: float
    mean: float
    std: float
    options: ImageOptions

    def bytes_of(self, images: list[NDArray[np.float64]]) -> NDArray[np.uint8]:
        """Images (n, height, width[, colours]) in 256 levels from darkest to lightest."""
        share = (np.stack(images) - self.low) / (self.high - self.low)
        return np.round(255 * share.clip(0, 1)).astype(np.uint8)

    def encode(self, data: Collection, rows: NDArray[np.int64]) -> Examples:
        """Pixels of some images, and their classes."""
        pixels = self.bytes_of([np.asarray(data.values[row], dtype=np.float64) for row in rows])
        labels = self.numbers([data.labels[row] for row in rows])
        frame = pd.DataFrame({"name": [data.names[row] for row in rows]}, dtype=object)
        return Examples({"pixels": pixels, "label": labels}, frame)


@registered
class Images(ValueClassifier):
    """(B, positions, features) in, class probabilities (B, C) out."""

    fitted_type = FittedImages
    fitted: FittedImages

    @classmethod
    def recognise(cls, table: Table) -> Confidence:
        return recognise(table)

    @classmethod
    def inspect(cls, sources: Sources, spec: DataSpec, seed: int) -> list[Finding]:
        try:
            data = collect(sources, spec)
        except UserError as error:
            return [as_finding(error)]
        size = "×".join(map(str, data.values[0].shape))
        count = Finding("info", f"{len(data.values):,} images of {size}")
        return [count, *findings_of(data, sources, spec, seed)]

    @classmethod
    def prepare(cls, sources: Sources, spec: DataSpec, seed: int) -> list[Prepared]:
        data = collect(sources, spec)
        options = ImageOptions.read(spec.options, "options")
        return [cls._prepared(data, options, s, spec) for s in data.divide(spec, seed)]

    @classmethod
    def _prepared(
        cls, data: Collection, options: ImageOptions, splits: Splits, spec: DataSpec
    ) -> Prepared:
        pixels = np.stack([data.values[row] for row in splits.train]).astype(np.float64)
        low, high = float(pixels.min()), float(pixels.max())
        if high <= low:
            raise UserError(f'"{data.origin}": all pixels are {low:g}', "bring other images")
        share = (pixels - low) / (high - low)
        fitted = FittedImages(
            **fit_classes(data, splits, spec),
            shape=tuple(pixels.shape[1:]),
            low=low,
            high=high,
            mean=float(share.mean()),
            std=max(float(share.std()), 1e-6),
            options=options,
        )
        card = card_of(data, splits, fitted)
        card |= {"image_shape": list(fitted.shape), "positions": options.positions}
        train, valid, test = (fitted.encode(data, getattr(splits, part)) for part in PARTS)
        return Prepared(cls(fitted), train, valid, test, card)

    @property
    def inputs(self) -> Inputs:
        """Positions of one number."""
        H, W, C = (*self.fitted.shape, 1)[:3]
        options = self.fitted.options
        empty = np.zeros((1, H, W, C), dtype=np.float32)
        _, length, features = as_positions(empty, options.positions, options.patch).shape
        return Inputs("values", features, length, length)

    def lengths(self, examples: Examples) -> NDArray[np.int64]:
        length = self.inputs.length
        assert length is not None
        return np.full(len(examples), length)

    def sequences(
        self, examples: Examples, rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_] | None]:
        options = self.fitted.options
        return as_positions(self._standard(examples, rows), options.positions, options.patch), None

    def _standard(self, examples: Examples, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        pixels = np.asarray(examples.arrays["pixels"])[rows].astype(np.float32)
        x = (pixels / 255 - self.fitted.mean) / self.fitted.std
        return np.asarray(x if x.ndim == 4 else x[..., None], dtype=np.float32)  # (B, H, W, C)

    def vectors(self, examples: Examples) -> list[NDArray[np.float32]]:
        x = self._standard(examples, np.arange(len(examples)))
        return list(as_positions(x, "rows", 1))

    def encode(self, table: Table) -> Examples:
        """New images; their labels too, where the table has them."""
        fitted = self.fitted
        given = dict(fitted.columns)
        if given["image"] not in table.frame.columns:
            del given["image"]
        data = collection_of(table, given, fitted.options, training=False)
        if data.values[0].shape != fitted.shape:
            held, wanted = ("×".join(map(str, s)) for s in (data.values[0].shape, fitted.shape))
            raise UserError(
                f'"{table.origin}": images of {held}, training had {wanted}',
                "bring them to that size",
            )
        return fitted.encode(data, np.arange(len(data.values)))

    def exhibits(self, predictions: Predictions, examples: Examples) -> list[Exhibit]:
        """Errors by class, confusions, and the hardest images."""
        labels = np.asarray(examples.arrays["label"])
        made = shown.shared_exhibits(predictions, labels, self.classes)
        return [*made, shown.pictures(predictions, examples, self.classes)]

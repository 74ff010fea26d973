"""Settings of regress: how documents and series are read, and what is minimised."""

from __future__ import annotations

from typing import Literal

from seqlab.tasks.series_classification.settings import SeriesOptions
from seqlab.tasks.texts.reading import TextOptions


class Options(TextOptions, SeriesOptions):
    """loss: None: absolute errors where MAE is the primary metric, else squared ones."""

    loss: Literal["absolute", "squared", "huber"] | None = None

    @property
    def series(self) -> SeriesOptions:
        """Those that say how series are read."""
        return SeriesOptions(**{n: getattr(self, n) for n in SeriesOptions.model_fields})

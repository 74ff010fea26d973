"""What a user may say of series and of images, beyond the settings of the data."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from seqlab.errors import UserError
from seqlab.specs import Spec
from seqlab.tasks.series_classification.windows import Cutting


class SeriesOptions(Spec):
    """Settings of series.

    average: steps that become one by their mean and deviation; None: as many as leave 512.
    patch: (averaged) steps that become one position; None: as many as make 64 of the longest.
    missing: how gaps are filled: `interpolate` between their neighbours, or with the channel's
    mean, and channels that say where (`mask`). None: interpolate, unless much is missing.
    scale: values by the training part's mean and deviation, or each series by its own.
    transpose: steps and channels were read the wrong way round.
    """

    average: int | None = Field(None, ge=1)
    patch: int | None = Field(None, ge=1)
    missing: Literal["interpolate", "mask"] | None = None
    scale: Literal["training", "each"] = "training"
    transpose: bool = False


class RecordingOptions(SeriesOptions):
    """Settings of series that have one class for all of their steps.

    window: steps of the windows that series are read in; None: each is read as a whole.
    stride: steps between the windows of a prediction; None: half a window.
    """

    window: int | None = Field(None, ge=2)
    stride: int | None = Field(None, ge=1)

    @property
    def cutting(self) -> Cutting | None:
        """How series are cut into windows, if they are."""
        if self.window is None:
            if self.stride is not None:
                raise UserError(
                    f"options.stride = {self.stride}: there are no windows",
                    "say of how many steps they are: --set options.window=STEPS",
                )
            return None
        stride = self.stride or max(1, self.window // 2)
        if stride > self.window:
            raise UserError(
                f"options.stride = {stride}: steps between windows of {self.window} are read by"
                " none",
                f"accepted: 1 to {self.window}",
            )
        return Cutting(steps=self.window, stride=stride)


class ImageOptions(Spec):
    """Settings of images.

    positions: what a position of the sequence is. patch: pixels a side of a patch. size: height
    and width that all images are brought to; None: they have one size already.
    """

    positions: Literal["rows", "pixels", "patches"] = "rows"
    patch: int = Field(4, ge=1)
    size: int | None = Field(None, ge=2)

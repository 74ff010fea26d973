"""What a user may say of series and of images, beyond the settings of the data."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from seqlab.specs import Spec


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


class ImageOptions(Spec):
    """Settings of images.

    positions: what a position of the sequence is. patch: pixels a side of a patch. size: height
    and width that all images are brought to; None: they have one size already.
    """

    positions: Literal["rows", "pixels", "patches"] = "rows"
    patch: int = Field(4, ge=1)
    size: int | None = Field(None, ge=2)

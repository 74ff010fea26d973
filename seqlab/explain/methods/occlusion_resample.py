"""Occlusion by resampling: something else from the data stands in a unit's place."""

from __future__ import annotations

from seqlab.explain.methods.occlusion import Occlusion
from seqlab.registry import registered

CARD = {
    "says": "how much the answer falls if something else from the data stands in the unit's place,"
    " the mean of several draws"
}


@registered
class OcclusionResample(Occlusion):
    """See `Occlusion`."""

    how = "resample"
    draws = 4

"""Occlusion by a mask: something that says nothing stands in a unit's place."""

from __future__ import annotations

from seqlab.explain.methods.occlusion import Occlusion
from seqlab.registry import registered

CARD = {
    "says": "how much the answer falls if something that says nothing stands in the unit's place"
}


@registered
class OcclusionMask(Occlusion):
    """See `Occlusion`."""

    how = "mask"

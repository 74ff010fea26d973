"""Occlusion by deletion: the answer with a unit, less the answer if it is gone."""

from __future__ import annotations

from seqlab.explain.methods.occlusion import Occlusion
from seqlab.registry import registered

CARD = {"says": "how much the answer falls if the unit is deleted; what stands behind it moves up"}


@registered
class OcclusionDelete(Occlusion):
    """See `Occlusion`."""

    how = "delete"

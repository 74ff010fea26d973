"""Attention maps: how much each position is looked at in the last block, the mean over heads.

That a position is looked at does not say that the answer rests on it: Jain & Wallace (2019),
Attention is not explanation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seqlab.explain.attribution import Attribution
from seqlab.explain.methods.base import Case, OfNetworks, batches_of
from seqlab.explain.units.token_units import TokenUnits
from seqlab.registry import registered

if TYPE_CHECKING:
    from torch import Tensor

    from seqlab.batch import Batch

CARD = {"says": "how much a unit is looked at in the last block: a picture, not a cause"}

Array = NDArray[np.float64]


@registered
class Attention(OfNetworks):
    """Over the positions that the answer is read from: all that are real, or the last."""

    @classmethod
    def refusal(cls, case: Case) -> str:
        from seqlab.explain.attending import attention_layers

        reason = super().refusal(case)
        if reason:
            return reason
        model = case.subject.contestant
        if not attention_layers(model):
            return (
                f'{case.subject.name} has no attention over its inputs (mixer "{model.spec.mixer}")'
            )
        if not isinstance(case.units, TokenUnits) or case.question.by_position:
            return f"maps are drawn of one answer about a text, not of {case.subject.task.name}"
        return ""

    def attribute(self, case: Case) -> Attribution:
        from seqlab.explain.attending import attention_maps

        self.check(case)
        model = case.subject.network(self.name)
        values: list[Array] = [np.zeros((0, 0))] * len(case.examples)
        assert isinstance(case.units, TokenUnits)
        for batch in batches_of(case, case.examples):
            maps = attention_maps(model, batch, case.question.scores)
            looked_at = read_from(self.joined(maps), batch, model.spec.pooling)
            for place, own in enumerate(case.units.sums(batch, [looked_at[..., None]], [])):
                row = int(batch.rows[place])
                values[row] = np.repeat(own[None], len(case.question.names(row)), axis=0)
        return Attribution(self.name, values, signed=False)

    def joined(self, maps: list[Tensor]) -> Tensor:
        """One map (B, T, T) of those of all blocks."""
        return maps[-1].mean(dim=1)


def read_from(joined: Tensor, batch: Batch, pooling: str) -> Tensor:
    """How much each position is looked at by those that the answer is read from, (B, T)."""
    mask = batch.context.mask
    if mask is None:
        return joined[:, -1] if pooling == "last" else joined.mean(dim=1)
    if pooling == "last":
        last = mask.sum(dim=1) - 1
        return joined[range(len(joined)), last]
    weights = mask.to(joined.dtype) / mask.sum(dim=1, keepdim=True)
    return (weights[:, :, None] * joined).sum(dim=1)

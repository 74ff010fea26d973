"""What all inputs of tokens share: positions of the model that belong to words."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from seqlab.explain.units.base import Array, Rows, Units

if TYPE_CHECKING:
    from torch import Tensor

    from seqlab.batch import Batch


class TokenUnits(Units):
    """Units that are made of tokens; contributions of a word's pieces are added up."""

    noun = "word"

    @abstractmethod
    def places(self, row: int) -> Rows:
        """The unit of each position that a model reads of an example, −1: of none (T,)."""

    def baseline(self, batch: Batch, entered: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """The zero vector, which is also that of padding; the mask stays as it is."""
        return tuple(tensor.new_zeros(()).expand_as(tensor) for tensor in entered)

    def sums(
        self, batch: Batch, pulls: Sequence[Tensor], gradients: Sequence[Tensor]
    ) -> list[Array]:
        """Added over the width, then over the positions of each unit."""
        positions = sum(
            (pull.double().sum(dim=-1) for pull in pulls[1:]), pulls[0].double().sum(-1)
        )
        values = positions.cpu().numpy()
        found = []
        for place, row in enumerate(batch.rows):
            units = self.places(int(row))
            own = values[place, : len(units)]
            inside = units >= 0
            sums = np.bincount(units[inside], own[inside], self.count(int(row)))
            found.append(sums.astype(np.float64))
        return found

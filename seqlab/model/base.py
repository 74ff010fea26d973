"""What a study trains: a model that counts its parameters and says what runs it."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn

from seqlab.batch import Context
from seqlab.specs import ModelSpec


class Model(nn.Module, ABC):
    """A sequence model of any shape, with the head that its task gave it."""

    spec: ModelSpec
    head: nn.Module

    @abstractmethod
    def forward(self, inputs: Tensor, context: Context) -> Tensor:
        """(B, T) token ids or (B, T, channels) values → what the head gives."""

    @property
    @abstractmethod
    def backend(self) -> str:
        """What runs the mixers here and now."""

    @abstractmethod
    def embedding_parameters(self) -> int:
        """Parameters of the token embedding tables, which the budget does not count."""

    def body_parameters(self) -> int:
        """Parameters of body and head: all but the token embedding tables."""
        return sum(p.numel() for p in self.parameters()) - self.embedding_parameters()

    def brought_parameters(self) -> int:
        """Parameters whose values were learned elsewhere, before any training here."""
        return 0

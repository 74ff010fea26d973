"""Encoder–decoder of forecasts: the look-back is read whole, the horizon answers patch by patch.

    m_s = encoder(x_1 … x_N)_s
    h_j = decoder(W z_1 … W z_j; m)_j        z_j: what is known of the horizon's j-th patch
    y_j = head(h_j)

The decoder is not told its own forecasts: all patches of the horizon are answered in one pass, so
that no error is handed on (as in Zhou et al., 2021, "Informer"; Wen et al., 2017, "A multi-horizon
quantile recurrent forecaster"). Its blocks are those of `model.encoder_decoder`: any mixer that
streams, and cross-attention, or for recurrent stacks the attention of Luong et al. (2015).
"""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn

from seqlab.batch import Context
from seqlab.model.base import Model
from seqlab.model.block import build_norm
from seqlab.model.embedding import Embedding
from seqlab.model.encoder_decoder import DecoderBlock, chosen_attention
from seqlab.model.noise import Dropout
from seqlab.model.pooling import Pooling
from seqlab.model.sequence_model import SequenceModel
from seqlab.specs import ModelSpec


class HorizonDecoder(Model):
    """(B, N + M, F), the patches of look-back and horizon → (B, M, what the head gives)."""

    def __init__(self, spec: ModelSpec, features: int, lookback: int) -> None:
        super().__init__()
        self.spec = spec
        self.lookback = lookback
        attention = chosen_attention(spec)
        writer = spec.with_(bidirectional=False)
        self.encoder = SequenceModel(spec, channels=features, length=lookback, per_position=True)
        told = attention != "cross"
        self.pooling = Pooling(spec.pooling, spec.width, lookback) if told else None
        width = 0 if self.pooling is None else self.pooling.width
        self.summarise = nn.Linear(width, spec.width, bias=False) if told else None
        self.queries = Embedding(writer, 0, features)
        self.decoder = nn.ModuleList(DecoderBlock(writer, attention) for _ in range(spec.depth))
        self.norm = build_norm(spec) if spec.norm == "pre" else nn.Identity()
        self.dropout = Dropout(spec.dropout)
        self.head: nn.Module = nn.Identity()

    def forward(self, inputs: Tensor, context: Context) -> Tensor:
        """Read the look-back, then answer every patch of the horizon."""
        memory = self.encoder.hidden(inputs[:, : self.lookback], context)
        x = self.queries(inputs[:, self.lookback :], self.lookback)
        if self.pooling is not None and self.summarise is not None:
            x = x + self.summarise(self.pooling(memory, None))[:, None]
        read, B = Context(memory=memory), inputs.shape[0]
        for module in self.decoder:
            block = cast(DecoderBlock, module)
            x, _ = block.mixed(x, block.mixer.initial_state(B))  # type: ignore[operator]
            x = block.read(x, () if block.reader is None else block.reader.begin(B, read))
        forecasts: Tensor = self.head(self.dropout(self.norm(x)))
        return forecasts

    @property
    def backend(self) -> str:
        """What runs the mixers here and now."""
        return self.encoder.backend

    def embedding_parameters(self) -> int:
        """There are no tokens."""
        return 0

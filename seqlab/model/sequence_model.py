"""The sequence model: embedding or value projection → blocks → pooling → head."""

from __future__ import annotations

from torch import Tensor, nn

from seqlab.batch import Context
from seqlab.model.block import Block, build_norm
from seqlab.model.embedding import Embedding
from seqlab.model.pooling import Pooling
from seqlab.specs import ModelSpec


class SequenceModel(nn.Module):
    """(B, T) token ids or (B, T, channels) values → what the head gives for each sequence.

    tokens    vocabulary size; 0 for values
    channels  values per position; 0 for tokens
    length    the fixed number of positions, where it is fixed
    """

    def __init__(
        self,
        spec: ModelSpec,
        *,
        tokens: int = 0,
        channels: int = 0,
        length: int | None = None,
        causal: bool = False,
    ) -> None:
        super().__init__()
        self.spec = spec
        self.embedding = Embedding(spec, tokens, channels)
        self.blocks = nn.ModuleList(Block(spec, causal) for _ in range(spec.depth))
        self.norm = build_norm(spec) if spec.norm == "pre" else nn.Identity()
        self.pooling = Pooling(spec.pooling, spec.width, length)
        self.dropout = nn.Dropout(spec.dropout)
        self.head: nn.Module = nn.Identity()

    def hidden(self, inputs: Tensor, context: Context) -> Tensor:
        """The last block's output at every position, (B, T, D)."""
        x = self.embedding(inputs)
        for block in self.blocks:
            x = block(x, context)
        return self.norm(x)

    def forward(self, inputs: Tensor, context: Context) -> Tensor:
        """One output per sequence."""
        return self.head(self.dropout(self.pooling(self.hidden(inputs, context), context.mask)))

    @property
    def backend(self) -> str:
        """What runs the mixers here and now."""
        block = self.blocks[0]
        assert isinstance(block, Block)
        return block.mixer.backend

    def body_parameters(self) -> int:
        """Parameters of body and head: all but the token embedding table."""
        return sum(p.numel() for p in self.parameters()) - self.embedding_parameters()

    def embedding_parameters(self) -> int:
        """Parameters of the token embedding table, which the budget does not count."""
        table = self.embedding.table
        return 0 if table is None else table.weight.numel()

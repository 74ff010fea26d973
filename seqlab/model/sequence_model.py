"""The sequence model: embedding or value projection → blocks → pooling → head.

A model whose mixers stream can also be given its sequence piece by piece: `stream` carries the
states of all mixers, and how many positions were read, from one piece to the next.
"""

from __future__ import annotations

from typing import NamedTuple, cast

from torch import Tensor, nn

from seqlab.batch import Context
from seqlab.errors import UserError
from seqlab.mixers.base import State, StreamingMixer
from seqlab.model.base import Model
from seqlab.model.block import Block, build_norm
from seqlab.model.embedding import Embedding
from seqlab.model.noise import Dropout
from seqlab.model.pooling import Pooling
from seqlab.model.stack import Stack
from seqlab.specs import ModelSpec


class ModelState(NamedTuple):
    """What a model carries from one piece of its sequences to the next."""

    position: int  # how many positions were read
    mixers: tuple[State, ...]  # one a block


class SequenceModel(Model):
    """(B, T) token ids or (B, T, channels) values → what the head gives for each sequence.

    tokens        vocabulary size; 0 for values
    channels      values per position; 0 for tokens
    length        the fixed number of positions, where it is fixed
    per_position  no pooling: the head reads every position, (B, T, D)
    """

    def __init__(
        self,
        spec: ModelSpec,
        *,
        tokens: int = 0,
        channels: int = 0,
        length: int | None = None,
        causal: bool = False,
        per_position: bool = False,
    ) -> None:
        super().__init__()
        self.spec = spec
        self.embedding = Embedding(spec, tokens, channels)
        self.blocks = Stack(Block(spec, causal) for _ in range(spec.depth))
        for number, block in enumerate(self.blocks, start=1):  # the deeper, the more often
            cast(Block, block).branch_drop *= number / spec.depth
        self.norm = build_norm(spec) if spec.norm == "pre" else nn.Identity()
        self.pooling = None if per_position else Pooling(spec.pooling, spec.width, length)
        self.dropout = Dropout(spec.dropout)
        self.head: nn.Module = nn.Identity()

    @property
    def head_width(self) -> int:
        """The width of what the head reads."""
        return self.spec.width if self.pooling is None else self.pooling.width

    def hidden(self, inputs: Tensor, context: Context) -> Tensor:
        """The last block's output at every position, (B, T, D)."""
        return cast(
            Tensor, self.blocks(self.embedding(inputs, mix=context.mix), context, self.norm)
        )

    def forward(self, inputs: Tensor, context: Context) -> Tensor:
        """One output per sequence, or per position."""
        x = self.hidden(inputs, context)
        if self.pooling is not None:
            x = self.pooling(x, context.mask)
        return cast(Tensor, self.head(self.dropout(x)))

    def initial_state(self, batch: int) -> ModelState:
        """The state before the first position, for `batch` sequences."""
        return ModelState(0, tuple(mixer.initial_state(batch) for mixer in self._mixers()))

    def stream(self, inputs: Tensor, state: ModelState) -> tuple[Tensor, ModelState]:
        """The positions that follow a state: (B, T) → the head's output at each, and the state."""
        x, state = self.stream_hidden(inputs, state)
        return self.head(self.dropout(x)), state

    def stream_hidden(self, inputs: Tensor, state: ModelState) -> tuple[Tensor, ModelState]:
        """As `stream`, but what `hidden` gives at each position, (B, T, D)."""
        x = self.embedding(inputs, state.position)
        after = []
        for block, mixer_state in zip(self.blocks, state.mixers, strict=True):
            x, mixer_state = cast(Block, block).stream(x, mixer_state)
            after.append(mixer_state)
        return self.norm(x), ModelState(state.position + inputs.shape[1], tuple(after))

    def _mixers(self) -> list[StreamingMixer]:
        mixers = [cast(Block, block).mixer for block in self.blocks]
        for mixer in mixers:
            if not isinstance(mixer, StreamingMixer):
                raise UserError(
                    f'mixer "{mixer.name}" reads whole sequences and cannot stream',
                    "seqlab mixers lists those that stream",
                )
        return cast(list[StreamingMixer], mixers)

    @property
    def backend(self) -> str:
        """What runs the mixers here and now."""
        return cast(Block, self.blocks[0]).mixer.backend

    def embedding_parameters(self) -> int:
        """Parameters of the token embedding table."""
        table = self.embedding.table
        return 0 if table is None else table.weight.numel()

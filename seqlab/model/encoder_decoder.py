"""Encoder and decoder: one sequence is read whole, another is written position by position.

    m_s = encoder(√D E_x x_1 … √D E_x x_S)_s                      either direction
    c   = W_c pool(m)                                             0 where attention = cross
    h_t = decoder(√D E_y y_0 + c, …, √D E_y y_{t−1} + c; m)_t     causal; each block reads m
    p(y_t | y_<t, x) = softmax(E_y h_t + b)

Any mixer that streams decodes: teacher forcing is its `prefill` from the first state, writing its
steps from the states after. After its mixer each block of the decoder reads m by one of

    cross     multi-head attention with its own norm and residual (Vaswani et al., 2017)
    luong     multiplicative attention (Luong et al., 2015)
    bahdanau  additive attention (Bahdanau et al., 2015)
    none      nothing: the summary is all it is told (Cho et al., 2014)

E_y is both the table and the output (Press & Wolf, 2017), so that the output is an embedding.
"""

from __future__ import annotations

import math
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seqlab import registry
from seqlab.batch import Context
from seqlab.mixers.base import State, StreamingMixer
from seqlab.mixers.reader import MemoryReader
from seqlab.model.base import Model
from seqlab.model.block import Block, build_norm, mixer_settings
from seqlab.model.embedding import Embedding
from seqlab.model.noise import Dropout
from seqlab.model.pooling import Pooling
from seqlab.model.stack import Stack
from seqlab.specs import ModelSpec

CROSS_HEADS = 4  # of cross-attention, where the mixer has none
READERS = {"cross": "cross-attention", "bahdanau": "bahdanau", "luong": "luong"}


class DecoderState(NamedTuple):
    """What a decoder carries: positions written, the states of its mixers, what it reads."""

    position: int
    mixers: tuple[State, ...]  # one a block
    memories: tuple[State, ...]  # one a block; none where nothing is read
    summary: Tensor | None  # (B, 1, D)


class DecoderBlock(Block):
    """A causal block that reads a memory between its mixer and its MLP."""

    def __init__(self, spec: ModelSpec, attention: str) -> None:
        super().__init__(spec, causal=True)
        self.reader = build_reader(spec, attention)
        # A reader that joins what it reads with its input needs no sum of both.
        self.sums = spec.residual or attention == "cross"
        self.reader_norm = nn.Identity() if self.reader is None else build_norm(spec)

    def mixed(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """The mixer over the positions that follow a state."""
        mixer = cast(StreamingMixer, self.mixer)
        y, state = mixer.prefill(self.mixer_norm(x) if self.order == "pre" else x, state)
        return self._joined(x, y, self.mixer_norm, self.residual), state

    def read(self, x: Tensor, memory: State) -> Tensor:
        """What comes after the mixer: the memory, then the MLP."""
        if self.reader is not None:
            y, _ = self.reader.prefill(self.query(x), memory)
            x = self._joined(x, y, self.reader_norm, self.sums)
        return self._mlp(x)

    def query(self, x: Tensor) -> Tensor:
        """What the reader is given."""
        return cast(Tensor, self.reader_norm(x) if self.order == "pre" else x)

    def _joined(self, x: Tensor, y: Tensor, norm: nn.Module, sums: bool) -> Tensor:
        y = x + self.dropout(y) if sums else self.dropout(y)
        return cast(Tensor, norm(y) if self.order == "post" else y)


class EncoderDecoder(Model):
    """Source ids (B, S) and the ids written so far (B, T) → logits (B, T, target vocabulary)."""

    def __init__(self, spec: ModelSpec, source_vocabulary: int, target_vocabulary: int) -> None:
        super().__init__()
        self.spec = spec
        attention = chosen_attention(spec)
        writer = spec.with_(bidirectional=False, vocabulary=None)
        self.source = Embedding(spec, source_vocabulary, 0)
        self.encoder = Stack(Block(spec, causal=False) for _ in range(spec.depth))
        self.encoder_norm = build_norm(spec) if spec.norm == "pre" else nn.Identity()
        told = attention != "cross"
        self.pooling = Pooling(spec.pooling, spec.width, None) if told else None
        self.summarise = nn.Linear(spec.width, spec.width, bias=False) if told else None
        self.target = Embedding(writer, target_vocabulary, 0)
        self.decoder = nn.ModuleList(DecoderBlock(writer, attention) for _ in range(spec.depth))
        self.decoder_norm = build_norm(spec) if spec.norm == "pre" else nn.Identity()
        self.dropout = Dropout(spec.dropout)
        self.inner = spec.embedding_width or spec.width
        narrow = self.inner != spec.width
        self.narrow = nn.Linear(spec.width, self.inner, bias=False) if narrow else nn.Identity()
        self.bias = nn.Parameter(torch.zeros(target_vocabulary))
        self.head = nn.Identity()  # the output is the table of targets: see `logits`
        for embedding in (self.source, self.target):
            # Tokens as large as positions where they enter, logits of about 1 where they leave.
            embedding.scale = self.inner**0.5
            nn.init.normal_(self._table(embedding), std=self.inner**-0.5)

    def encode(self, source: Tensor, context: Context) -> Context:
        """Source ids (B, S) → the context that a decoder reads: memory (B, S, D) and its mask."""
        memory = self.encoder(self.source(source), context, self.encoder_norm)
        return Context(memory=memory, memory_mask=context.mask)

    def begin(self, read: Context) -> DecoderState:
        """The state before the first position is written, from what `encode` gave."""
        memory = read.memory
        assert memory is not None
        B = memory.shape[0]
        summary = None
        if self.pooling is not None and self.summarise is not None:
            summary = self.summarise(self.pooling(memory, read.memory_mask))[:, None]
        blocks = self._blocks()
        return DecoderState(
            0,
            tuple(cast(StreamingMixer, block.mixer).initial_state(B) for block in blocks),
            tuple(() if b.reader is None else b.reader.begin(B, read) for b in blocks),
            summary,
        )

    def write(self, previous: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """Ids (B, T) that follow a state → what the output reads at each (B, T, D'), and after."""
        x = self._written(previous, state)
        after = []
        for block, mixer, memory in zip(self._blocks(), state.mixers, state.memories, strict=True):
            x, mixer = block.mixed(x, mixer)
            after.append(mixer)
            x = block.read(x, memory)
        x = self.narrow(self.dropout(self.decoder_norm(x)))
        written = state.position + previous.shape[1]
        return x, state._replace(position=written, mixers=tuple(after))

    def forward(self, inputs: Tensor, context: Context, previous: Tensor | None = None) -> Tensor:
        """Teacher forcing: logits (B, T, vocabulary) of what follows each of `previous` (B, T)."""
        assert previous is not None
        return self.logits(self.hidden(inputs, context, previous))

    def logits(self, hidden: Tensor) -> Tensor:
        """What `hidden` or `write` gave, (…, D') → (…, vocabulary)."""
        return F.linear(hidden, self._table(self.target), self.bias)

    def hidden(self, inputs: Tensor, context: Context, previous: Tensor) -> Tensor:
        """What the output reads, (B, T, D'), under teacher forcing."""
        return self.write(previous, self.begin(self.encode(inputs, context)))[0]

    def attention(self, inputs: Tensor, context: Context, previous: Tensor) -> Tensor | None:
        """Who reads what in the last block, the mean over heads (B, T, S); None: nothing reads."""
        read = self.encode(inputs, context)
        state = self.begin(read)
        x = self._written(previous, state)
        blocks = self._blocks()
        for block, mixer, memory in zip(blocks, state.mixers, state.memories, strict=True):
            x, _ = block.mixed(x, mixer)
            if block is blocks[-1] and block.reader is not None:
                return block.reader.weights(block.query(x), read).mean(dim=1)
            x = block.read(x, memory)
        return None

    @property
    def backend(self) -> str:
        """What runs the decoder's mixers here and now."""
        return self._blocks()[0].mixer.backend

    def embedding_parameters(self) -> int:
        """Parameters of both token tables; the target's is the output too."""
        return sum(self._table(e).numel() for e in (self.source, self.target))

    def _written(self, previous: Tensor, state: DecoderState) -> Tensor:
        x: Tensor = self.target(previous, state.position)
        return x if state.summary is None else x + state.summary

    def _blocks(self) -> list[DecoderBlock]:
        return [cast(DecoderBlock, block) for block in self.decoder]

    @staticmethod
    def _table(embedding: Embedding) -> Tensor:
        assert embedding.table is not None
        return embedding.table.weight


def chosen_attention(spec: ModelSpec) -> str:
    """What `auto` means: cross-attention in residual stacks, else multiplicative attention."""
    if spec.attention != "auto":
        return spec.attention
    return "cross" if spec.residual else "luong"


def build_reader(spec: ModelSpec, attention: str) -> MemoryReader | None:
    """What a decoder's block reads its memory with; the heads are those of the mixer."""
    if attention == "none":
        return None
    cls: type[MemoryReader] = registry.load("mixers", READERS[attention])
    settings = {}
    if attention == "cross":
        settings = {"heads": math.gcd(mixer_settings(spec).get("heads", CROSS_HEADS), spec.width)}
    return cls(spec.width, **settings)

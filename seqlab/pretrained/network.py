"""A checkpoint with a task's head: the mean of its last layer over the real tokens of a text."""

from __future__ import annotations

import re
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seqlab.batch import Context
from seqlab.errors import UserError
from seqlab.model.base import Model
from seqlab.model.noise import Dropout
from seqlab.pretrained.checkpoint import located
from seqlab.pretrained.loading import load_network, outline_network
from seqlab.pretrained.lora import add_lora
from seqlab.pretrained.reader import CheckpointText
from seqlab.pretrained.tokens import CheckpointTokens
from seqlab.specs import ModelSpec

FREEZE = ("none", "embeddings", "all-but-head", "lora")
LAYER = re.compile(r"(?:^|\.)(?:layers?|h|block|blocks)\.(\d+)\.")


class CheckpointModel(Model):
    """(B, T) ids of the checkpoint's own vocabulary → what the head gives for each text.

    separator  the token that ends the first of two texts, where these are told apart
    """

    def __init__(
        self, spec: ModelSpec, network: nn.Module, separator: int | None, padding: int
    ) -> None:
        super().__init__()
        assert spec.origin is not None
        self.spec, self.network = spec, network
        self.separator, self.padding = separator, padding
        self.dropout = Dropout(spec.dropout)
        self.head: nn.Module = nn.Identity()
        # Every number of it was learned elsewhere; what is added is the head, and LoRA's matrices.
        self.brought = sum(p.numel() for p in network.parameters())
        freeze(network, spec.origin.freeze)
        decay_rates(network, spec.origin.layer_decay)

    @property
    def head_width(self) -> int:
        """The width of what the head reads."""
        return int(self.network.config.hidden_size)  # type: ignore[union-attr,arg-type]

    def hidden(self, inputs: Tensor, context: Context) -> Tensor:
        """The last layer's output at every position, (B, T, D)."""
        mask = context.mask
        real = torch.ones_like(inputs, dtype=torch.bool) if mask is None else mask
        given = {"input_ids": inputs.masked_fill(~real, self.padding)}
        if self.separator is not None:
            ends = (inputs == self.separator).long()
            given["token_type_ids"] = ((ends.cumsum(dim=1) - ends) > 0).long() * real
        out = self.network(**given, attention_mask=real.long())
        return cast(Tensor, out.last_hidden_state)

    def forward(self, inputs: Tensor, context: Context) -> Tensor:
        """One output per text."""
        x = mean_of(self.hidden(inputs, context), context.mask)
        return cast(Tensor, self.head(self.dropout(x)))

    @property
    def backend(self) -> str:
        """What runs it."""
        return "transformers"

    def embedding_parameters(self) -> int:
        """Parameters of the token table."""
        return token_table(self.network).weight.numel()

    def brought_parameters(self) -> int:
        """Parameters that were learned elsewhere."""
        return self.brought


class CheckpointTagger(CheckpointModel):
    """(B, T, K) pieces of words → what the head gives for each word, read at its first piece.

    Pieces are the checkpoint's ids plus one, 0 where a word has no more. Sentences of more pieces
    than `window` are read in several sequences, cut between words.
    """

    def __init__(
        self,
        spec: ModelSpec,
        network: nn.Module,
        padding: int,
        around: tuple[list[int], list[int]],
        window: int,
    ) -> None:
        super().__init__(spec, network, None, padding)
        self.before, self.after = around
        self.room = window - len(self.before) - len(self.after)

    def forward(self, inputs: Tensor, context: Context) -> Tensor:
        """One output per word."""
        B, T, _ = inputs.shape
        words = inputs.cpu().numpy()
        real = (words[..., 0] > 0).nonzero()  # of padding, no piece is there
        sequences, places = self._laid_out(words, list(zip(*real, strict=True)))
        longest = max(map(len, sequences))
        ids = torch.full((len(sequences), longest), self.padding, device=inputs.device)
        mask = torch.zeros_like(ids, dtype=torch.bool)
        for row, sequence in enumerate(sequences):
            ids[row, : len(sequence)] = torch.tensor(sequence, device=inputs.device)
            mask[row, : len(sequence)] = True
        hidden = self.hidden(ids, Context(mask))
        found = hidden[[n for n, _ in places], [at for _, at in places]]  # (words, D)
        x = hidden.new_zeros(B, T, hidden.shape[2])
        x = x.index_put(tuple(torch.from_numpy(one).to(x.device) for one in real), found)
        return cast(Tensor, self.head(self.dropout(x)))

    def _laid_out(
        self, words: NDArray[np.int64], real: list[tuple[int, int]]
    ) -> tuple[list[list[int]], list[tuple[int, int]]]:
        """The sequences, and of each word in which one and where its first piece stands."""
        sequences: list[list[int]] = []
        places, sentence = [], -1
        for row, word in real:
            pieces = (words[row, word][words[row, word] > 0] - 1).tolist()
            full = bool(sequences) and len(sequences[-1]) - len(self.before) + len(pieces)
            if row != sentence or full > self.room:
                sequences.append(list(self.before))
                sentence = row
            places.append((len(sequences) - 1, len(sequences[-1])))
            sequences[-1] += pieces
        return [[*one, *self.after] for one in sequences], places


def mean_of(hidden: Tensor, mask: Tensor | None) -> Tensor:
    """The mean over real positions: (B, T, D) → (B, D)."""
    if mask is None:
        return hidden.mean(dim=1)
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)


def build_checkpoint(
    spec: ModelSpec, reader: CheckpointText | CheckpointTokens, with_weights: bool
) -> CheckpointModel:
    """The model of a spec, without its head.

    Without weights, which are filled in later, it is built from the reader's config alone; so it
    is on the meta device.
    """
    assert spec.origin is not None
    on_meta = torch.empty(0).device.type == "meta"
    if with_weights and not on_meta:
        network = load_network(located(spec.origin.name))
    else:
        network = outline_network(reader.network, Path(spec.origin.name))
    without_pooler(network)
    padding = int(reader.network.get("pad_token_id") or 0)
    if isinstance(reader, CheckpointTokens):
        return CheckpointTagger(spec, network, padding, reader.around, reader.window)
    return CheckpointModel(spec, network, reader.separator, padding)


def without_pooler(network: nn.Module) -> nn.Module:
    """No task reads a pooler, so that its weights would be trained by nothing."""
    if getattr(network, "pooler", None) is not None:
        network.pooler = None  # type: ignore[assignment]
    return network


def token_table(network: nn.Module) -> nn.Embedding:
    """The table of token vectors."""
    return cast(nn.Embedding, network.get_input_embeddings())  # type: ignore[operator]


def freeze(network: nn.Module, what: str) -> None:
    """Leave a part of a checkpoint as it is; UserError for what it does not have."""
    lowest = int(what) if what.isdecimal() else 0
    depth = depth_of(network)
    if what not in FREEZE and not (what.isdecimal() and 1 <= lowest <= depth):
        raise UserError(
            f"--freeze {what}: this checkpoint has {depth} layers",
            f"accepted: {', '.join(FREEZE)}, or 1 to {depth}",
        )
    for name, parameter in network.named_parameters():
        layer = layer_of(name)
        below = layer is not None and layer < lowest
        outside = layer is None and what != "none"
        parameter.requires_grad_(not (below or outside or what in ("all-but-head", "lora")))
    if what == "lora":
        add_lora(network)


def decay_rates(network: nn.Module, decay: float) -> None:
    """The lower a layer, the slower it learns: `decay` for each layer above it."""
    depth = depth_of(network)
    for name, parameter in network.named_parameters():
        layer = layer_of(name)
        steps = depth - layer if layer is not None else (depth + 1 if is_low(name) else 0)
        parameter._rate_factor = decay**steps  # type: ignore[attr-defined]


def depth_of(network: nn.Module) -> int:
    """How many layers it has."""
    layers = [
        layer for name, _ in network.named_parameters() if (layer := layer_of(name)) is not None
    ]
    return 1 + max(layers, default=-1)


def layer_of(name: str) -> int | None:
    """The number of the layer that a parameter is of, from below; None: of none."""
    found = LAYER.search(name)
    return int(found[1]) if found else None


def is_low(name: str) -> bool:
    """Whether a parameter of no layer stands before all layers."""
    return "embed" in name or name.startswith(("wte", "wpe", "shared"))

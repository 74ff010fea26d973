"""The network's side of language modelling: the tied head, and the loss of what was read on."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seqlab.batch import Batch
from seqlab.errors import UserError
from seqlab.mixers.states import detached
from seqlab.model.generation import Stream, is_bounded
from seqlab.model.sequence_model import SequenceModel
from seqlab.tasks.language_modelling.settings import TextSettings


class TiedHead(nn.Module):
    """(…, D) → (…, V) by the embedding's own table (Press & Wolf, 2017).

    The table stays the embedding's: it is counted, trained and stored there, once.
    """

    def __init__(self, width: int, table: nn.Embedding) -> None:
        super().__init__()
        tokens, inner = table.weight.shape
        self.narrow = nn.Linear(width, inner, bias=False) if width != inner else nn.Identity()
        self.bias = nn.Parameter(torch.zeros(tokens))
        self._table = [table]  # in a list, so that it is not registered a second time

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(self.narrow(x), self._table[0].weight, self.bias)


def tie(model: SequenceModel, tokens: int) -> TiedHead:
    """The head of a model whose output matrix is its embedding."""
    table = model.embedding.table
    assert table is not None
    if len(table.weight) != tokens:
        raise UserError(
            f"model.vocabulary = {len(table.weight)}: a tied output needs all {tokens} tokens",
            "say it with --set data.vocabulary, or set options.tied = false",
        )
    return TiedHead(model.head_width, table)


def read_on(
    model: SequenceModel, batch: Batch, state: Any, settings: TextSettings
) -> tuple[Tensor, Any | None]:
    """Outputs (B, T, V) of rows that may go on from a state, and the state after them.

    What has no state of fixed size reads each block from its beginning.
    """
    if not settings.stateful or not is_bounded(model, settings.block):
        return model(batch.inputs, batch.context), None
    if not batch.continues or state is None:
        state = model.initial_state(batch.inputs.shape[0])
    outputs, after = model.stream(batch.inputs, state)
    return outputs, detached(after)


def costs(model: SequenceModel, batch: Batch, settings: TextSettings) -> Tensor:
    """−log p of every scored token, in nats, row after row: (tokens,)."""
    assert batch.targets is not None
    if not settings.carried:
        return _costs(model(batch.inputs, batch.context), batch.targets)[batch.targets >= 0]
    stream = Stream(model, batch.inputs.shape[0], settings.block)
    pieces = []
    for done in range(0, batch.inputs.shape[1], settings.block):
        piece = slice(done, done + settings.block)
        pieces.append(_costs(stream.feed(batch.inputs[:, piece]), batch.targets[:, piece]))
    return torch.cat(pieces, dim=1)[batch.targets >= 0]


def _costs(outputs: Tensor, targets: Tensor) -> Tensor:
    found = F.cross_entropy(
        outputs.flatten(0, 1).float(), targets.flatten(), ignore_index=-1, reduction="none"
    )
    return found.view(targets.shape)

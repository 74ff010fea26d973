"""Where a model begins: its token vectors, or the values that it reads.

Gradients are taken with respect to what enters here. Token vectors are those of the embedding's
tables, before positions are added, so that an explanation is of words and not of where they stand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from seqlab.batch import Batch
from seqlab.model.base import Model
from seqlab.model.embedding import Embedding
from seqlab.tasks.inputs.text_models import SpelledEmbedding

WINDOWS = "reads"  # of a batch that is read in windows: the place of each position
PAD = 0  # the id of what is not there
AHEAD = "ahead"  # of a batch of forecasts: what is known of the horizon

Tensors = tuple[Tensor, ...]
Scores = Callable[[Model, Batch], Tensor]


class Entry:
    """What enters a model from one batch, each tensor (B, T, …), and its scores from there on."""

    def __init__(self, model: Model, batch: Batch) -> None:
        self.model, self.batch = model, batch
        whole = not batch.inputs.is_floating_point()
        self.tables = token_tables(model) if whole else []
        self.entered: Tensors = self._vectors() if whole else _values(batch)

    def scores(self, scores: Scores, tensors: Tensors) -> Tensor:
        """What a question's scores are, (B, K), if these tensors enter."""
        if not self.tables:
            return scores(self.model, _with_values(self.batch, tensors))
        with _replaced(self.tables, tensors, self.batch):
            return scores(self.model, self.batch)

    def gradients(self, scores: Scores, tensors: Tensors) -> list[Tensors]:
        """The gradients of each of the K scores there, of all examples at once."""
        leaves = tuple(tensor.detach().requires_grad_() for tensor in tensors)
        # cuDNN has no backward pass of recurrent layers in evaluation.
        with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
            found = self.scores(scores, leaves)
            last = found.shape[1] - 1
            return [
                _slopes(found[:, output].sum(), leaves, again=output < last)
                for output in range(found.shape[1])
            ]

    def _vectors(self) -> Tensors:
        with torch.no_grad():
            return tuple(_looked_up(table, self.batch) for table in self.tables)


def _slopes(total: Tensor, leaves: Tensors, again: bool) -> Tensors:
    found = torch.autograd.grad(total, leaves, allow_unused=True, retain_graph=again)
    return tuple(
        torch.zeros_like(leaf) if slope is None else slope
        for leaf, slope in zip(leaves, found, strict=True)
    )


def _looked_up(table: nn.Module, batch: Batch) -> Tensor:
    ids = batch.inputs
    if isinstance(table, nn.EmbeddingBag):
        pieces: Tensor = table(ids[..., 1:].flatten(0, 1))
        return pieces.view(*ids.shape[:2], -1)
    assert isinstance(table, nn.Embedding)
    words = ids[..., 0] if ids.dim() == 3 else ids
    return table(words.where(words < table.num_embeddings, 1))


def token_tables(model: Model) -> list[nn.Module]:
    """The tables that token vectors are looked up in: of a source, not of what is written."""
    first = next((m for m in model.modules() if isinstance(m, Embedding)), None)
    if first is None:
        return [next(m for m in model.modules() if isinstance(m, nn.Embedding))]
    assert first.table is not None, "tokens are read"
    return [first.table, first.pieces] if isinstance(first, SpelledEmbedding) else [first.table]


@contextmanager
def _replaced(tables: list[nn.Module], tensors: Tensors, batch: Batch) -> Iterator[None]:
    """Within which tables give these vectors, whatever is looked up."""

    def giving(vectors: Tensor) -> Callable[..., Tensor]:
        def give(module: nn.Module, args: Any, looked_up: Tensor) -> Tensor:
            if looked_up.shape[:-1] == vectors.shape[:-1]:
                return vectors
            if looked_up.dim() == 2:  # the pieces of words, all positions in one dimension
                return vectors.flatten(0, 1)
            if WINDOWS in batch.extra:
                return vectors.flatten(0, 1)[batch.extra[WINDOWS].clamp(min=0)]
            return _in_chunks(vectors, batch.inputs, looked_up.shape[1])

        return give

    hooks = [
        table.register_forward_hook(giving(vectors))
        for table, vectors in zip(tables, tensors, strict=True)
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _in_chunks(vectors: Tensor, ids: Tensor, window: int) -> Tensor:
    """Vectors (B, T, D) as the chunks (N, W, D) of documents that hold any of their ids (B, T)."""
    missing = -vectors.shape[1] % window
    chunks = nn.functional.pad(vectors, (0, 0, 0, missing)).reshape(-1, window, vectors.shape[2])
    real = nn.functional.pad(ids != PAD, (0, missing)).reshape(-1, window)
    return chunks[real.any(dim=1)]


def _values(batch: Batch) -> Tensors:
    ahead = batch.extra.get(AHEAD)
    return (batch.inputs,) if ahead is None else (batch.inputs, ahead)


def _with_values(batch: Batch, tensors: Tensors) -> Batch:
    extra = {**batch.extra, AHEAD: tensors[1]} if len(tensors) > 1 else batch.extra
    return replace(batch, inputs=tensors[0], extra=extra)

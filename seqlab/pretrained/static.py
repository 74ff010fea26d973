"""A static table: each token of a vocabulary through a checkpoint by itself, made once and cached.

PCA leaves the directions that tell tokens apart, and rare tokens weigh more than frequent ones by
a / (a + p) (Arora et al., 2017, SIF; van Dongen and Tulkens, 2024, Model2Vec). How frequent a token
is follows from its place in the vocabulary, by Zipf's law. A text is the mean of its tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import tokenizers
import torch
from filelock import FileLock
from numpy.typing import NDArray
from safetensors.numpy import save_file
from torch import nn

from seqlab.data.packages import cache_folder
from seqlab.errors import UserError
from seqlab.pretrained.checkpoint import config_of, digest_of_checkpoint, located
from seqlab.pretrained.loading import load_network
from seqlab.pretrained.network import mean_of, without_pooler
from seqlab.pretrained.reader import around_texts, tokenizer_of
from seqlab.pretrained.sentences import SentenceVectors, State
from seqlab.pretrained.vectors import Vectors
from seqlab.runs import replacing
from seqlab.tensors import read_tensors

WIDTH = 256  # of the table, where the checkpoint is wider
SIF = 1e-4  # the a of a / (a + p)
BATCH = 1024  # tokens at a time
VERSION = 1  # of how it is made

Table = NDArray[np.float16]


class StaticTable(SentenceVectors):
    """The mean of a text's token vectors, which know nothing of one another."""

    def __init__(self, table: Table, pieces: tokenizers.Tokenizer) -> None:
        self.table, self.pieces = table, pieces
        pieces.no_padding()
        pieces.no_truncation()

    @classmethod
    def load(cls, source: str) -> Self:
        """Of a checkpoint: the cached table, or one that is made now."""
        folder = located(source)
        pieces = tokenizer_of(folder)
        return cls(table_of(source), pieces)

    def computed(self, texts: Sequence[str]) -> Vectors:
        """Means of length one; an empty text is all zeros."""
        encoded = self.pieces.encode_batch_fast(list(texts), add_special_tokens=False)
        out = np.zeros((len(encoded), self.table.shape[1]), dtype=np.float32)
        for row, one in enumerate(encoded):
            if one.ids:
                out[row] = self.table[one.ids].astype(np.float32).mean(axis=0)
        return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-12)

    @property
    def parameters(self) -> int:
        """Numbers of the table."""
        return int(self.table.size)

    def state(self) -> State:
        """Table and tokenizer."""
        return {"tokenizer": self.pieces.to_str()}, {"table": self.table}

    @classmethod
    def from_state(cls, state: State) -> Self:
        """From what `state` gave; raises ValueError where it is no such state."""
        values, arrays = state
        table: NDArray[Any] = arrays["table"]
        pieces = tokenizers.Tokenizer.from_str(values["tokenizer"])
        if table.ndim != 2 or table.dtype != np.float16 or len(table) < pieces.get_vocab_size():
            raise ValueError("the table does not fit its tokenizer")
        return cls(table, pieces)


def table_of(source: str) -> Table:
    """The static table (V, D) of a checkpoint, in half precision."""
    folder = located(source)
    path = cache_folder() / "static" / f"{digest_of_checkpoint(folder)}-{VERSION}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock")):
        try:
            return np.asarray(read_tensors(path, "np")["table"], dtype=np.float16)
        except (UserError, KeyError):  # not there, or damaged: it can be made again
            network = without_pooler(load_network(folder))
            table = weighted(reduced(alone(network, tokenizer_of(folder), config_of(folder))))
            with replacing(path) as temporary:
                save_file({"table": table.astype(np.float16)}, temporary)
            return table.astype(np.float16)


def alone(
    network: nn.Module, pieces: tokenizers.Tokenizer, config: dict[str, Any]
) -> NDArray[np.float64]:
    """Each token between the special tokens that a text has: (V, D)."""
    around = around_texts(pieces)
    size = int(config.get("vocab_size", pieces.get_vocab_size()))
    out = []
    with torch.inference_mode():
        for begin in range(0, size, BATCH):
            tokens = torch.arange(begin, min(begin + BATCH, size))[:, None]
            before, after = (torch.tensor([ids]).long().expand(len(tokens), -1) for ids in around)
            ids = torch.cat([before, tokens, after], dim=1)
            hidden = network(input_ids=ids, attention_mask=torch.ones_like(ids))
            out.append(mean_of(hidden.last_hidden_state, None).double().numpy())
    return np.concatenate(out)


def reduced(vectors: NDArray[np.float64], width: int = WIDTH) -> NDArray[np.float64]:
    """The first principal components of vectors (V, D)."""
    centred = vectors - vectors.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    return centred @ axes[:, ::-1][:, :width]


def weighted(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each row times a / (a + p), where p falls with the place as 1 / rank."""
    share = 1 / np.arange(2, len(vectors) + 2)
    share /= share.sum()
    return vectors * (SIF / (SIF + share))[:, None]

"""Frozen features of texts: a checkpoint's mean vector of each, of length one (Reimers, 2019).

Of two texts a and b the features are u, v, u ⊙ v and |u − v|.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
import tokenizers
import torch
from numpy.typing import NDArray
from torch import nn

from seqlab.pretrained.checkpoint import config_of, digest_of_checkpoint, located
from seqlab.pretrained.loading import load_network, outline_network
from seqlab.pretrained.network import mean_of, without_pooler
from seqlab.pretrained.reader import tokenizer_of
from seqlab.pretrained.vectors import Vectors, remembered

BATCH_TOKENS = 4096  # padded, of texts of similar length
State = tuple[dict[str, Any], dict[str, NDArray[np.generic]]]


class SentenceVectors(ABC):
    """Texts to vectors (n, D) of length one.

    cached: whether what was computed once is read the next time; never of a stored one, whose
    costs are to be measured.
    """

    cached: str = ""  # all that a vector depends on; empty: nothing is kept

    @abstractmethod
    def computed(self, texts: Sequence[str]) -> Vectors:
        """The vectors, computed now."""

    @property
    @abstractmethod
    def parameters(self) -> int:
        """Numbers that were learned elsewhere."""

    @abstractmethod
    def state(self) -> State:
        """All that it needs to be made again without its source."""

    def of(self, texts: Sequence[str]) -> Vectors:
        """The vectors, computed now or before."""
        return (
            remembered(self.cached, texts, self.computed) if self.cached else self.computed(texts)
        )

    def features(self, frame: pd.DataFrame) -> Vectors:
        """(n, D), or (n, 4 D) of pairs."""
        u = self.of(frame["text"].tolist())
        if "text2" not in frame:
            return u
        v = self.of(frame["text2"].tolist())
        return np.concatenate([u, v, u * v, abs(u - v)], axis=1)


class FrozenCheckpoint(SentenceVectors):
    """The mean of a checkpoint's last layer over the first `window` tokens of a text."""

    def __init__(
        self,
        network: nn.Module,
        pieces: tokenizers.Tokenizer,
        config: dict[str, Any],
        window: int,
    ) -> None:
        self.network, self.pieces = without_pooler(network).eval(), pieces
        self.config, self.window = config, window
        pieces.no_padding()
        pieces.enable_truncation(window)

    @classmethod
    def load(cls, source: str, window: int) -> Self:
        """Of a name of the catalogue or a folder."""
        folder = located(source)
        made = cls(load_network(folder), tokenizer_of(folder), config_of(folder), window)
        made.cached = f"{digest_of_checkpoint(folder)}/{window}/mean/unit/float32"
        return made

    def computed(self, texts: Sequence[str]) -> Vectors:
        """Texts of similar length together."""
        encoded = self.pieces.encode_batch_fast(list(texts))
        ids = [one.ids or [0] for one in encoded]
        order = np.argsort([len(one) for one in ids], kind="stable")
        out: Vectors | None = None
        padding = int(self.config.get("pad_token_id") or 0)
        place = 0
        with torch.inference_mode():
            while place < len(order):
                rows = _batch(order, place, ids)
                longest = len(ids[rows[-1]])
                given = torch.full((len(rows), longest), padding)
                mask = torch.zeros(len(rows), longest, dtype=torch.bool)
                for n, row in enumerate(rows):
                    given[n, : len(ids[row])] = torch.tensor(ids[row])
                    mask[n, : len(ids[row])] = True
                hidden = self.network(input_ids=given, attention_mask=mask.long())
                vectors = nn.functional.normalize(mean_of(hidden.last_hidden_state, mask), dim=1)
                if out is None:
                    out = np.empty((len(ids), vectors.shape[1]), dtype=np.float32)
                out[rows] = vectors.numpy()
                place += len(rows)
        assert out is not None, "no texts"
        return out

    @property
    def parameters(self) -> int:
        """Of the network."""
        return sum(p.numel() for p in self.network.parameters())

    def state(self) -> State:
        """Config, tokenizer and weights."""
        values = {
            "config": self.config,
            "tokenizer": self.pieces.to_str(),
            "window": self.window,
        }
        weights = self.network.state_dict().items()
        return values, {f"network.{name}": tensor.numpy() for name, tensor in weights}

    @classmethod
    def from_state(cls, state: State) -> Self:
        """From what `state` gave; raises UserError or ValueError where it is no such state."""
        values, arrays = state
        network = without_pooler(outline_network(values["config"], Path("config")))
        prefix = "network."
        weights = {
            name.removeprefix(prefix): torch.from_numpy(np.asarray(array))
            for name, array in arrays.items()
            if name.startswith(prefix)
        }
        try:
            network.load_state_dict(weights)
        except RuntimeError as error:
            raise ValueError(str(error).partition("\n")[0]) from None
        pieces = tokenizers.Tokenizer.from_str(values["tokenizer"])
        return cls(network, pieces, values["config"], int(values["window"]))


def _batch(order: NDArray[np.int64], place: int, ids: list[list[int]]) -> NDArray[np.int64]:
    """The next rows, as many as BATCH_TOKENS hold when padded to the longest of them."""
    end = place + 1
    while end < len(order) and (end + 1 - place) * len(ids[order[end]]) <= BATCH_TOKENS:
        end += 1
    return order[place:end]

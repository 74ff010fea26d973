"""How a checkpoint reads words that are given one by one: each by the pieces of its tokenizer.

"unbelievable", "!" → un ##bel ##ie ##va ##ble, !
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np
import tokenizers
from pydantic import Field, PrivateAttr

from seqlab.data.examples import Examples, Ragged
from seqlab.errors import UserError
from seqlab.pretrained.checkpoint import config_of, located
from seqlab.pretrained.reader import around_texts, save_checkpoint_part, tokenizer_of
from seqlab.runs import read_json
from seqlab.specs import Origin
from seqlab.tasks.base import Exhibit, Inputs, Predictions
from seqlab.tasks.inputs.tokens import Tokens
from seqlab.tasks.parts import Arrays

PIECES_A_WORD = 8  # that are read; the first counts, the others are there to be seen by it


class CheckpointTokens(Tokens):
    """The words of a task as a checkpoint's pieces, an answer for each word."""

    window: int = Field(ge=1)
    network: dict[str, Any] = Field(default_factory=dict)  # config.json

    _pieces: tokenizers.Tokenizer = PrivateAttr()

    @classmethod
    def of(cls, tokens: Tokens, origin: Origin) -> Self:
        """The reader of a checkpoint for the words of a task."""
        folder = located(origin.name)
        own = {"window": origin.window, "network": config_of(folder)}
        plain = {**tokens.plain(), "words": (), "affixes": (), "options": {"spelling": "none"}}
        return cls.read({**plain, **own}, origin.name).cutting_by(tokenizer_of(folder))

    def cutting_by(self, pieces: tokenizers.Tokenizer) -> Self:
        """The same input, from now on with a tokenizer."""
        pieces.no_padding()
        pieces.no_truncation()
        self._pieces = pieces
        special = sum(map(len, self.around))
        if special + PIECES_A_WORD > self.window:
            least = special + PIECES_A_WORD
            raise UserError(
                f"max_tokens = {self.window}: special tokens and a word need {least} here",
                "raise --set data.max_tokens=…",
            )
        return self

    @property
    def around(self) -> tuple[list[int], list[int]]:
        """The special tokens before and after a sentence."""
        return around_texts(self._pieces)

    def encode(self, rows: Examples) -> Arrays:
        """`inputs`: the ids of each word's pieces plus one, then zeros, (T, K)."""
        sentences = [[str(word) for word in words] for words in rows.frame["tokens"]]
        words = sorted({word for sentence in sentences for word in sentence})
        encoded = self._pieces.encode_batch_fast(words, add_special_tokens=False)
        unknown = self._pieces.token_to_id("[UNK]") or 0
        pieces = np.zeros((len(words), PIECES_A_WORD), dtype=np.int32)
        for row, one in enumerate(encoded):
            ids = (one.ids or [unknown])[:PIECES_A_WORD]
            pieces[row, : len(ids)] = np.asarray(ids) + 1
        number = {word: row for row, word in enumerate(words)}
        return {"inputs": Ragged.of([pieces[[number[w] for w in s]] for s in sentences])}

    @property
    def inputs(self) -> Inputs:
        """Pieces of words, with an output for each word."""
        size = self._pieces.get_vocab_size() + 1
        return Inputs("tokens", size, longest=self.longest, per_position=True)

    def exhibits(self, predictions: Predictions, examples: Examples) -> list[Exhibit]:
        """None of a vocabulary that was learned here."""
        return []

    def save(self, folder: Path) -> None:
        """What was learned, the tokenizer and the network's config, but no weights."""
        save_checkpoint_part(self.plain(), self.network, self._pieces, folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        path = folder / "part.json"
        stored = {**read_json(path), "network": config_of(folder)}
        return cls.read(stored, str(path)).cutting_by(tokenizer_of(folder))

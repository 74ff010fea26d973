"""What inputs share that read by a tokenizer, which is no plain data and has a file of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import PrivateAttr

from seqlab.data.tokens import Tokenizer
from seqlab.tasks.parts import Input


class TokenizedInput(Input):
    """An input whose `learn` ends in `reading_by(tokenizer)`."""

    _tokenizer: Tokenizer = PrivateAttr()

    @property
    def tokenizer(self) -> Tokenizer:
        """Learned from the training texts alone."""
        return self._tokenizer

    def reading_by(self, tokenizer: Tokenizer) -> Self:
        """The same input, from now on with a tokenizer."""
        self._tokenizer = tokenizer
        return self

    def save(self, folder: Path) -> None:
        """What was learned, and the tokenizer."""
        super().save(folder)
        self.tokenizer.save(folder / "tokenizer.json")

    @classmethod
    def load(cls, folder: Path) -> Self:
        return super().load(folder).reading_by(Tokenizer.load(folder / "tokenizer.json"))

"""A task's texts as token ids: one text or two, whole, cut, or in chunks of the window.

"a stirring film" → [12, 431, 7]          "a dog" + "an animal" → [12, 90, SEP, 45, 88]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from seqlab.data.examples import Array, Ragged
from seqlab.data.tokens import UNKNOWN, Tokenizer, TokenSpec, train_tokenizer
from seqlab.errors import UserError
from seqlab.specs import Spec
from seqlab.tasks.base import DataSpec, Inputs

if TYPE_CHECKING:
    from seqlab.model.sequence_model import SequenceModel
    from seqlab.specs import ModelSpec

LONGEST = 512  # tokens of a text that are read by default, if the 99 % quantile is beyond
CHUNK = 256  # tokens of a chunk by default
# Some hundred steps are needed before much is learned: few texts are read more often.
STEPS, EPOCHS, BATCH = 800, (10, 40), 64
BETWEEN = " ⏐ "  # between two texts, where people read them as one

Tokens = NDArray[np.int32]


class TextOptions(Spec):
    """How texts longer than the window are read.

    documents: `truncate` keeps the beginning, `head-tail` the beginning and the end, `chunk` reads
    all of it a window at a time. chunk_pooling: how the chunks of a document become one vector.
    """

    documents: Literal["truncate", "head-tail", "chunk"] = "truncate"
    chunk_pooling: Literal["mean", "attention"] = "mean"

    @property
    def text(self) -> TextOptions:
        """These alone, of a task that has more."""
        return TextOptions(**{n: getattr(self, n) for n in TextOptions.model_fields})


class TextReading(Spec):
    """How texts are read, as it was settled on the training part.

    window: the most tokens that a model reads at a time. pair: two texts, with a separator.
    """

    window: int = Field(ge=1)
    pair: bool = False
    options: TextOptions = TextOptions()

    def encode(
        self, tokenizer: Tokenizer, texts: Sequence[str], others: Sequence[str] | None
    ) -> Ragged:
        """The ids that a model reads of each text; an empty one is a single unknown token."""
        first = tokenizer.encode_batch(texts)
        if self.pair:
            assert others is not None
            return Ragged.of(self._joined(tokenizer, first, tokenizer.encode_batch(others)))
        return Ragged.of([self._shortened(_some(ids)) for ids in first])

    def _joined(
        self, tokenizer: Tokenizer, first: list[Tokens], second: list[Tokens]
    ) -> list[Array]:
        separator = np.array([separator_of(tokenizer)], dtype=np.int32)
        joined: list[Array] = []
        for one, other in zip(first, second, strict=True):
            lengths = shared_window(len(one), len(other), self.window - 1)
            joined.append(np.concatenate([one[: lengths[0]], separator, other[: lengths[1]]]))
        return joined

    def _shortened(self, ids: Tokens) -> Array:
        if len(ids) <= self.window or self.options.documents == "chunk":
            return ids
        if self.options.documents == "truncate":
            return ids[: self.window]
        head = -(-self.window // 2)
        return np.concatenate([ids[:head], ids[len(ids) - (self.window - head) :]])

    def inputs(self, tokenizer: Tokenizer) -> Inputs:
        """Token ids of sequences that differ in length."""
        return Inputs("tokens", tokenizer.vocabulary_size + self.pair, longest=self.window)

    def model(self, spec: ModelSpec, tokenizer: Tokenizer) -> SequenceModel:
        """The model without its head: plain, of two texts, or of chunks."""
        from seqlab.model.sequence_model import SequenceModel
        from seqlab.tasks.texts.chunks import ChunkedModel
        from seqlab.tasks.texts.pairs import PairModel

        tokens = self.inputs(tokenizer).size
        if self.pair:
            return PairModel(spec, tokens=tokens, separator=separator_of(tokenizer))
        if self.options.documents == "chunk":
            return ChunkedModel(
                spec, tokens=tokens, window=self.window, pooling=self.options.chunk_pooling
            )
        return SequenceModel(spec, tokens=tokens)


def fit_reading(
    texts: Sequence[str], others: Sequence[str] | None, spec: DataSpec, options: TextOptions
) -> tuple[TextReading, Tokenizer, dict[str, Any]]:
    """Tokeniser and window from the training texts, and what a data card says of them."""
    if others is not None and options.documents != "truncate":
        raise UserError(
            f'options.documents = "{options.documents}": two texts are cut, the longer first',
            "accepted with two texts: truncate",
        )
    every = [*texts, *(others or ())]
    tokenizer = train_tokenizer(every, token_spec(every, spec))
    lengths = _lengths(tokenizer, texts)
    if others is not None:
        lengths = lengths + _lengths(tokenizer, others) + 1
    usual = CHUNK if options.documents == "chunk" else LONGEST
    window = spec.max_tokens or min(usual, max(1, int(np.quantile(lengths, 0.99))))
    if others is not None and window < 3:
        raise UserError(
            f"max_tokens = {window}: two texts and the separator between them need 3",
            "raise --set data.max_tokens=…",
        )
    beyond = int((lengths > window).sum())
    card = {
        "tokenizer": tokenizer.spec.plain(),
        "vocabulary": tokenizer.vocabulary_size,
        "longest_text_in_tokens": int(lengths.max()),
        "tokens_read_at_a_time": window,
        "training_texts_beyond": beyond,
        "documents": options.documents,
    }
    return TextReading(window=window, pair=others is not None, options=options), tokenizer, card


def training(examples: int) -> dict[str, Any]:
    """TrainSpec fields for so many texts."""
    batch = BATCH if examples * EPOCHS[0] >= STEPS * BATCH // 4 else BATCH // 2
    epochs = int(np.clip(-(-STEPS * batch // max(examples, 1)), *EPOCHS))
    return {"batch_size": batch, "epochs": epochs}


def token_spec(texts: Sequence[str], spec: DataSpec) -> TokenSpec:
    """Words, or characters where texts are single words or put no spaces between them."""
    kind = spec.tokenizer
    if kind is None:
        sample = texts[:2000]
        words = sum(len(text.split()) for text in sample) / max(len(sample), 1)
        letters = sum(map(len, sample)) / max(sum(len(text.split()) for text in sample), 1)
        single = words < 1.5  # names, codes
        unspaced = letters > 15  # scripts that put no spaces between words
        kind = "character" if single or unspaced else "word"
    return TokenSpec(kind=kind, vocabulary=spec.vocabulary)


def separator_of(tokenizer: Tokenizer) -> int:
    """The id between two texts: the first that the vocabulary leaves free."""
    return tokenizer.vocabulary_size


def shared_window(first: int, second: int, window: int) -> tuple[int, int]:
    """How much of two sequences fits: the longer one is cut first, until both are equal."""
    over = max(0, first + second - window)
    from_first = min(over, max(0, first - second))
    from_second = min(over, max(0, second - first))
    rest = over - from_first - from_second
    return first - from_first - rest // 2, second - from_second - (rest - rest // 2)


def as_one(texts: Sequence[str], others: Sequence[str] | None) -> list[str]:
    """Two texts as people read them, and as duplicates are judged."""
    if others is None:
        return list(texts)
    return [f"{one}{BETWEEN}{other}" for one, other in zip(texts, others, strict=True)]


def _some(ids: Tokens) -> Tokens:
    return ids if len(ids) else np.full(1, UNKNOWN, dtype=np.int32)


def _lengths(tokenizer: Tokenizer, texts: Sequence[str]) -> NDArray[np.int64]:
    return np.array([len(row) for row in tokenizer.encode_batch(texts)], dtype=np.int64)

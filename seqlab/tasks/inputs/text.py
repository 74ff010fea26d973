"""Texts as token ids: one text or two, whole, cut, or in chunks of the window.

"a stirring film" → [12, 431, 7]          "a dog" + "an animal" → [12, 90, SEP, 45, 88]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from seqlab.data import columns as guess
from seqlab.data.columns import ColumnKind
from seqlab.data.examples import Array, Examples, Ragged
from seqlab.data.findings import Finding
from seqlab.data.inspection import text_findings
from seqlab.data.table import Table
from seqlab.data.tokens import UNKNOWN, Tokenizer, TokenSpec, train_tokenizer
from seqlab.data.words import count_words
from seqlab.errors import UserError
from seqlab.specs import Spec
from seqlab.tasks.base import DataSpec, Inputs, Shortening, sequence_model
from seqlab.tasks.inputs.cells import as_one, as_texts, not_texts, second_text
from seqlab.tasks.inputs.vocabulary import TokenizedInput
from seqlab.tasks.parts import Arrays, ColumnChoice, ColumnRequest, Input

if TYPE_CHECKING:
    from seqlab.model.sequence_model import SequenceModel
    from seqlab.specs import ModelSpec

LONGEST_TOKENS = 512  # that are read of a text by default, if the 99 % quantile is beyond
CHUNK_TOKENS = 256  # of a chunk by default
# Some hundred steps are needed before much is learned: few texts are read more often.
TRAIN_STEPS, EPOCH_BOUNDS, BATCH_ROWS = 800, (10, 40), 64
SHOWN_CHARACTERS = 400

Tokens = NDArray[np.int32]


class TextOptions(Spec):
    """How texts longer than the window are read.

    documents: `truncate` keeps the beginning, `head-tail` the beginning and the end, `chunk` reads
    all of it a window at a time. chunk_pooling: how the chunks of a document become one vector.
    """

    documents: Literal["truncate", "head-tail", "chunk"] = "truncate"
    chunk_pooling: Literal["mean", "attention"] = "mean"


class TextRows(Input):
    """One text a row, or two with a separator between them, whatever they are cut into.

    window: the most tokens that a model reads at a time.
    """

    roles = ("text", "text2")
    reads = "tokens"

    window: int = Field(ge=1)
    pair: bool = False

    # -- as a class, on raw tables -------------------------------------------------------------

    @classmethod
    def find(cls, table: Table, request: ColumnRequest) -> ColumnChoice:
        frame, origin, named = table.frame, table.origin, request.named
        columns: dict[str, str] = {}
        notes: list[str] = []
        if "text2" in named:
            columns["text2"] = guess.named(frame, named["text2"], origin)
        taken = [*request.taken, *columns.values()]
        first = guess.require(frame, "text", given=named.get("text"), exclude=taken, origin=origin)
        columns["text"] = first.column
        notes += [first.sentence] if first.sentence else []
        second = second_text(frame, first.column)
        if "text2" not in columns and second is not None:
            columns["text2"] = second
            notes.append(f'two texts: "{first.column}" and "{second}" (by their names)')
        score, why = _sureness(frame[first.column])
        return ColumnChoice(columns, score, why, tuple(notes))

    @classmethod
    def flaws(cls, table: Table, choice: ColumnChoice) -> pd.Series:
        reasons = [
            not_texts(table.frame[choice.columns[r]]) for r in cls.roles if r in choice.columns
        ]
        return reasons[0] if len(reasons) == 1 else reasons[0].where(reasons[0] != "", reasons[1])

    @classmethod
    def rows(cls, table: Table, choice: ColumnChoice) -> Examples:
        """The columns `text` and, of pairs, `text2`."""
        texts = {
            r: as_texts(table.frame[choice.columns[r]]) for r in cls.roles if r in choice.columns
        }
        return Examples({}, pd.DataFrame(texts, dtype=object))

    @classmethod
    def check(cls, rows: Examples, choice: ColumnChoice, origin: str) -> None:
        if not any(text.strip() for text in rows.frame["text"]):
            raise UserError(
                f'"{origin}": column "{choice.columns["text"]}": all texts are empty',
                "name the column with the texts: --columns text=…",
            )

    @classmethod
    def duplicate_keys(cls, rows: Examples) -> list[str]:
        return as_one(*_sides(rows))

    @classmethod
    def findings(cls, rows: Examples, labels: Sequence[str] | None) -> list[Finding]:
        return text_findings(cls.duplicate_keys(rows), labels)

    # -- learned -------------------------------------------------------------------------------

    def choice_for(self, table: Table) -> ColumnChoice:
        """A text column of another name is accepted where it is the only one it can be."""
        columns = dict(self.columns)
        for role, column in columns.items():
            if column not in table.frame.columns:
                columns[role] = _only_words(table.frame, self.columns) or (
                    guess.require(table.frame, role, origin=table.origin).column
                )
        return ColumnChoice(columns, 1.0, "as in training")

    @property
    def shortens(self) -> Shortening:
        return None if self.pair else "inputs"

    def train_defaults(self, examples: int) -> dict[str, Any]:
        return training(examples)

    def shown(self, examples: Examples, row: int) -> str:
        """The beginning of an example's text, or of its two."""
        one = examples.frame.iloc[[row]]
        return as_one(*_sides_of(one))[0][:SHOWN_CHARACTERS]

    def lengths_shown(self, examples: Examples) -> tuple[NDArray[np.int64], str]:
        return self.lengths(examples), "tokens in the text"


class Text(TextRows, TokenizedInput):
    """As tokens of a vocabulary that is learned; an empty text is a single unknown token."""

    options_type = TextOptions

    options: TextOptions = TextOptions()

    @classmethod
    def learn(cls, train: Examples, choice: ColumnChoice, spec: DataSpec, options: Any) -> Self:
        """Tokenizer and window from the training texts."""
        texts, others = _sides(train)
        if others is not None and options.documents != "truncate":
            raise UserError(
                f'options.documents = "{options.documents}": of two texts the longer is cut',
                "accepted with two texts: truncate",
            )
        every = [*texts, *(others or ())]
        tokenizer = train_tokenizer(every, token_spec(every, spec))
        lengths = _token_counts(tokenizer, texts, others)
        usual = CHUNK_TOKENS if options.documents == "chunk" else LONGEST_TOKENS
        window = spec.max_tokens or min(usual, max(1, int(np.quantile(lengths, 0.99))))
        if others is not None and window < 3:
            raise UserError(
                f"max_tokens = {window}: two texts and the separator between them need 3",
                "raise --set data.max_tokens=…",
            )
        learned = cls(
            columns=choice.columns, window=window, pair=others is not None, options=options
        )
        return learned.reading_by(tokenizer)

    # -- learned -------------------------------------------------------------------------------

    def encode(self, rows: Examples) -> Arrays:
        """`tokens`: the ids that a model reads of each text."""
        texts, others = _sides(rows)
        first = self.tokenizer.encode_batch(texts)
        if others is not None:
            second = self.tokenizer.encode_batch(others)
            return {"tokens": Ragged.of(self.joined(first, second))}
        return {"tokens": Ragged.of([self.shortened(_some(ids)) for ids in first])}

    def joined(self, first: list[Tokens], second: list[Tokens]) -> list[Array]:
        """Two texts as one sequence with the separator between them, within the window."""
        separator = np.array([separator_of(self.tokenizer)], dtype=np.int32)
        joined: list[Array] = []
        for one, other in zip(first, second, strict=True):
            lengths = shared_window(len(one), len(other), self.window - 1)
            joined.append(np.concatenate([one[: lengths[0]], separator, other[: lengths[1]]]))
        return joined

    def shortened(self, ids: Tokens) -> Array:
        """What is read of a text that is longer than the window."""
        if len(ids) <= self.window or self.options.documents == "chunk":
            return ids
        if self.options.documents == "truncate":
            return ids[: self.window]
        head = -(-self.window // 2)
        return np.concatenate([ids[:head], ids[len(ids) - (self.window - head) :]])

    @property
    def inputs(self) -> Inputs:
        """Token ids of sequences that differ in length."""
        size = self.tokenizer.vocabulary_size + self.pair
        return Inputs("tokens", size, longest=self.window)

    def model(self, spec: ModelSpec) -> SequenceModel:
        """Plain, of two texts, or of chunks, as the texts are read."""
        from seqlab.tasks.inputs.text_models import ChunkedModel, PairModel

        tokens = self.inputs.size
        if self.pair:
            return PairModel(spec, tokens=tokens, separator=separator_of(self.tokenizer))
        if self.options.documents == "chunk":
            return ChunkedModel(
                spec, tokens=tokens, window=self.window, pooling=self.options.chunk_pooling
            )
        return sequence_model(spec, self.inputs)

    def card(self, train: Examples) -> dict[str, Any]:
        lengths = _token_counts(self.tokenizer, *_sides(train))
        return {
            "tokenizer": self.tokenizer.spec.plain(),
            "vocabulary": self.tokenizer.vocabulary_size,
            "longest_text_in_tokens": int(lengths.max()),
            "tokens_read_at_a_time": self.window,
            "training_texts_beyond": int((lengths > self.window).sum()),
            "documents": self.options.documents,
        }


def training(examples: int) -> dict[str, Any]:
    """TrainSpec fields for so many texts."""
    batch = (
        BATCH_ROWS
        if examples * EPOCH_BOUNDS[0] >= TRAIN_STEPS * BATCH_ROWS // 4
        else BATCH_ROWS // 2
    )
    epochs = int(np.clip(-(-TRAIN_STEPS * batch // max(examples, 1)), *EPOCH_BOUNDS))
    return {"batch_size": batch, "epochs": epochs}


def token_spec(texts: Sequence[str], spec: DataSpec) -> TokenSpec:
    """Words, or characters where texts are single words or put no spaces between them."""
    kind = spec.tokenizer
    if kind is None:
        sample = texts[:2000]
        words = sum(map(count_words, sample))
        letters = sum(map(len, sample)) / max(words, 1)
        single = words < 1.5 * max(len(sample), 1)  # names, codes
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


def _only_words(frame: pd.DataFrame, columns: Mapping[str, str]) -> str | None:
    """The only column, or the only one of words that is neither a label nor an id: texts may be
    all alike.
    """
    if len(columns) > 1:
        return None
    names = [str(name) for name in frame.columns]
    if len(names) > 1:
        ids = guess.identifiers(frame, ())
        names = [
            name
            for name in names
            if name not in ids
            and guess.normalised(name) not in guess.aliases("label")
            and not pd.api.types.is_numeric_dtype(frame[name].dtype)
        ]
    return names[0] if len(names) == 1 else None


def _sureness(column: pd.Series) -> tuple[float, str]:
    name = column.name
    if guess.kind(column) is ColumnKind.LIST:
        return 0.0, f'column "{name}" holds lists, not texts'
    if pd.api.types.is_numeric_dtype(column.dtype):
        return 0.0, f'column "{name}" holds numbers, not texts'
    if guess.kind(column) is ColumnKind.IDENTIFIER and guess.normalised(str(name)) != "text":
        return 0.55, f'codes in "{name}", one a row'
    return 0.9, f'texts in "{name}"'


def _sides(rows: Examples) -> tuple[list[str], list[str] | None]:
    return _sides_of(rows.frame)


def _sides_of(frame: pd.DataFrame) -> tuple[list[str], list[str] | None]:
    """The first texts and, of pairs, the second."""
    others = frame["text2"].tolist() if "text2" in frame else None
    return frame["text"].tolist(), others


def _some(ids: Tokens) -> Tokens:
    return ids if len(ids) else np.full(1, UNKNOWN, dtype=np.int32)


def _token_counts(
    tokenizer: Tokenizer, texts: Sequence[str], others: Sequence[str] | None
) -> NDArray[np.int64]:
    """Tokens of each text, or of both with the separator between them."""

    def count(some: Sequence[str]) -> NDArray[np.int64]:
        return tokenizer.lengths(some)

    return count(texts) if others is None else count(texts) + count(others) + 1

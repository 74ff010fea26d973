"""Strings that become other strings, as token ids of a vocabulary of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from seqlab.data.examples import Array, Examples, Ragged
from seqlab.data.findings import Finding
from seqlab.data.inspection import text_findings
from seqlab.data.table import Table
from seqlab.data.tokens import UNKNOWN
from seqlab.errors import UserError
from seqlab.specs import Spec
from seqlab.tasks.base import DataSpec, Inputs
from seqlab.tasks.inputs.string_pairs import as_strings, empty_cells, pair_of_columns
from seqlab.tasks.inputs.vocabulary import (
    PLURALS,
    Vocabulary,
    VocabularyPart,
    VocabularySpec,
    kind_for,
)
from seqlab.tasks.parts import Arrays, ColumnChoice, ColumnRequest, Input

MOST_TOKENS = 512  # of a source, if it is not said
SHOWN_CHARACTERS = 400


class SourceOptions(Spec):
    """How sources are cut. source_tokens: None: told from the training part.

    source_vocabulary: the most pieces; None: by the size of the training part.
    """

    source_tokens: Literal["character", "word", "bpe"] | None = None
    source_vocabulary: int | None = Field(None, ge=4)


class SourceText(VocabularyPart, Input):
    """A string a row. limit: the most tokens that are read; longer sources are cut.

    A source that says nothing is a single unknown token.
    """

    roles = ("src",)
    options_type = SourceOptions
    unit = "source"
    reads = "source"

    limit: int
    decided: str = ""

    # -- as a class, on raw tables -------------------------------------------------------------

    @classmethod
    def find(cls, table: Table, request: ColumnRequest) -> ColumnChoice:
        both = pair_of_columns(table, request.named, request.taken)
        notes = tuple(note for note in both.notes if not note.startswith("tgt:"))
        return ColumnChoice({"src": both.columns["src"]}, both.score, both.why, notes)

    @classmethod
    def flaws(cls, table: Table, choice: ColumnChoice) -> pd.Series:
        return empty_cells(table.frame[choice.columns["src"]], "source")

    @classmethod
    def rows(cls, table: Table, choice: ColumnChoice) -> Examples:
        """The column `source`."""
        texts = as_strings(table.frame[choice.columns["src"]])
        return Examples({}, pd.DataFrame({"source": texts}, dtype=object))

    @classmethod
    def duplicate_keys(cls, rows: Examples) -> list[str]:
        return rows.frame["source"].tolist()

    @classmethod
    def findings(cls, rows: Examples, labels: Sequence[str] | None) -> list[Finding]:
        sources = rows.frame["source"].tolist()
        kind, why = kind_for(sources)
        return [
            *text_findings(sources),
            Finding("info", f"tokens of sources: {PLURALS[kind]}", why),
        ]

    @classmethod
    def learn(cls, train: Examples, choice: ColumnChoice, spec: DataSpec, options: Any) -> Self:
        """Vocabulary and limit from the training sources."""
        texts = train.frame["source"].tolist()
        wanted = VocabularySpec(
            kind=options.source_tokens or spec.tokenizer,
            size=options.source_vocabulary,
            most=spec.vocabulary,
        )
        vocabulary, note = wanted.learn("source", texts)
        longest = max(len(ids) for ids in vocabulary.encode(texts))
        limit = spec.max_tokens or min(longest, MOST_TOKENS)
        return cls(columns=choice.columns, limit=limit, decided=note).with_vocabulary(vocabulary)

    # -- learned -------------------------------------------------------------------------------

    def choice_for(self, table: Table) -> ColumnChoice:
        """The column of training, or the only one, or the one that would be a source."""
        names = [str(name) for name in table.frame.columns]
        column = self.columns["src"]
        if column not in names:
            column = names[0] if len(names) == 1 else _source_among(table)
        return ColumnChoice({"src": column}, 1.0, "as in training")

    def encode(self, rows: Examples) -> Arrays:
        read: list[Array] = [
            ids[: self.limit] if len(ids) else np.full(1, UNKNOWN, dtype=np.int32)
            for ids in self.vocabulary.encode(rows.frame["source"].tolist())
        ]
        return {"source": Ragged.of(read)}

    @property
    def inputs(self) -> Inputs:
        return Inputs("tokens", self.vocabulary.size, longest=self.limit)

    def presented(self, examples: Examples) -> dict[str, Any]:
        return {"source": examples.frame["source"].to_numpy()}

    def shown(self, examples: Examples, row: int) -> str:
        return str(examples.frame["source"].iloc[row])[:SHOWN_CHARACTERS]

    def lengths_shown(self, examples: Examples) -> tuple[NDArray[np.int64], str]:
        return self.lengths(examples), "tokens in the source"

    def notes(self, parts: Mapping[str, Examples]) -> list[str]:
        """How sources are cut, how many are too long, and what of the test part is not known."""
        notes = [self.decided] if self.decided else []
        train = parts["train"].frame["source"].tolist()
        cut = sum(len(ids) > self.limit for ids in self.vocabulary.encode(train))
        if cut:
            notes.append(f"{cut:,} training sources are cut to {self.limit} tokens")
        return notes + strangers(self.vocabulary, "sources", parts["test"].frame["source"].tolist())


def strangers(vocabulary: Vocabulary, what: str, test: Sequence[str]) -> list[str]:
    """What the test part holds and the training part does not."""
    unknown = vocabulary.unknown(test)
    if not unknown:
        return []
    listed = ", ".join(f'"{piece}"' for piece, _ in unknown.most_common(5))
    pieces = PLURALS[vocabulary.kind]
    return [f"test: {sum(unknown.values()):,} {pieces} of {what} are not in training: {listed}"]


def _source_among(table: Table) -> str:
    try:
        return pair_of_columns(table, {}, ()).columns["src"]
    except UserError as error:
        raise UserError(
            error.message, "name the column with the sources: --columns src=…"
        ) from None

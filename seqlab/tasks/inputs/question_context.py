"""A question and the context that it is asked about, as token ids with a separator between them.

"When?" + "Ada wrote it in 1843." → [90, 4, SEP, 12, 45, 88, 7, 31, 2]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from seqlab.data import columns as guess
from seqlab.data.examples import Array, Examples, Ragged
from seqlab.data.findings import Finding
from seqlab.data.table import Table
from seqlab.data.tokens import Tokenizer, train_tokenizer
from seqlab.errors import UserError
from seqlab.tasks.base import DataSpec, Inputs
from seqlab.tasks.inputs.cells import as_one, as_texts, not_texts
from seqlab.tasks.inputs.context_windows import positions_read
from seqlab.tasks.inputs.text import LONGEST_TOKENS, separator_of, token_spec
from seqlab.tasks.inputs.vocabulary import TokenizedInput
from seqlab.tasks.parts import Arrays, ColumnChoice, ColumnRequest

if TYPE_CHECKING:
    from seqlab.model.sequence_model import SequenceModel
    from seqlab.specs import ModelSpec

# The names of each role, the best first.
ROLE_ALIASES = {
    "context": "context passage paragraph document text",
    "question": "question query",
    "answer": "answers answer answer_text",
    "start": "starts start answer_start answer_starts start_position start_char",
    "end": "ends end answer_end end_position end_char",
}


def roles_in(
    table: Table, roles: Sequence[str], named: Mapping[str, str], taken: Sequence[str] = ()
) -> dict[str, str]:
    """Role → column, as the user said or by its name; roles that no column plays are not there."""
    by_name = {guess.normalised(str(name)): str(name) for name in table.frame.columns}
    columns = {
        role: guess.named(table.frame, named[role], table.origin) for role in roles if role in named
    }
    for role in roles:
        names = [by_name[name] for name in ROLE_ALIASES[role].split() if name in by_name]
        if role not in columns and names and names[0] not in (*taken, *columns.values()):
            columns[role] = names[0]
    return columns


def no_column(table: Table, role: str) -> UserError:
    """The error for a role that no column plays."""
    return UserError(
        f'"{table.origin}": no column for the {role} among'
        f" {', '.join(map(str, table.frame.columns[:12]))}",
        "name the columns: --columns context=…,question=…,answer=…",
    )


LONG_WORDS = 400  # words of a context that is likely to be read in several windows
FEW_QUESTIONS = 1000  # questions under which little can be learned from scratch
FEWEST_CONTEXTS = 10  # under which there are too few to keep each in one part

Offsets = NDArray[np.int32]


class QuestionContext(TokenizedInput):
    """Question, separator, context: a question keeps half of the window, a context is whole.

    window: the most positions that are read at once. stride: how many tokens further into a longer
    context the next window begins.
    """

    roles = ("context", "question")
    reads = "tokens"

    window: int = Field(ge=3)
    stride: int = Field(ge=1)

    # -- as a class, on raw tables -------------------------------------------------------------

    @classmethod
    def find(cls, table: Table, request: ColumnRequest) -> ColumnChoice:
        columns = roles_in(table, cls.roles, request.named, request.taken)
        for role in cls.roles:
            if role not in columns:
                raise no_column(table, role)
        plain = set(cls.roles) <= {guess.normalised(str(n)) for n in table.frame.columns}
        why = f'contexts in "{columns["context"]}", questions in "{columns["question"]}"'
        return ColumnChoice(columns, 0.93 if plain else 0.85, why)

    @classmethod
    def flaws(cls, table: Table, choice: ColumnChoice) -> pd.Series:
        """Texts that are empty, or none."""
        flaws = pd.Series("", index=table.frame.index, dtype=object)
        for role in cls.roles:
            cells = table.frame[choice.columns[role]]
            empty = np.array([not text.strip() for text in as_texts(cells)], dtype=bool)
            own = not_texts(cells).mask(empty, f"the {role} is empty")
            flaws = flaws.where(flaws != "", own)
        return flaws

    @classmethod
    def rows(cls, table: Table, choice: ColumnChoice) -> Examples:
        """The columns `context` and `question`."""
        texts = {role: as_texts(table.frame[choice.columns[role]]) for role in cls.roles}
        return Examples({}, pd.DataFrame(texts, dtype=object))

    @classmethod
    def duplicate_keys(cls, rows: Examples) -> list[str]:
        return as_one(*_texts(rows))

    @classmethod
    def groups(cls, rows: Examples) -> tuple[Sequence[Any], str] | None:
        """Questions about one context are together, where some are and contexts are enough."""
        contexts, _ = _texts(rows)
        distinct = len(set(contexts))
        if distinct == len(contexts) or distinct < FEWEST_CONTEXTS:
            return None
        note = (
            f"{len(contexts):,} questions about {distinct:,} contexts: no context is in two parts"
        )
        return pd.factorize(np.asarray(contexts, dtype=object))[0].tolist(), note

    @classmethod
    def findings(cls, rows: Examples, labels: Sequence[str] | None) -> list[Finding]:
        """How many questions and contexts there are, and long contexts."""
        every, _ = _texts(rows)
        contexts = set(every)
        words = np.array([len(context.split()) for context in contexts])
        count = f"{len(every):,} questions about {len(contexts):,} contexts"
        told = [Finding("info", count, f"the median context has {int(np.median(words))} words")]
        long = int((words > LONG_WORDS).sum())
        if long:
            told.append(
                Finding(
                    "info",
                    f"contexts of more than {LONG_WORDS} words: {long:,}",
                    "what is longer than the window is read in several that overlap, which costs"
                    " more",
                    "see --set data.max_tokens=… and data.stride=…",
                )
            )
        if len(every) < FEW_QUESTIONS:
            told.append(
                Finding(
                    "warning",
                    f"{len(every):,} questions are few to learn from",
                    "",
                    "bring more, or expect scores little above the baseline best-overlap",
                )
            )
        return told

    @classmethod
    def learn(cls, train: Examples, choice: ColumnChoice, spec: DataSpec, options: Any) -> Self:
        """Tokenizer and window from the training texts."""
        every, questions = _texts(train)
        contexts = list(dict.fromkeys(every))
        tokenizer = train_tokenizer([*contexts, *questions], token_spec(contexts, spec))
        lengths = _lengths(tokenizer, train)
        usual = min(LONGEST_TOKENS, int(np.quantile(lengths, 0.99, method="higher")))
        window = spec.max_tokens or usual
        if window < 3:
            raise UserError(
                f"max_tokens = {window}: a question, the separator and a context need 3",
                "raise --set data.max_tokens=…",
            )
        if spec.stride is not None and spec.stride < 1:
            raise UserError(f"data.stride = {spec.stride}: expected a whole number from 1 on")
        stride = spec.stride or max(1, window // 4)
        learned = cls(columns=choice.columns, window=window, stride=stride)
        return learned.reading_by(tokenizer)

    # -- learned -------------------------------------------------------------------------------

    def choice_for(self, table: Table) -> ColumnChoice:
        """The columns of training; a column that is not there, by its name."""
        return self.find(table, ColumnRequest(super().choice_for(table).columns))

    def encode(self, rows: Examples) -> Arrays:
        """tokens; begin, the context's first position; offsets, the characters (from, up to) of
        each token of the context, (T, 2).
        """
        contexts, questions = _texts(rows)
        separator = np.array([separator_of(self.tokenizer)], dtype=np.int32)
        tokens: list[Array] = []
        offsets: list[Array] = []
        for ids, context in zip(self.tokenizer.encode_batch(questions), contexts, strict=True):
            read, places = _with_offsets(self.tokenizer, context)
            tokens.append(np.concatenate([ids[: max(1, self.window // 2)], separator, read]))
            offsets.append(places)
        begin = np.array([len(a) - len(b) for a, b in zip(tokens, offsets, strict=True)], np.int64)
        return {"tokens": Ragged.of(tokens), "offsets": Ragged.of(offsets), "begin": begin}

    @property
    def inputs(self) -> Inputs:
        """Token ids of question, separator and context; an output for every position."""
        size = self.tokenizer.vocabulary_size + 1
        return Inputs("tokens", size, longest=self.window, per_position=True)

    def lengths(self, examples: Examples) -> NDArray[np.int64]:
        """Positions that are read of each, in all of its windows."""
        lengths, begin = examples.ragged("tokens").lengths, examples.array("begin")
        return positions_read(lengths, begin, self.window, self.stride)

    def model(self, spec: ModelSpec) -> SequenceModel:
        """A model that tells question and context apart."""
        from seqlab.tasks.inputs.text_models import PairModel

        separator = separator_of(self.tokenizer)
        return PairModel(spec, tokens=self.inputs.size, separator=separator, per_position=True)

    def lengths_shown(self, examples: Examples) -> tuple[NDArray[np.int64], str]:
        return examples.ragged("tokens").lengths, "tokens of question and context"

    def shown(self, examples: Examples, row: int) -> str:
        return str(examples.frame["question"].iloc[row])

    def card(self, train: Examples) -> dict[str, Any]:
        return {
            "tokenizer": self.tokenizer.spec.plain(),
            "vocabulary": self.tokenizer.vocabulary_size,
            "tokens_read_of_each_example": self.window,
            "longest_example_in_tokens": int(_lengths(self.tokenizer, train).max()),
        }

    def notes(self, parts: Mapping[str, Examples]) -> list[str]:
        """How many contexts are read in windows."""
        beyond = {
            part: int((some.ragged("tokens").lengths > self.window).sum())
            for part, some in parts.items()
        }
        if not any(beyond.values()):
            return []
        counts = ", ".join(f"{count:,} in {part}" for part, count in beyond.items() if count)
        return [
            f"questions whose context is longer than the {self.window} tokens that are read at"
            f" once: {counts}; read in windows that begin {self.stride} tokens apart"
        ]


def _texts(rows: Examples) -> tuple[list[str], list[str]]:
    """Contexts and questions."""
    return rows.frame["context"].tolist(), rows.frame["question"].tolist()


def _with_offsets(tokenizer: Tokenizer, text: str) -> tuple[Array, Offsets]:
    """Token ids and the characters (from, up to) that each stands for, (T, 2)."""
    read = tokenizer.core.encode(text, add_special_tokens=False)
    return np.array(read.ids, dtype=np.int32), np.array(read.offsets, np.int32).reshape(-1, 2)


def _lengths(tokenizer: Tokenizer, rows: Examples) -> NDArray[np.int64]:
    """Tokens of question, separator and context, however long the question is."""
    contexts, questions = (tokenizer.encode_batch(texts) for texts in _texts(rows))
    return np.array([len(a) + len(c) + 1 for a, c in zip(questions, contexts, strict=True)])

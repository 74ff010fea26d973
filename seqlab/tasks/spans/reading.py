"""Raw tables to contexts, questions and answers, checked row by row, and the division into parts.

An answer is a piece of its context: by its text, or by where it starts and ends. What does not fit
is left out, counted and listed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data import columns as guess
from seqlab.data.splits import Rows, Splits
from seqlab.data.table import Table
from seqlab.data.tabular import names_parts
from seqlab.errors import UserError
from seqlab.tasks.base import Confidence, DataSpec, Sources
from seqlab.tasks.rows import Origins, divide, dropped, only, parts_of
from seqlab.tasks.spans.options import Options
from seqlab.tasks.texts.columns import as_texts
from seqlab.tasks.texts.reading import as_one

# The names of each role, the best first.
NAMES = {
    "context": "context passage paragraph document text",
    "question": "question query",
    "answer": "answers answer answer_text",
    "start": "starts start answer_start answer_starts start_position start_char",
    "end": "ends end answer_end end_position end_char",
}
NEEDED = ("context", "question")

Span = tuple[int, int]  # characters of the context: from, and up to but without


@dataclass(frozen=True)
class Question:
    """One row: accepted answers as spans of the context; none where it holds no answer."""

    context: str
    question: str
    spans: tuple[Span, ...]

    @property
    def answers(self) -> list[str]:
        """The accepted answers, each once; an empty one where the context holds none."""
        return list(dict.fromkeys(self.context[a:b] for a, b in self.spans)) or [""]


@dataclass(frozen=True)
class Reading:
    """Every usable row of every given table, in one."""

    questions: list[Question]
    columns: dict[str, str]
    notes: tuple[str, ...]
    origin: str
    rows: Rows

    @property
    def unanswerable(self) -> bool:
        """Whether some contexts hold no answer."""
        return any(not question.spans for question in self.questions)

    def divide(self, spec: DataSpec, seed: int) -> list[Splits]:
        """One division, or one per fold."""
        return divide(self.rows, spec, seed, self.origin)


@dataclass
class _Problems:
    """Rows that cannot be used, by why."""

    rows: dict[str, list[int]] = field(default_factory=dict)
    moved: int = 0

    def add(self, row: int, why: str) -> None:
        self.rows.setdefault(why, []).append(row)

    @property
    def notes(self) -> list[str]:
        found = [dropped(rows, why) for why, rows in self.rows.items()]
        moved = f"offsets that did not fit their answer were moved to it: {self.moved:,}"
        return [*found, *([moved] if self.moved else [])]


def recognise(table: Table) -> Confidence:
    """Columns of contexts, questions and answers under their usual names."""
    try:
        roles = roles_of(table, {})
    except UserError as error:
        return Confidence(0.0, error.message)
    if {"context", "question", "answers", "starts"} <= set(table.frame.columns):
        return Confidence(0.95, "contexts, questions and answers as in SQuAD: span")
    sample = Table(table.frame.head(50), table.origin)
    kept = len(_questions(sample, roles, Options(), _Problems()))
    names = ", ".join(f'"{roles[role]}"' for role in roles)
    if kept < 0.8 * len(sample.frame):
        return Confidence(0.2, f"columns {names}, but few answers are pieces of their context")
    plain = {"context", "question"} <= {guess.normalised(str(n)) for n in table.frame.columns}
    return Confidence(
        0.93 if plain else 0.85, f"contexts, questions and answers within them in {names}: span"
    )


def roles_of(table: Table, given: dict[str, str], answered: bool = True) -> dict[str, str]:
    """Columns by role; the error names what is missing."""
    frame = table.frame
    by_name = {guess.normalised(str(name)): str(name) for name in frame.columns}
    roles = {role: guess.named(frame, name, table.origin) for role, name in given.items()}
    for role, names in NAMES.items():
        found = next((by_name[n] for n in names.split() if n in by_name), None)
        if role not in roles and found is not None and found not in roles.values():
            roles[role] = found
    needed = [*NEEDED, *([] if "start" in roles or not answered else ["answer"])]
    for role in needed:
        if role not in roles:
            raise UserError(
                f'"{table.origin}": no column for the {role} among'
                f" {', '.join(map(str, frame.columns[:12]))}",
                "name the columns: --columns context=…,question=…,answer=…",
            )
    if answered and "answer" not in roles and "end" not in roles:
        raise UserError(
            f'"{table.origin}": column "{roles["start"]}" says where answers start, but no column'
            " says where they end or what they are",
            "name it with --columns answer=… or end=…",
        )
    if "split" not in roles and "split" in frame.columns and names_parts(frame):
        roles["split"] = "split"
    return roles


def read(sources: Sources, spec: DataSpec) -> Reading:
    """All rows that can be used; a study without any is an error that says why."""
    table, origins = sources.joined(), Origins.of(sources)
    if not len(table.frame):
        raise UserError(f'"{table.origin}": no rows', "bring contexts, questions and answers")
    given = dict(spec.columns) | ({"group": spec.group} if spec.group else {})
    roles, problems = roles_of(table, given), _Problems()
    found = _questions(table, roles, Options.read(spec.options, "options"), problems)
    if not found:
        why, strange = max(problems.rows.items(), key=lambda item: len(item[1]))
        column = roles.get("answer", roles.get("start", roles["context"]))
        raise UserError(
            f"{origins.place(strange[0], column)}: {why}, and no other row can be used",
            "expected answers that are pieces of their contexts, or where they start and end",
        )
    kept = np.array(list(found), dtype=np.int64)
    questions = list(found.values())
    groups, note = _groups(table.frame, roles, [q.context for q in questions], kept)
    rows = Rows(
        len(table.frame),
        given=parts_of(table.frame[roles["split"]]) if "split" in roles else None,
    )
    shown = as_one([q.context for q in questions], [q.question for q in questions])
    rows = Rows(len(kept), texts=shown, groups=groups, given=only(rows, kept).given)
    notes = (*table.notes, *problems.notes, *note)
    return Reading(questions, roles, notes, origins.tables[0][0], rows)


def _groups(
    frame: pd.DataFrame, roles: dict[str, str], contexts: Sequence[str], kept: NDArray[np.int64]
) -> tuple[list[Any] | None, list[str]]:
    """Who must not be in two parts: the user's own groups, or questions about one context."""
    if "group" in roles:
        return frame[roles["group"]].iloc[kept].tolist(), []
    distinct = len(set(contexts))
    if distinct == len(contexts) or distinct < 10 or "split" in roles:
        return None, []
    note = f"{len(contexts):,} questions about {distinct:,} contexts: no context is in two parts"
    return pd.factorize(np.asarray(contexts, dtype=object))[0].tolist(), [note]


def _questions(
    table: Table, roles: dict[str, str], options: Options, problems: _Problems
) -> dict[int, Question]:
    """Row → question, for the rows that can be used."""
    frame = table.frame
    contexts = as_texts(frame[roles["context"]])
    questions = as_texts(frame[roles["question"]])
    found: dict[int, Question] = {}
    for row, (context, question) in enumerate(zip(contexts, questions, strict=True)):
        if not context.strip():
            problems.add(row, "the context is empty")
        elif not question.strip():
            problems.add(row, "the question is empty")
        else:
            texts, starts, ends, listed = _cells(frame, roles, row)
            spans, why, moved = _spans(context, texts, starts, ends)
            problems.moved += moved
            accepts_none = listed if options.unanswerable is None else options.unanswerable
            if spans or (not why and accepts_none):
                found[row] = Question(context, question, tuple(spans))
            else:
                problems.add(row, why or "there is no answer")
    return found


def _cells(
    frame: pd.DataFrame, roles: dict[str, str], row: int
) -> tuple[list[str | None], list[int | None], list[int | None], bool]:
    """A row's answers by text, start and end, None where it does not say; and if as lists."""
    texts: list[Any] | None = None
    starts: list[Any] | None = None
    ends: list[Any] | None = None
    answer = frame[roles["answer"]].iloc[row] if "answer" in roles else None
    listed = isinstance(answer, list | tuple | np.ndarray | dict)
    if isinstance(answer, dict):  # as in data sets of Hugging Face
        texts, starts = _listed(answer.get("text")), _listed(answer.get("answer_start"))
    elif answer is not None:
        texts = [t for t in _listed(answer) if str(t).strip()]
    if "start" in roles:
        starts = _listed(frame[roles["start"]].iloc[row])
    if "end" in roles:
        ends = _listed(frame[roles["end"]].iloc[row])
    count = max(len(values) if values is not None else 0 for values in (texts, starts, ends))
    if texts is not None:
        count = len(texts)
    return _padded(texts, count), _padded(starts, count), _padded(ends, count), listed


def _listed(value: Any) -> list[Any]:
    if isinstance(value, list | tuple | np.ndarray):
        return list(value)
    missing = value is None or (isinstance(value, float) and np.isnan(value)) or value is pd.NA
    return [] if missing else [value]


def _padded(values: list[Any] | None, count: int) -> list[Any]:
    held = list(values or ())[:count]
    return held + [None] * (count - len(held))


def _spans(
    context: str, texts: list[str | None], starts: list[int | None], ends: list[int | None]
) -> tuple[list[Span], str, int]:
    """The answers' spans, why there is none, and how many were not where they were said to be."""
    spans: list[Span] = []
    reason, moved = "", 0
    for text, start, end in zip(texts, map(_whole, starts), map(_whole, ends), strict=True):
        if text is not None:
            found = _nearest(context, str(text), start or 0)
            why = "the answer is not in the context"
        elif start is None or end is None:
            continue
        else:
            found = (start, end) if 0 <= start < end <= len(context) else None
            why = "the offsets are outside of the context"
        if found is None:
            reason = reason or why
        else:
            spans.append(found)
            moved += start is not None and found[0] != start
    return spans, "" if spans else reason, moved


def _nearest(context: str, text: str, start: int) -> Span | None:
    """Where a text stands in the context, the place nearest to `start`."""
    places = [found.start() for found in re.finditer(f"(?={re.escape(text)})", context)]
    if not places:
        return None
    near = min(places, key=lambda place: abs(place - start))
    return near, near + len(text)


def _whole(value: Any) -> int | None:
    try:
        return None if value is None or value != value else int(value)
    except (TypeError, ValueError):
        return -1  # no offset at all: outside of every context


def unanswered(table: Table, columns: dict[str, str]) -> tuple[list[Question], bool]:
    """The questions of new data; with their answers where every row has one that fits."""
    frame = table.frame
    given = {r: c for r, c in columns.items() if r in NAMES and c in frame.columns}
    roles = roles_of(table, given, answered=False)
    contexts, questions = (as_texts(frame[roles[role]]) for role in NEEDED)
    if "answer" in roles or {"start", "end"} <= set(roles):
        found = _questions(table, roles, Options(), _Problems())
        if len(found) == len(frame):
            return list(found.values()), True
    return [Question(c, q, ()) for c, q in zip(contexts, questions, strict=True)], False

"""Tags: a name at every position of a sequence; some mark spans (IOB1, IOB2, BIOES).

A prediction is, per position, a tag's number and its probability.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data.columns import ColumnKind, named
from seqlab.data.examples import Array, Examples, Ragged
from seqlab.data.findings import Finding
from seqlab.data.splits import Splits
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.metrics.base import Metric, metrics_of, primary_first
from seqlab.metrics.spans import OUTSIDE, Scheme, recognise, spans, written
from seqlab.specs import Spec
from seqlab.tasks.base import DataSpec, Exhibit, Predictions, as_ragged
from seqlab.tasks.exhibits import tags as shown
from seqlab.tasks.inputs.cells import as_tags, is_nested
from seqlab.tasks.inputs.sequence_layouts import by_name
from seqlab.tasks.inputs.sequences import NUMBER, ROWS, objects, positions_of
from seqlab.tasks.parts import (
    Arrays,
    ColumnChoice,
    ColumnRequest,
    Input,
    Target,
)
from seqlab.tasks.targets import tag_findings

TAG_COLUMNS = "tags tag ner_tags ner upos pos_tags pos slots word_labels labels label activity"
UNKNOWN_TAG = -1  # the number of no tag, and of a tag that training does not have


class TagOptions(Spec):
    """How tags are scored and written.

    crf: a linear chain over the tags, trained with the model. scheme: span tags are rewritten so
    before training; None: as they are. tag_names: what tags that are numbers stand for, from 0 on:
    O,B-PER,I-PER.
    """

    crf: bool = False
    scheme: Literal["iob1", "iob2", "bioes"] | None = None
    tag_names: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names that were given."""
        return tuple(name.strip() for name in (self.tag_names or "").split(",") if name.strip())


class Tags(Target):
    """Tag numbers and probabilities, (T, 2) an example.

    scheme: that spans are marked by; none: tags mark none.
    """

    roles = ("tags",)
    options_type = TagOptions

    classes: tuple[str, ...]
    scheme: Scheme
    options: TagOptions = TagOptions()

    # -- as a class, on raw tables -------------------------------------------------------------

    @classmethod
    def likely(cls, table: Table, request: ColumnRequest) -> list[str]:
        """The tags by their name."""
        if "tags" in request.named:
            return []  # it is taken already
        name = _by_name(table, request.taken)
        return [] if name is None else [name]

    @classmethod
    def find(cls, table: Table, request: ColumnRequest) -> ColumnChoice:
        """`layout` holds the names of tags that are numbers."""
        given = request.named.get("tags")
        column = _by_name(table, request.taken) if given is None else given
        if column is None:
            names = [str(name) for name in table.frame if name not in (ROWS, NUMBER)]
            raise UserError(
                f'"{table.origin}": no column for the tags among {", ".join(names[:12])}',
                "name the columns: --columns tokens=…,tags=…",
            )
        named(table.frame, column, table.origin)
        notes = () if given is not None else (f'tags: column "{column}" (by its name)',)
        names_of_numbers = request.options.names
        return ColumnChoice({"tags": column}, 0.9, f'tags in "{column}"', notes, names_of_numbers)

    @classmethod
    def flaws(cls, table: Table, choice: ColumnChoice) -> pd.Series:
        """Sequences without tags, with tags for some positions, or with too many or too few."""
        flaws = [why for _, why in _read(table, choice)]
        return pd.Series(flaws, index=table.frame.index, dtype=object)

    @classmethod
    def rows(cls, table: Table, choice: ColumnChoice) -> Examples:
        """`tags`, a list of names; of new data None where they cannot be told."""
        tags: list[list[str] | None] = [None] * len(table.frame)
        if "tags" in choice.columns:
            tags = [None if why else own for own, why in _read(table, choice)]
        if choice.layout:
            names = {str(number): name for number, name in enumerate(choice.layout)}
            tags = [own and [names.get(tag, tag) for tag in own] for own in tags]
        return Examples({}, pd.DataFrame({"tags": objects(tags)}))

    @classmethod
    def check(cls, rows: Examples, choice: ColumnChoice, origin: str) -> None:
        """At least two tags; a name for each that is a number, where names are given."""
        kinds, column = _kinds(rows), choice.columns["tags"]
        if len(kinds) < 2:
            raise UserError(
                f'"{origin}": column "{column}" has only one tag ("{"".join(kinds)}")',
                "a comparison needs at least two; name the columns: --columns tokens=…,tags=…",
            )
        count = len(choice.layout)
        nameless = [int(tag) for tag in kinds if tag.isdecimal() and int(tag) >= count]
        if count and nameless:
            raise UserError(
                f'"{origin}" column "{column}": tag {min(nameless)} has no name in'
                f" options.tag_names, which has {count}",
                f"expected tags from 0 to {count - 1}, or more names",
            )

    @classmethod
    def findings(cls, rows: Examples, choice: ColumnChoice) -> list[Finding]:
        return tag_findings.findings(rows.frame)

    @classmethod
    def findings_in_parts(
        cls, rows: Examples, splits: Splits, shown: Sequence[str] | None, seed: int
    ) -> list[Finding]:
        return tag_findings.in_parts(rows.frame["tags"], splits)

    @classmethod
    def learn(cls, train: Examples, choice: ColumnChoice, spec: DataSpec, options: Any) -> Self:
        """The tags of the training part and the scheme that they follow."""
        tags = train.frame["tags"].tolist()
        scheme = recognise(tags)
        if options.scheme is not None:
            if scheme == "none":
                raise UserError(
                    f'options.scheme = "{options.scheme}": the tags mark no spans'
                    f" ({', '.join(sorted(_kinds(train))[:5])})",
                    "leave it out",
                )
            scheme = options.scheme
            tags = [_rewritten(own, scheme) for own in tags]
        kinds = {tag for own in tags for tag in own}
        if len(kinds) < 2:
            raise UserError(
                f'the training part has only one tag ("{"".join(kinds)}")',
                "bring more sequences, or other shares with --split",
            )
        return cls(
            columns=choice.columns,
            classes=tuple(sorted(kinds, key=lambda tag: (tag != OUTSIDE, tag))),
            metrics=_metrics(spec.metric, scheme),
            scheme=scheme,
            options=options,
        )

    # -- learned -------------------------------------------------------------------------------

    def choice_for(self, table: Table) -> ColumnChoice:
        """The column of training, or one with a name of tags."""
        choice = super().choice_for(table)
        name = None if choice.columns else _by_name(table, ())
        return choice if name is None else replace(choice, columns={"tags": name})

    def layout_for(self, table: Table) -> tuple[str, ...]:
        return self.options.names

    def in_scheme(self, rows: Examples) -> Examples:
        """Rows with their tags in the scheme that was asked for."""
        if self.options.scheme is None:
            return rows
        tags = [None if own is None else _rewritten(own, self.scheme) for own in rows.frame["tags"]]
        return replace(rows, frame=rows.frame.assign(tags=objects(tags)))

    def encode(self, rows: Examples) -> Arrays:
        """`tags`: numbers, −1 where there is none or training does not have it."""
        number = {name: i for i, name in enumerate(self.classes)}
        tags: list[Array] = [
            np.array(
                [UNKNOWN_TAG] * count if own is None else [number.get(t, UNKNOWN_TAG) for t in own]
            )
            for own, count in zip(rows.frame["tags"], positions_of(rows.frame), strict=True)
        ]
        return {"tags": Ragged.of(tags)}

    def known(self, examples: Examples) -> NDArray[np.bool_]:
        return examples.frame["tags"].notna().to_numpy(bool)

    def unseen(self, examples: Examples) -> Mapping[str, int]:
        """Tags that training does not have."""
        given = examples.frame["tags"].dropna()
        return Counter(tag for tags in given for tag in tags if tag not in self.classes)

    def wanted(self, examples: Examples) -> Ragged:
        return examples.ragged("tags")

    def names(self, predictions: Predictions) -> list[list[str]]:
        """Predicted tags by name, a list an example."""
        names = self._at_positions(predictions)
        return [part.tolist() for part in np.split(names, as_ragged(predictions).offsets[1:-1])]

    def _at_positions(self, predictions: Predictions) -> NDArray[np.object_]:
        numbers = as_ragged(predictions).values[:, 0].astype(np.int64)
        return np.asarray(self.classes, dtype=object)[numbers]

    def statistics(
        self, metric: Metric, predictions: Predictions, examples: Examples
    ) -> NDArray[np.float64]:
        """Of predicted and given tags by name."""
        given = [list(tags) for tags in examples.frame["tags"]]
        return metric.collect(self.names(predictions), given)

    def present(self, predictions: Predictions, examples: Examples) -> dict[str, Any]:
        """Of each position of each example: the tag and its probability."""
        return {
            "predicted": self._at_positions(predictions),
            "probability": as_ragged(predictions).values[:, 1],
        }

    def exhibits(self, predictions: Predictions, examples: Examples, read: Input) -> list[Exhibit]:
        """Quality by tag and by length; confusions; marked-up sentences."""
        spanned = self.scheme != "none"
        names = self.names(predictions)
        return shown.exhibits(as_ragged(predictions), names, examples, self.classes, spanned)

    def card(self, train: Examples) -> dict[str, Any]:
        counts = Counter(tag for own in train.frame["tags"] for tag in own)
        return {
            "tags": {name: counts[name] for name in self.classes},
            "scheme": self.scheme,
            "crf": self.options.crf,
        }

    def notes(self, parts: Mapping[str, Examples]) -> list[str]:
        """Tags that training does not have."""
        known, notes = set(self.classes), []
        for part in ("valid", "test"):
            tags = [tag for own in parts[part].frame["tags"] for tag in own]
            strange = Counter(tag for tag in tags if tag not in known)
            if strange:
                listed = ", ".join(f'"{tag}"' for tag, _ in strange.most_common(5))
                notes.append(
                    f"tags in {part} that training does not have, which count as errors of all:"
                    f" {sum(strange.values()):,} tokens ({listed})"
                )
        return notes


def _by_name(table: Table, taken: Sequence[str]) -> str | None:
    return by_name(table.frame, TAG_COLUMNS, list(taken), _may_be_tags)


def _may_be_tags(column: pd.Series, held: ColumnKind) -> bool:
    """Whether values, or those that a sequence's rows were gathered to, are names or counts."""
    values = column.dropna()
    if len(values) and isinstance(values.iloc[0], np.ndarray):
        return values.iloc[0].dtype.kind not in "fM"
    return held not in (ColumnKind.NUMBER, ColumnKind.DATE, ColumnKind.EMPTY)


def _kinds(rows: Examples) -> set[str]:
    return {tag for own in rows.frame["tags"] for tag in own}


def _read(table: Table, choice: ColumnChoice) -> Iterator[tuple[list[str], str]]:
    """The tags of each sequence, and why they are not one for each of its positions."""
    column = choice.columns["tags"]
    for cell, rows in zip(table.frame[column], table.frame[ROWS], strict=True):
        if is_nested(cell):
            yield [], f'a list within the list in "{column}"'
            continue
        tags = as_tags(cell, len(rows)) or []
        if not any(tags):
            yield tags, f'no tags in "{column}"'
        elif len(tags) != len(rows):
            yield tags, f'not as many tags in "{column}" as tokens'
        else:
            yield tags, f'a token without a tag in "{column}"' if "" in tags else ""


def _rewritten(tags: list[str], scheme: Scheme) -> list[str]:
    return written(spans(tags), len(tags), scheme)


def _metrics(asked: str | None, scheme: Scheme) -> tuple[str, ...]:
    known = ("token-accuracy",) if scheme == "none" else ("span-f1", "token-accuracy")
    return primary_first(asked, metrics_of("tag", known, "span-f1"))

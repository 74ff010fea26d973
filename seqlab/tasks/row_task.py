"""Tasks with a row of a table for an example: an input × a target, run through one pipeline.

    find columns → leave out rows with flaws → divide → learn from the training rows → encode

A task of this kind names its parts and owns head, loss and prediction; all else is here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqlab.data.examples import Examples, Ragged
from seqlab.data.findings import Finding
from seqlab.data.inspection import as_finding
from seqlab.data.splits import PARTS, RowsToDivide, Splits
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.metrics.base import Metric
from seqlab.runs import read_json, write_json
from seqlab.specs import Spec
from seqlab.tasks.base import (
    Confidence,
    DataSpec,
    Exhibit,
    Inputs,
    Predictions,
    Prepared,
    Sources,
    Task,
)
from seqlab.tasks.parts import (
    OPEN,
    PROBLEM,
    ColumnChoice,
    ColumnRequest,
    Input,
    NoOptions,
    Sequences,
    Target,
    columns_in,
    side_by_side,
)
from seqlab.tasks.rows import (
    Origins,
    StudyRows,
    counted_once,
    divide,
    dividing_columns,
    observations,
    parts_of,
    reasons,
)
from seqlab.tensors import REBUILD

if TYPE_CHECKING:
    from seqlab.batch import Batch
    from seqlab.model.base import Model
    from seqlab.specs import ModelSpec

SURE_SCORE = 0.5  # below it a confidence is told with the reason against, not for
ID = "id of "  # before the names of columns that tell new rows apart
EXAMPLE_OF_SEQUENCE = (
    "example"  # in a batch of several sequences an example: which of its examples each is of
)


Builder = Callable[["RowTask", "ModelSpec"], "Model"]  # a network with its head


class TaskState(Spec):
    """What a task of rows keeps beside its parts.

    columns: role → column, those that divide rows too. reader: the class of the input part.
    examples: rows that it was fitted on.
    """

    columns: dict[str, str]
    reader: str
    examples: int


class RowTask(Task):
    """Subclasses name their parts; `options_type` is what a user may set of the task itself."""

    input_types: ClassVar[tuple[type[Input], ...]]
    target_type: ClassVar[type[Target]]
    options_type: ClassVar[type[Spec]] = NoOptions

    def __init__(self, reader: Input, target: Target, state: TaskState) -> None:
        self.reader, self.target, self.state = reader, target, state
        self.build: Builder | None = None  # of a contestant's own network, with its head
        self.metrics = target.metrics
        self.unseen_counts_as = target.unseen_counts_as
        self.row_by_row = reader.row_by_row
        self.shortens = reader.shortens
        self.both_directions = reader.both_directions
        self.model_defaults = {**reader.model_defaults(), **type(self).model_defaults}
        self.train_defaults = {
            **reader.train_defaults(state.examples),
            **type(self).train_defaults,
        }

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns of the training table, by role."""
        return self.state.columns

    # -- as a class, on raw tables -------------------------------------------------------------

    @classmethod
    def recognise(cls, table: Table) -> Confidence:
        """As sure as its less sure part."""
        try:
            dividing, _ = dividing_columns(table, {})
            _, input_choice = cls._find_input(table, {}, dividing, DataSpec())
            target = cls._find_target(table, {}, input_choice, dividing, DataSpec())
        except UserError as error:
            return Confidence(0.0, error.message)
        weaker = min((input_choice, target), key=lambda choice: choice.score)
        if weaker.score < SURE_SCORE:
            return Confidence(weaker.score, weaker.why)
        return Confidence(weaker.score, f"{input_choice.why} and {target.why}: {cls.name}")

    @classmethod
    def inspect(cls, sources: Sources, spec: DataSpec, seed: int) -> list[Finding]:
        """What columns were found, what was left out, what is in both parts, how rows divide."""
        try:
            study = cls.study_rows(sources, spec)
        except UserError as error:
            return [as_finding(error)]
        try:
            splits = cls.divide(study, spec, seed)[0]
        except UserError as error:
            return [*study.findings(sources.train, spec), as_finding(error)]
        return study.findings_in(splits, sources.train, spec, seed)

    @classmethod
    def prepare(cls, sources: Sources, spec: DataSpec, seed: int) -> list[Prepared]:
        """Leave out what cannot be used, divide, and learn from the training rows alone."""
        study = cls.study_rows(sources, spec)
        divisions = cls.divide(study, spec, seed)
        findings = study.findings_in(divisions[0], sources.train, spec, seed)
        return [cls._prepared(study, splits, spec, seed, findings) for splits in divisions]

    @classmethod
    def study_rows(cls, sources: Sources, spec: DataSpec) -> StudyRows:
        """The rows of all given tables that can be used."""
        table = sources.joined()
        if not len(table.frame):
            raise UserError(f'"{table.origin}": no rows', "expected at least one row of data")
        named = cls.named_columns(table, spec)
        dividing, notes = dividing_columns(table, named)
        reader, input_choice = cls._find_input(table, named, dividing, spec)
        gathered = reader.gather(table, input_choice, cls.options_of(reader, reader, spec))
        # After gathering: a row of a long table is a step, and the target is its series'.
        target = cls._find_target(gathered, named, input_choice, dividing, spec, reader)
        names = reader.names(gathered, input_choice) or Origins.of(sources).names()
        flaws = _combined(
            reader.flaws(gathered, input_choice), cls.target_type.flaws(gathered, target)
        )
        kept = np.flatnonzero(flaws == "")
        usable, placed = _some(gathered, kept), _with_origin(names, table.origin)
        if not len(kept):
            raise UserError(
                f"{placed[0]}: {flaws.iloc[0]}; no other can be used either",
                "name the columns with --columns",
            )
        rows = side_by_side(reader.rows(usable, input_choice), cls.target_type.rows(usable, target))
        reader.check(rows, input_choice, table.origin)
        cls.target_type.check(rows, target, table.origin)
        input_choice, target = (
            reader.settled(rows, input_choice),
            cls.target_type.settled(rows, target),
        )
        frame = usable.frame
        return StudyRows(
            rows=rows,
            reader=reader,
            target_type=cls.target_type,
            input=input_choice,
            target=target,
            dividing=dividing,
            groups=frame[dividing["group"]].tolist() if "group" in dividing else None,
            given=parts_of(frame[dividing["split"]]) if "split" in dividing else None,
            origin=Origins.of(sources).tables[0][0],
            names=tuple(placed[int(row)] for row in kept),
            notes=(*gathered.notes, *notes, *input_choice.notes, *target.notes),
            left_out=tuple(reasons(flaws, names)),
        )

    @classmethod
    def named_columns(cls, table: Table, spec: DataSpec) -> dict[str, str]:
        """Role → column, as the user said or as the form of the table leaves no doubt."""
        return {**spec.columns, **({"group": spec.group} if spec.group else {})}

    @classmethod
    def divide(cls, study: StudyRows, spec: DataSpec, seed: int) -> list[Splits]:
        """One division of the rows, or one per fold; no example is in training and in test."""
        rows, (groups, notes) = study.rows, study.together
        if study.given is not None:
            groups, notes = study.groups, ()
        known = RowsToDivide(
            len(rows),
            labels=cls.target_type.strata(rows),
            texts=study.reader.duplicate_keys(rows),
            groups=groups,
            given=study.given,
        )
        divisions = divide(known, spec, seed, study.origin)
        return [replace(splits, notes=(*notes, *splits.notes)) for splits in divisions]

    @classmethod
    def options_of(cls, reader: type[Input], part: type[Any], spec: DataSpec) -> Any:
        """The options of one part: the reader, the target type or the task itself.

        All that a user set is checked against what the three know together.
        """
        types = (reader.options_type, cls.target_type.options_type, cls.options_type)
        distinct = [kind for kind in dict.fromkeys(types) if kind is not NoOptions]
        every: type[Spec] = type("Options", (*distinct, Spec), {}) if distinct else NoOptions
        values = every.read(spec.options, "options")
        fields = part.options_type.model_fields
        return part.options_type(**{name: getattr(values, name) for name in fields})

    @classmethod
    def _find_input(
        cls, table: Table, named: Mapping[str, str], dividing: Mapping[str, str], spec: DataSpec
    ) -> tuple[type[Input], ColumnChoice]:
        """The input type that fits the table best, with its columns."""
        asked = [kind for kind in cls.input_types if set(kind.roles) & set(named)]
        choices: list[tuple[type[Input], ColumnChoice]] = []
        refused: list[UserError] = []
        for kind in asked or cls.input_types:
            others = [column for role, column in named.items() if role not in kind.roles]
            taken = list(dict.fromkeys([*dividing.values(), *_split_all(table, others)]))
            request = ColumnRequest(named, taken)
            likely = cls.target_type.likely(table, request)
            try:  # an option of one input is unknown to another
                options = cls.options_of(kind, kind, spec)
                choices.append(
                    (kind, kind.find(table, ColumnRequest(named, taken, likely, options)))
                )
            except UserError as error:
                refused.append(error)
        if not choices:
            raise refused[0]
        return max(choices, key=lambda pair: pair[1].score)

    @classmethod
    def _find_target(
        cls,
        table: Table,
        named: Mapping[str, str],
        input_choice: ColumnChoice,
        dividing: Mapping[str, str],
        spec: DataSpec,
        reader: type[Input] | None = None,
    ) -> ColumnChoice:
        taken = [*input_choice.columns.values(), *dividing.values()]
        options = cls.options_of(reader or cls.input_types[0], cls.target_type, spec)
        known = {**input_choice.columns, **named}  # a target may depend on where its input stands
        return cls.target_type.find(table, ColumnRequest(known, taken, (), options))

    # -- learning --------------------------------------------------------------------------------

    @classmethod
    def learn(cls, train: Examples, study: StudyRows, spec: DataSpec) -> Self:
        """The fitted task, from the training rows alone."""
        reader, target = study.reader, cls.target_type
        return cls(
            reader.learn(train, study.input, spec, cls.options_of(reader, reader, spec)),
            target.learn(train, study.target, spec, cls.options_of(reader, target, spec)),
            TaskState(columns=study.columns, reader=reader.__name__, examples=len(train)),
        )

    @classmethod
    def _prepared(
        cls, study: StudyRows, splits: Splits, spec: DataSpec, seed: int, findings: list[Finding]
    ) -> Prepared:
        every = replace(study.rows, blocks=observations(study.together[0]))
        rows = {part: every.take(getattr(splits, part)) for part in PARTS}
        task = cls.learn(rows["train"], study, spec)
        task.target.check_parts(study.rows, splits, study.names)
        encoded = {part: task.encoded(some) for part, some in rows.items()}
        parts, notes = task.select(encoded, seed)
        unselected = {part: len(encoded[part]) - len(parts[part]) for part in PARTS}
        notes += [*task.reader.notes(parts), *task.target.notes(parts)]
        notes += counted_once(study.dividing.get("group"), parts["test"])
        card = {
            # An example that is read in pieces is one.
            "parts": {part: len(rows[part]) - unselected[part] for part in PARTS},
            "split": splits.how,
            "columns": study.columns,
            "notes": [*study.notes, *study.left_out, *splits.notes, *notes],
            **task.target.card(parts["train"]),
            **task.reader.card(parts["train"]),
            "duplicates_removed": 0 if splits.overlap is None else len(splits.overlap.removed),
        }
        return Prepared(task, parts["train"], parts["valid"], parts["test"], card, findings)

    def select(
        self, parts: dict[str, Examples], seed: int
    ) -> tuple[dict[str, Examples], list[str]]:
        """The parts without what cannot be trained on, or is too much to validate on; and notes."""
        return parts, []

    # -- fitted, for models ----------------------------------------------------------------------

    @property
    def inputs(self) -> Inputs:
        """What its reader gives a model."""
        return self.reader.inputs

    def model(self, spec: ModelSpec) -> Model:
        """The reader's model with the task's head."""
        if self.build is not None:
            return self.build(self, spec)
        model = self.reader.model(spec)
        model.head = self.head(model.head_width)
        return model

    def read_by(self, reader: Input, build: Builder) -> Self:
        """The same task for a contestant that has a reader and a network of its own.

        Rows and targets stay what they are; its examples are those of `read_anew`.
        """
        other = type(self)(reader, self.target, self.state)
        other.build = build
        return other

    def read_anew(self, examples: Examples) -> Examples:
        """Examples of this task's rows as its reader encodes them, whoever encoded them before."""
        return replace(examples, arrays={**examples.arrays, **self.reader.encode(examples)})

    def batches(
        self,
        examples: Examples,
        batch_size: int,
        batch_tokens: int,
        rng: np.random.Generator | None,
    ) -> Iterator[Batch]:
        """Examples of similar length together."""
        wanted = self.target.wanted(examples)
        for read in self.reader.batches(examples, batch_size, batch_tokens, rng):
            yield self.batch(examples, read, wanted)

    def batch(self, examples: Examples, read: Sequences, wanted: NDArray[Any] | Ragged) -> Batch:
        """What is read of some examples, with what is wanted of them."""
        import torch

        from seqlab.batch import Batch, Context

        whole = np.issubdtype(read.values.dtype, np.integer)
        values = read.values.astype(np.int64 if whole else np.float32, copy=False)
        mask = None if read.mask is None or read.mask.all() else torch.from_numpy(read.mask)
        rows = read.rows if read.of is None else read.rows[read.of]
        return Batch(
            torch.from_numpy(values),
            torch.from_numpy(_padded(wanted, rows)),
            Context(mask),
            read.rows,
            {} if read.of is None else {EXAMPLE_OF_SEQUENCE: torch.from_numpy(read.of)},
        )

    def batch_count(self, examples: Examples, batch_size: int, batch_tokens: int) -> int:
        """Counted without gathering inputs."""
        return self.reader.batch_count(examples, batch_size, batch_tokens)

    # -- fitted, for people ----------------------------------------------------------------------

    def encoded(self, rows: Examples) -> Examples:
        """Rows as anyone reads them, with the arrays of both parts."""
        read = replace(rows, arrays={**rows.arrays, **self.reader.encode(rows)})
        # a target may stand in what is read: positions of tokens
        return replace(read, arrays={**read.arrays, **self.target.encode(read)})

    def encode(self, table: Table) -> Examples:
        """New data: an example for each row, in order, whatever is in it.

        A row that cannot be read stands there with what is wrong in `problem`, and gets no
        prediction; its arrays are another row's.
        """
        choice = self.reader.choice_for(table)
        gathered = self.reader.gathered(table, choice)
        flaws = self.reader.unreadable(gathered, choice)
        usable = np.flatnonzero(flaws == "")
        if not len(gathered.frame):
            raise UserError(f'"{table.origin}": no rows to predict')
        if not len(usable):
            names = self.reader.names(gathered, choice) or ["row 1"]
            raise UserError(
                f'"{table.origin}" {names[0]}: {flaws.iloc[0]}; no other can be read either',
                "expected data like those it was trained on",
            )
        some = _some(gathered, usable)
        target = self.target.choice_for(some)
        rows = side_by_side(self.reader.rows(some, choice), self.target.rows(some, target))
        if len(usable) < len(flaws):
            # Models read arrays without holes: what cannot be read borrows the first usable row's.
            place = np.zeros(len(flaws), dtype=np.int64)
            place[usable] = np.arange(len(usable))
            rows = rows.take(place)
            for name, values in self.reader.identity(gathered, choice).items():
                rows.frame[name] = values
            rows.frame[PROBLEM] = flaws.to_numpy(dtype=object)
        used = [*self.reader.used(gathered, choice), *self.target.used(some, target)]
        for name in self.reader.ids(gathered, choice, used):
            rows.frame[ID + name] = gathered.frame[name].array
        return self.encoded(rows)

    def known(self, examples: Examples) -> NDArray[np.bool_]:
        """Which examples can be read and say what is wanted of them."""
        known = self.target.known(examples)
        if PROBLEM in examples.frame:
            known = known & (examples.frame[PROBLEM] == "").to_numpy()
        return known

    def labelled(self, table: Table) -> Examples:
        """Examples to be scored, among whose labels may be some that training does not have."""
        examples = self.encode(table)
        return replace(examples, shared={**examples.shared, OPEN: np.ones(1, dtype=bool)})

    def unseen(self, examples: Examples) -> Mapping[str, int]:
        """As the target knows them."""
        return self.target.unseen(examples)

    def left_out(self, examples: Examples) -> Mapping[str, int]:
        """Flaws, and targets that are missing."""
        reasons = Counter(flaw for flaw in examples.frame.get(PROBLEM, ()) if flaw)
        missing = int((~self.known(examples)).sum()) - reasons.total()
        return {**reasons, **({"no target": missing} if missing else {})}

    def statistics(
        self, metric: Metric, predictions: Predictions, examples: Examples
    ) -> NDArray[np.float64]:
        """As the target compares predictions with what is wanted."""
        return self.target.statistics(metric, predictions, examples)

    def exhibits(self, predictions: Predictions, examples: Examples) -> list[Exhibit]:
        """What the target shows of any input, and what only this input has to show."""
        return [
            *self.target.exhibits(predictions, examples, self.reader),
            *self.reader.exhibits(predictions, examples),
        ]

    def present(self, predictions: Predictions, examples: Examples) -> pd.DataFrame:
        """A row for each example: what was read, and what is predicted."""
        inputs = self.reader.presented(examples)
        predicted = pd.DataFrame(self.target.present(predictions, examples))
        if PROBLEM in examples.frame:
            bad = (examples.frame[PROBLEM] != "").to_numpy()
            predicted = predicted.astype(object).mask(
                np.repeat(bad[:, None], predicted.shape[1], 1)
            )
            if not self.reader.presents_identity:  # what stands there is another row's
                inputs = {name: pd.Series(v).mask(bad).to_numpy() for name, v in inputs.items()}
            predicted[PROBLEM] = examples.frame[PROBLEM].to_numpy()
        ids = [name for name in examples.frame if str(name).startswith(ID)]
        named = examples.frame[ids].rename(columns=lambda name: name.removeprefix(ID))
        others = {n: v for n, v in inputs.items() if n not in named and n not in predicted}
        named = named.drop(columns=[n for n in named if n in predicted]).reset_index(drop=True)
        return pd.concat([named, pd.DataFrame(others), predicted], axis=1)

    def subset(self, examples: Examples, size: int, seed: int) -> Examples:
        """Nested subsets, as the target divides its values."""
        return examples.take(self.target.subset(examples, size, seed))

    def save(self, folder: Path) -> None:
        """`task.json`, and a folder for each part."""
        self.reader.save(folder / "input")
        self.target.save(folder / "target")
        write_json(folder / "task.json", self.state.plain())

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        path = folder / "task.json"
        state = TaskState.read(read_json(path), str(path))
        kinds = {kind.__name__: kind for kind in cls.input_types}
        if state.reader not in kinds:
            raise UserError(f'{path}: damaged, reader = "{state.reader}"', REBUILD)
        reader = kinds[state.reader].load(folder / "input")
        return cls(reader, cls.target_type.load(folder / "target"), state)


def averaged(answers: NDArray[Any], batch: Batch) -> NDArray[Any]:
    """Answers of a batch's sequences (N, …) as those of its examples (B, …), which are means."""
    if EXAMPLE_OF_SEQUENCE not in batch.extra:
        return answers
    example = batch.extra[EXAMPLE_OF_SEQUENCE].cpu().numpy()
    sums = np.zeros((int(example.max()) + 1, *answers.shape[1:]))
    np.add.at(sums, example, answers)
    return np.asarray(sums / np.bincount(example)[:, None])


def _padded(wanted: NDArray[Any] | Ragged, rows: NDArray[np.int64]) -> NDArray[Any]:
    """What is wanted of some examples; sequences (B, T), filled up with what no loss counts."""
    from seqlab.tasks.losses import IGNORED

    if not isinstance(wanted, Ragged):
        return np.asarray(wanted[rows])
    values, mask = wanted.padded(rows)
    return np.where(mask, values, IGNORED)


def _with_origin(names: Sequence[str], origin: str) -> list[str]:
    """What errors call each example; of several files the names say already which it is in."""
    return [name if name.startswith('"') else f'"{origin}" {name}' for name in names]


def _combined(first: pd.Series, second: pd.Series) -> pd.Series:
    """The first of two reasons why a row cannot be used."""
    return first.where(first != "", second)


def _some(table: Table, rows: NDArray[np.int64]) -> Table:
    return replace(table, frame=table.frame.iloc[rows].reset_index(drop=True))


def _split_all(table: Table, columns: list[str]) -> list[str]:
    return [name for column in columns for name in columns_in(table, column)]

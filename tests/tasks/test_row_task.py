"""The one pipeline of tasks of rows, on parts of its own: digits in, their sum out."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from seqlab.data.columns import named
from seqlab.data.examples import Examples, Ragged
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.tasks.base import DataSpec, Inputs, Loss, Sources
from seqlab.tasks.parts import ColumnChoice, Input
from seqlab.tasks.row_task import RowTask
from seqlab.tasks.targets.numbers import Numbers


class Digits(Input):
    roles = ("digits",)
    longest: int

    @classmethod
    def find(cls, table, request):
        column = named(table.frame, request.named.get("digits", "digits"), table.origin)
        return ColumnChoice({"digits": column}, 0.9, f'digits in "{column}"')

    @classmethod
    def flaws(cls, table, choice):
        column = table.frame[choice.columns["digits"]]
        return column.map(lambda text: "" if str(text).isdigit() else "no digits").astype(object)

    @classmethod
    def duplicate_keys(cls, rows):
        return rows.frame["digits"].tolist()

    @classmethod
    def rows(cls, table, choice):
        return Examples({}, pd.DataFrame({"digits": table.frame[choice.columns["digits"]]}))

    @classmethod
    def learn(cls, train, choice, spec, options):
        return cls(columns=choice.columns, longest=int(train.frame["digits"].str.len().max()))

    def encode(self, rows):
        return {"tokens": Ragged.of([np.array([int(d) for d in t]) for t in rows.frame["digits"]])}

    @property
    def inputs(self):
        return Inputs("tokens", 10)

    def lengths(self, examples):
        return examples.ragged("tokens").lengths

    def sequences(self, examples, rows):
        return examples.ragged("tokens").padded(rows)


class DigitsSum(RowTask):
    name = "digits-sum"
    input_types = (Digits,)
    target_type = Numbers

    def head(self, width):
        return nn.Linear(width, 1)

    def loss(self, model, batch, state=None):
        return Loss(torch.zeros(()), 1.0)

    def predict(self, model, batch):
        return self.target.in_own_units(batch.targets.numpy())


def table(count=40):
    rng = np.random.default_rng(0)
    texts = ["".join(map(str, rng.integers(0, 10, rng.integers(4, 9)))) for _ in range(count)]
    total = [float(sum(map(int, text))) for text in texts]
    frame = pd.DataFrame({"number": texts, "target": total, "who": np.arange(count) % 8})
    return Table(frame, "sums.csv")


def prepare(data, **settings):
    return DigitsSum.prepare(Sources(data), DataSpec(**settings), 0)[0]


NUMBER = {"columns": {"digits": "number"}}


def test_rows_become_examples_and_what_was_learned_comes_back(tmp_path):
    prepared = prepare(table(), **NUMBER)
    assert [len(p) for p in (prepared.train, prepared.valid, prepared.test)] == [32, 4, 4]
    lengths = [len(text) for text in prepared.train.frame["digits"]]
    assert prepared.task.reader.longest == max(lengths)
    prepared.task.save(tmp_path)
    again = DigitsSum.load(tmp_path)
    assert again.reader == prepared.task.reader
    assert again.target == prepared.task.target
    assert again.columns == {"digits": "number", "target": "target"}


def test_batches_hold_every_example_once_and_say_what_is_real():
    prepared = prepare(table(), **NUMBER)
    seen = []
    for batch in prepared.task.batches(prepared.train, 8, 1000, np.random.default_rng(0)):
        assert batch.inputs.dtype == torch.int64
        sums = batch.inputs.sum(dim=1).double()  # zeros fill up
        given = prepared.task.target.in_own_units(batch.targets.numpy())[:, 0]
        np.testing.assert_allclose(sums.numpy(), given, rtol=1e-5)
        seen += batch.rows.tolist()
    assert sorted(seen) == list(range(32))
    assert prepared.task.batch_count(prepared.train, 8, 1000) == 4


def test_groups_stay_whole_and_the_asked_metric_is_primary():
    data = table()
    prepared = prepare(data, group="who", metric="rmse", **NUMBER)
    who = dict(zip(data.frame["number"], data.frame["who"], strict=True))
    parts = [
        {who[text] for text in p.frame["digits"]}
        for p in (prepared.train, prepared.valid, prepared.test)
    ]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 8
    assert prepared.task.metrics[:2] == ("rmse", "mae")


def test_copies_of_test_rows_leave_training():
    data = table()
    doubled = Table(pd.concat([data.frame, data.frame], ignore_index=True), "sums.csv")
    prepared = prepare(doubled, **NUMBER)
    assert not set(prepared.train.frame["digits"]) & set(prepared.test.frame["digits"])
    assert prepared.card["duplicates_removed"] > 0


def test_rows_with_flaws_are_left_out_and_the_first_ten_are_listed():
    data = table()
    data.frame.loc[[3, 5], "number"] = "none"
    data.frame.loc[10:21, "target"] = np.nan
    prepared = prepare(data, **NUMBER)
    assert sum(prepared.card["parts"].values()) == 26
    assert "2 rows left out: no digits (rows 4, 6)" in prepared.card["notes"]
    listed = "rows 11, 12, 13, 14, 15, 16, 17, 18, 19, 20 and 2 more"
    note = f'12 rows left out: no number in "target" ({listed})'
    assert note in prepared.card["notes"]
    titles = [f.title for f in DigitsSum.inspect(Sources(data), DataSpec(**NUMBER), 0)]
    assert note in titles


def test_rows_of_several_files_are_named_with_theirs():
    first, second = table(), table(20)
    second.frame.loc[4, "number"] = "none"
    sources = Sources(first, test=Table(second.frame, "more.csv"))
    notes = DigitsSum.prepare(sources, DataSpec(**NUMBER), 0)[0].card["notes"]
    assert '1 example left out: no digits ("more.csv" row 5)' in notes


def test_new_rows_keep_their_places():
    task = prepare(table(), **NUMBER).task
    new = Table(pd.DataFrame({"number": ["12", "x", "345"]}), "new.csv")
    examples = task.encode(new)
    shown = task.present(np.array([[3.0], [0.0], [12.0]]), examples)
    assert shown["predicted target"].fillna(-1).tolist() == [3.0, -1, 12.0]
    assert shown["problem"].tolist() == ["", "no digits", ""]
    assert not task.known(examples).any()
    with pytest.raises(
        UserError, match=r'"new\.csv" row 1: no digits; no other can be read either'
    ):
        task.encode(Table(pd.DataFrame({"number": ["x"]}), "new.csv"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, '"sums.csv": unknown column "digits"'),
        (
            {"columns": {"digits": "who"}},
            '"sums.csv" row 1: no digits; no other can be used either',
        ),
        ({**NUMBER, "metric": "bleu"}, 'unknown metric "bleu"'),
        ({"columns": {"digits": "numbr"}}, '"sums.csv": unknown column "numbr"'),
        ({**NUMBER, "options": {"los": "huber"}}, 'unknown setting in options "los"'),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(settings, message):
    data = table()
    data.frame["who"] = "x"
    with pytest.raises(UserError) as caught:
        prepare(data, **settings)
    assert caught.value.message.startswith(message)

"""What tasks with a row for an example share: columns, rows left out, parts, batches, storing."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from seqlab import registry
from seqlab.data.examples import Examples, Ragged
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.tasks.base import Confidence, DataSpec, Inputs, Loss, Sources
from seqlab.tasks.row_task import Fitted, RowTask


class Longest(Fitted):
    longest: int


class Digits(RowTask):
    """Digits in, their sum out."""

    name = "digits-sum"
    fitted_type = Longest
    metrics = ("mae", "rmse")

    @classmethod
    def recognise(cls, table):
        return Confidence(0.0, "")

    @classmethod
    def flaws(cls, frame, columns):
        return frame[columns["digits"]].map(lambda text: "" if str(text).isdigit() else "no digits")

    @classmethod
    def learn(cls, train, common, spec):
        return Longest(**common, longest=int(train[common["columns"]["digits"]].str.len().max()))

    def encode(self, table):
        rows = [np.array([int(d) for d in text]) for text in table.frame[self.columns["digits"]]]
        target = np.array([[float(row.sum())] for row in rows])
        return Examples({"inputs": Ragged.of(rows), "target": target}, table.frame)

    @property
    def inputs(self):
        return Inputs("tokens", 10)

    def head(self, width):
        return nn.Linear(width, 1)

    def loss(self, model, batch, state=None):
        return Loss(torch.zeros(()), 1.0)

    def predict(self, model, batch):
        return batch.targets.numpy()

    def present(self, predictions, examples):
        return examples.frame

    def exhibits(self, predictions, examples):
        return []


@pytest.fixture(autouse=True)
def card(monkeypatch):
    """As if it stood in a file of its own."""
    monkeypatch.setattr(
        registry, "card", lambda kind, name: {"roles": ["digits", "group", "split"]}
    )


def table(count=40):
    rng = np.random.default_rng(0)
    texts = ["".join(map(str, rng.integers(0, 10, rng.integers(4, 9)))) for _ in range(count)]
    return Table(pd.DataFrame({"number": texts, "who": np.arange(count) % 8}), "sums.csv")


def prepare(data, **settings):
    return Digits.prepare(Sources(data), DataSpec(**settings), 0)[0]


NUMBER = {"columns": {"digits": "number"}}


def test_rows_become_examples_and_what_was_learned_comes_back(tmp_path):
    prepared = prepare(table(), **NUMBER)
    assert [len(p) for p in (prepared.train, prepared.valid, prepared.test)] == [32, 4, 4]
    lengths = [len(text) for text in prepared.train.frame["number"]]
    assert prepared.task.fitted.longest == max(lengths)
    prepared.task.save(tmp_path)
    again = Digits.load(tmp_path)
    assert (again.fitted, again.metrics) == (prepared.task.fitted, ("mae", "rmse"))
    assert again.columns == {"digits": "number"}


def test_batches_hold_every_example_once_and_say_what_is_real():
    prepared = prepare(table(), **NUMBER)
    seen = []
    for batch in prepared.task.batches(prepared.train, 8, 1000, np.random.default_rng(0)):
        assert batch.inputs.dtype == torch.int64
        sums = batch.inputs.sum(dim=1)  # zeros fill up
        assert torch.equal(sums.double(), batch.targets[:, 0])
        seen += batch.rows.tolist()
    assert sorted(seen) == list(range(32))
    assert prepared.task.batch_count(prepared.train, 8, 1000) == 4


def test_groups_stay_whole_and_the_asked_metric_is_primary():
    prepared = prepare(table(), group="who", metric="rmse", **NUMBER)
    parts = [set(p.frame["who"]) for p in (prepared.train, prepared.valid, prepared.test)]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 8
    assert prepared.task.metrics == ("rmse", "mae")


def test_copies_of_test_rows_leave_training():
    data = table()
    doubled = Table(pd.concat([data.frame, data.frame], ignore_index=True), "sums.csv")
    prepared = prepare(doubled, **NUMBER)
    assert not set(prepared.train.frame["number"]) & set(prepared.test.frame["number"])


def test_rows_with_flaws_are_left_out_and_listed():
    data = table()
    data.frame.loc[[3, 5], "number"] = "none"
    prepared = prepare(data, **NUMBER)
    assert sum(prepared.card["parts"].values()) == 38
    assert "2 rows left out: no digits (rows 4, 6)" in prepared.card["notes"]
    findings = Digits.inspect(Sources(data), DataSpec(**NUMBER), 0)
    assert findings[1].title == "2 rows left out: no digits (rows 4, 6)"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, '"sums.csv": no column "digits" among number, who'),
        ({"columns": {"digits": "who"}}, None),
        ({**NUMBER, "metric": "bleu"}, 'unknown metric "bleu"'),
        ({"columns": {"digits": "numbr"}}, '"sums.csv": unknown column "numbr"'),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(settings, message):
    data = table()
    data.frame["who"] = "x"
    with pytest.raises(UserError) as caught:
        prepare(data, **settings)
    assert caught.value.message.startswith(message or '"sums.csv": no row can be used')
    assert Digits.inspect(Sources(data), DataSpec(**settings), 0)[0].severity == "error"

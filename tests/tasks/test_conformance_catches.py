"""The conformance suite fails where a task breaks a promise: one broken task for each."""

from dataclasses import replace

import numpy as np
import pytest

from seqlab import registry
from seqlab.tasks.base import Loss
from tests.tasks import test_conformance as suite

Classify, Series = registry.load("tasks", "classify"), registry.load("tasks", "series")


class DropsARow(Series):
    """Of new data, those that cannot be read."""

    def encode(self, table):
        whole = super().encode(table)
        return whole.take(np.flatnonzero(whole.frame.get("problem", np.full(len(whole), "")) == ""))


class LeavesOutABatch(Classify):
    def batches(self, *args):
        yield from list(super().batches(*args))[1:]


class LosesTheOrder(Classify):
    """Of the examples in a batch."""

    def batch(self, *args):
        batch = super().batch(*args)
        return replace(batch, rows=np.roll(batch.rows, 1))


class TurnsNewRowsRound(Classify):
    def encode(self, table):
        rows = super().encode(table)
        return rows.take(np.arange(len(rows))[::-1])


class DiffersAfterLoading(Classify):
    @classmethod
    def load(cls, folder):
        task = super().load(folder)
        classes = task.target.classes[::-1]
        return cls(task.reader, task.target.with_(classes=classes), task.state)


class ForgetsSettings(Classify):
    @classmethod
    def load(cls, folder):
        task = super().load(folder)
        return cls(task.reader, task.target, task.state.with_(columns={}))


class LearnsFromTheTestPart(Classify):
    @classmethod
    def learn(cls, train, study, spec):
        return super().learn(study.rows, study, spec)


class HasAnInfiniteLoss(Classify):
    def loss(self, model, batch, state=None):
        loss = super().loss(model, batch, state)
        return Loss(loss.value / 0.0, loss.weight)


class HasNoGradients(Classify):
    def loss(self, model, batch, state=None):
        loss = super().loss(model, batch, state)
        return Loss(loss.value * 0.0, loss.weight)


class WantsTheTarget(Classify):
    """In new data, too."""

    def encode(self, table):
        table.frame[self.columns["label"]]
        return super().encode(table)


class TakesTheLastColumn(Classify):
    """Whatever it is called: a surplus one misleads it."""

    def encode(self, table):
        last = table.frame.columns[-1]
        column = table.frame[last].astype(str)
        return super().encode(replace(table, frame=table.frame.assign(text=column)))


class ForgetsItsColumns(Classify):
    """So that new data cannot say which column is which."""

    @property
    def columns(self):
        return {}


class IgnoresTheSeed(Classify):
    @classmethod
    def prepare(cls, sources, spec, seed):
        return super().prepare(sources, spec, 0)


class IsLeftToChance(Classify):
    @classmethod
    def prepare(cls, sources, spec, seed):
        return super().prepare(sources, spec, int(np.random.default_rng().integers(2**31)))


class LosesFlawedRows(Classify):
    """Without a word."""

    @classmethod
    def study_rows(cls, sources, spec):
        return replace(super().study_rows(sources, spec), left_out=())


class ShowsPredictionsAlone(Classify):
    def present(self, predictions, examples):
        return super().present(predictions, examples).drop(columns="text")


class Nameless(Series.input_types[0]):
    @classmethod
    def identity(cls, table, choice):
        return super().identity(table, choice)[[]]


class ForgetsWhoCannotBeRead(Series):
    input_types = (Nameless,)


BROKEN = {
    DropsARow: suite.test_each_row_in_gives_a_row_out_or_its_reason,
    LeavesOutABatch: suite.test_batches_hold_every_example_and_the_loss_has_gradients,
    LosesTheOrder: suite.test_an_example_is_answered_alone_as_among_others,
    TurnsNewRowsRound: suite.test_rows_come_out_in_the_order_of_the_table,
    DiffersAfterLoading: suite.test_what_was_saved_predicts_alike,
    ForgetsSettings: suite.test_what_was_saved_predicts_alike,
    LearnsFromTheTestPart: suite.test_nothing_is_learned_from_the_test_part,
    HasAnInfiniteLoss: suite.test_batches_hold_every_example_and_the_loss_has_gradients,
    HasNoGradients: suite.test_batches_hold_every_example_and_the_loss_has_gradients,
    WantsTheTarget: suite.test_new_data_may_lack_the_target_and_have_columns_of_other_names,
    TakesTheLastColumn: suite.test_new_data_may_lack_the_target_and_have_columns_of_other_names,
    ForgetsItsColumns: suite.test_new_data_may_lack_the_target_and_have_columns_of_other_names,
    IgnoresTheSeed: suite.test_a_seed_decides_the_parts,
    IsLeftToChance: suite.test_a_seed_decides_the_parts,
    LosesFlawedRows: suite.test_rows_without_their_target_are_left_out_and_named,
    ShowsPredictionsAlone: suite.test_predictions_are_scored_shown_and_presented,
    ForgetsWhoCannotBeRead: suite.test_each_row_in_gives_a_row_out_or_its_reason,
}


@pytest.mark.parametrize("task", BROKEN, ids=lambda task: task.__name__)
def test_a_broken_promise_is_seen(task, monkeypatch, tmp_path):
    check = BROKEN[task]
    given = {"name": task.name, "trained": suite.modelled(), "tmp_path": tmp_path}
    wanted = {
        name: given[name] for name in check.__code__.co_varnames[: check.__code__.co_argcount]
    }
    check(**wanted)  # kept by the task itself
    monkeypatch.setattr(suite, "task_of", lambda name: task)
    with pytest.raises(Exception) as seen:  # noqa: PT011 – whatever it breaks first
        check(**{**wanted, **({"trained": suite.modelled()} if "trained" in wanted else {})})
    assert not isinstance(seen.value, NotImplementedError | ImportError | NameError)

"""Every registered task keeps the contract's promises, on a sample that it makes itself."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from seqlab import registry
from seqlab.data.examples import Ragged
from seqlab.data.table import Table
from seqlab.specs import ModelSpec
from seqlab.study.building import build_model
from seqlab.study.objective import predict_all
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.parts import PROBLEM
from seqlab.tasks.row_task import RowTask
from seqlab.tasks.rows import DIVIDING_ROLES
from seqlab.workbench.gathering import choose_task
from seqlab.workbench.predictor import Predictor

ROWS = 60
NAMES = registry.names("tasks")
ROW_TASKS = [name for name in NAMES if issubclass(registry.load("tasks", name), RowTask)]


def task_of(name):
    return registry.load("tasks", name)


def prepared_from(name, table, seed=0, **settings):
    return task_of(name).prepare(Sources(table), DataSpec(**settings), seed)[0]


def modelled():
    """Name → a task prepared on its sample, and a small model of it that was not trained."""
    made = {}

    def of(name):
        if name not in made:
            prepared = prepared_from(name, task_of(name).sample(ROWS, 0))
            model = build_model(prepared.task, ModelSpec(mixer="gru", width=8, pooling="mean"))
            made[name] = prepared, model
        return made[name]

    return of


@pytest.fixture(scope="module")
def trained():
    return modelled()


def flat(predictions):
    values = predictions.values if isinstance(predictions, Ragged) else predictions
    return np.asarray(values, dtype=np.float64)


@pytest.mark.parametrize("name", NAMES)
def test_its_sample_is_recognised(name):
    assert choose_task(Sources(task_of(name).sample(ROWS, 0)), None, {})[0] == name


@pytest.mark.parametrize("name", NAMES)
def test_parts_have_examples_and_findings_are_carried(name, trained):
    prepared, _ = trained(name)
    assert all(len(part) for part in (prepared.train, prepared.valid, prepared.test))
    assert prepared.findings == task_of(name).inspect(
        Sources(task_of(name).sample(ROWS, 0)), DataSpec(), 0
    )
    assert not [finding for finding in prepared.findings if finding.severity == "error"]
    json.dumps(prepared.card)


@pytest.mark.parametrize("name", NAMES)
def test_batches_hold_every_example_and_the_loss_has_gradients(name, trained):
    prepared, model = trained(name)
    task, train = prepared.task, prepared.train
    rows = []
    for batch in task.batches(train, 16, 4096, np.random.default_rng(0)):
        loss = task.loss(model, batch)
        assert bool(loss.value.isfinite())
        assert loss.weight > 0
        loss.value.backward()
        rows += np.asarray(batch.rows).tolist()
    assert sorted(set(rows)) == list(range(len(train)))
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    assert any(bool(g.abs().sum() > 0) for g in gradients)
    assert task.batch_count(train, 16, 4096) == pytest.approx(
        sum(1 for _ in task.batches(train, 16, 4096, None)), abs=1
    )


@pytest.mark.parametrize("name", NAMES)
def test_predictions_are_scored_shown_and_presented(name, trained):
    prepared, model = trained(name)
    task, test = prepared.task, prepared.test
    predictions = predict_all(task, model, test)
    assert len(predictions) == len(test)
    for metric_name in task.metrics:
        metric = registry.load("metrics", metric_name)()
        statistics = task.statistics(metric, predictions, test)
        assert len(statistics) == len(test)
        assert np.isfinite(metric.value(statistics)) or metric_name in ("r2", "spearman")
    json.dumps([exhibit.data for exhibit in task.exhibits(predictions, test)])
    shown = task.present(predictions, test)
    assert len(shown) >= len(test)
    if name in ROW_TASKS:  # predictions stand beside what was read
        assert set(task.reader.presented(test)) < set(shown)


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_answered_alone_as_among_others(name, trained):
    prepared, model = trained(name)
    task, test = prepared.task, prepared.test
    together = predict_all(task, model, test)
    for row in (0, len(test) // 2, len(test) - 1):
        alone = predict_all(task, model, test.take(np.array([row])))
        np.testing.assert_allclose(flat(alone[0]), flat(together[row]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_what_was_saved_predicts_alike(name, trained, tmp_path):
    prepared, model = trained(name)
    prepared.task.save(tmp_path)
    task = task_of(name).load(tmp_path)
    assert task.metrics == prepared.task.metrics
    assert task.columns == prepared.task.columns
    new = task_of(name).sample(ROWS, 1)
    shown = []
    for same in (prepared.task, task):
        examples = same.encode(new)
        shown.append(same.present(predict_all(same, model, examples), examples))
    pd.testing.assert_frame_equal(*shown, check_exact=True)


def parts_with_test(name, seed):
    """The sample as training and validation part, and a test part of the seed."""
    task = task_of(name)
    if name not in ROW_TASKS and len(task.sample(ROWS, 0).frame.columns) > 1:
        table = task.sample(ROWS, 0)  # a series: its end is the test part
        values = table.frame["y"] + seed * (np.arange(len(table.frame)) > 0.9 * len(table.frame))
        return Sources(Table(table.frame.assign(y=values), "sample"))
    return Sources(task.sample(ROWS, 0), task.sample(ROWS, 1), task.sample(ROWS, 2 + seed))


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_learned_from_the_test_part(name, tmp_path):
    spec = DataSpec(keep_duplicates=True)
    for seed in (0, 1):
        (prepared, *_) = task_of(name).prepare(parts_with_test(name, seed), spec, 0)
        prepared.task.save(tmp_path / str(seed))
    files = [sorted(p for p in (tmp_path / f).rglob("*") if p.is_file()) for f in "01"]
    assert [p.name for p in files[0]] == [p.name for p in files[1]]
    for first, second in zip(*files, strict=True):
        assert first.read_bytes() == second.read_bytes(), first.name


@pytest.mark.parametrize("name", NAMES)
def test_a_seed_decides_the_parts(name):
    def parts(seed):
        prepared = prepared_from(name, task_of(name).sample(ROWS, 0), seed)
        some = (prepared.train, prepared.valid, prepared.test)
        return [part.frame.astype(str).to_json() for part in some]

    assert parts(0) == parts(0)
    if name in ROW_TASKS:
        assert parts(0) != parts(1)


@pytest.mark.parametrize("name", ROW_TASKS)
def test_its_card_names_the_roles_of_its_parts(name):
    task = task_of(name)
    roles = [role for kind in task.input_types for role in kind.roles]
    roles += [role for role in task.target_type.roles if role not in roles]
    assert set(registry.card("tasks", name)["roles"]) == {*roles, *DIVIDING_ROLES}


def target_column(name):
    prepared = prepared_from(name, task_of(name).sample(ROWS, 0))
    return prepared.task.target.columns[prepared.task.target_type.roles[0]]


@pytest.mark.parametrize("name", ROW_TASKS)
def test_rows_without_their_target_are_left_out_and_named(name):
    sample = task_of(name).sample(ROWS, 0)
    column = target_column(name)
    cells = sample.frame[column].copy()
    cells[[2, 5]] = None
    prepared = prepared_from(name, Table(sample.frame.assign(**{column: cells}), "sample"))
    (note,) = [note for note in prepared.card["notes"] if "left out" in note]
    assert note.startswith("2 ")
    assert "3" in note
    assert "6" in note
    assert note in [finding.title for finding in prepared.findings]
    assert sum(prepared.card["parts"].values()) == ROWS - 2


@pytest.mark.parametrize("name", ROW_TASKS)
def test_new_data_may_lack_the_target_and_have_columns_of_other_names(name, trained):
    prepared, model = trained(name)
    predictor = Predictor(
        prepared.task, lambda examples: predict_all(prepared.task, model, examples), {}
    )
    sample = task_of(name).sample(ROWS, 2)
    column = target_column(name)
    plain = predictor.predict(Table(sample.frame.drop(columns=column), "new"))
    own = {role: c for role, c in prepared.task.reader.columns.items() if c in sample.frame}
    renamed = sample.frame.drop(columns=column).rename(columns={c: f"my {c}" for c in own.values()})
    renamed = renamed.assign(surplus=range(len(renamed)))
    given = {role: f"my {c}" for role, c in own.items()}
    pd.testing.assert_frame_equal(predictor.predict(Table(renamed, "new"), columns=given), plain)


@pytest.mark.parametrize("name", ROW_TASKS)
def test_each_row_in_gives_a_row_out_or_its_reason(name, trained):
    prepared, model = trained(name)
    sample = task_of(name).sample(ROWS, 3)
    column = next(iter(prepared.task.reader.columns.values()))
    cells = sample.frame[column].astype(object)
    cells[[0, 4]] = None
    broken = Table(sample.frame.assign(**{column: cells}), "new")
    examples = prepared.task.encode(broken)
    shown = prepared.task.present(predict_all(prepared.task, model, examples), examples)
    whole = prepared.task.encode(sample)
    alone = prepared.task.present(predict_all(prepared.task, model, whole), whole)
    each = len(alone) // ROWS if len(alone) % ROWS == 0 else None
    if "name" in examples.frame:  # what cannot be read still bears its own name
        assert examples.frame["name"].is_unique
    if PROBLEM in shown:
        assert (shown[PROBLEM] != "").sum() == 2
        assert not prepared.task.known(examples)[[0, 4]].any()
    if each == 1:  # a row each: in their order, and the others' predictions unchanged
        assert len(shown) == ROWS
        kept = [row for row in range(ROWS) if row not in (0, 4)]
        predicted = [n for n in alone if n.startswith("predicted")]
        left = shown[predicted].iloc[kept].astype(str)
        assert left.equals(alone[predicted].iloc[kept].astype(str)) or np.allclose(
            shown[predicted].iloc[kept].astype(float), alone[predicted].iloc[kept].astype(float)
        )


@pytest.mark.parametrize("name", ROW_TASKS)
def test_rows_come_out_in_the_order_of_the_table(name, trained):
    prepared, model = trained(name)
    table = task_of(name).sample(ROWS, 4)
    some = []
    for rows in (ROWS, ROWS // 2):
        examples = prepared.task.encode(Table(table.frame.head(rows), "new"))
        predictions = predict_all(prepared.task, model, examples)
        some.append(prepared.task.present(predictions, examples))
    whole, half = some
    pd.testing.assert_frame_equal(whole.head(len(half)), half, rtol=1e-4, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("name", NAMES)
def test_a_model_of_the_task_is_built_from_its_spec_alone(name, trained):
    prepared, model = trained(name)
    again = build_model(prepared.task, ModelSpec(mixer="gru", width=8, pooling="mean"))
    shapes = [{n: p.shape for n, p in m.named_parameters()} for m in (model, again)]
    assert shapes[0] == shapes[1]

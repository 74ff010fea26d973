"""Tagging on real data: every format is read, and what the documentation says is reached.

The folder is that of the environment variable SEQLAB_TEST_DATA. Training takes minutes:
python -m pytest -m slow tests/tasks/test_tag_real_data.py -s
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from seqlab import registry
from seqlab.data.sources import read_table
from seqlab.specs import TrainSpec
from seqlab.study.building import build_model
from seqlab.study.objective import TaskObjective, predict_all
from seqlab.study.plan import entries
from seqlab.study.spec import StudySpec
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.tag import Tag
from seqlab.training.fit import fit

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("SEQLAB_TEST_DATA") or ROOT / "../shared/data")
pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="no real data: set SEQLAB_TEST_DATA to a folder that holds them"
)
USADDRESS = "packaged/tagging_usaddress/labeled.tsv"


def prepare(name, **settings):
    return Tag.prepare(Sources(read_table(DATA / name)), DataSpec(**settings), 0)


def score(prepared, predictions):
    metric = registry.load("metrics", prepared.task.metrics[0])()
    return metric.value(prepared.task.statistics(metric, predictions, prepared.test))


def test_addresses_are_recognised_and_the_table_of_tags_reaches_what_is_published():
    table = read_table(DATA / USADDRESS)
    assert len(table.frame) == 1513
    assert Tag.recognise(table).score > 0.9
    reached = []
    for prepared in prepare(USADDRESS, folds=5):
        baseline = registry.load("baselines", "frequent-tag")()
        baseline = baseline.fit(prepared.task, prepared.train, prepared.valid, 0)
        reached.append(score(prepared, baseline.predict(prepared.task, prepared.test)))
    assert sum(reached) / 5 == pytest.approx(0.731, abs=0.005)  # word, then shape


def test_slots_come_in_parallel_files_by_part():
    (prepared,) = prepare("snips", keep_duplicates=True)
    assert [len(p) for p in (prepared.train, prepared.valid, prepared.test)] == [13084, 700, 700]
    assert prepared.task.target.scheme == "iob2"
    assert prepared.task.metrics == ("span-f1", "token-accuracy")


@pytest.mark.slow
@pytest.mark.parametrize(("name", "epochs", "least"), [("ud_ewt", 4, 0.925), ("snips", 6, 0.90)])
def test_what_one_training_reaches(name, epochs, least):
    (prepared,) = prepare(name)
    spec = StudySpec(task="tag", candidates=("gru",), baselines=(), model={"dropout": 0.2})
    model = build_model(prepared.task, entries(spec, prepared.task)[0].model)
    train = TrainSpec(learning_rate=0.004, epochs=epochs, batch_size=32)
    fit(model, TaskObjective(prepared, prepared.train, train), train)
    reached = score(prepared, predict_all(prepared.task, model, prepared.test))
    print(name, prepared.task.metrics[0], round(reached, 4))
    assert reached >= least

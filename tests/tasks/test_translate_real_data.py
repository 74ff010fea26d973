"""Translation on real data: every form is recognised, and a small model beats the lookups.

The folder is that of the environment variable SEQLAB_TEST_DATA. What trains takes minutes:
python -m pytest -m slow tests/tasks/test_translate_real_data.py -s
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from seqlab import registry
from seqlab.data.sources import read_table
from seqlab.specs import ModelSpec, TrainSpec
from seqlab.study.building import build_model
from seqlab.study.objective import TaskObjective, predict_all
from seqlab.tasks.base import DataSpec, Prepared, Sources
from seqlab.tasks.translate import Translate
from seqlab.training.fit import fit
from seqlab.workbench.gathering import choose_task

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("SEQLAB_TEST_DATA") or ROOT / "../shared/data")
pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="no real data: set SEQLAB_TEST_DATA to a folder that holds them"
)
CMUDICT = "packaged/g2p_cmudict/cmudict.tsv.xz"


def prepare(name: str, **settings) -> Prepared:
    return Translate.prepare(Sources(read_table(DATA / name)), DataSpec(**settings), 0)[0]


def value(prepared: Prepared, predictions, name: str) -> float:
    metric = registry.load("metrics", name)()
    return metric.value(prepared.task.statistics(metric, predictions, prepared.test))


@pytest.mark.parametrize(
    "name",
    ["multi30k", "tatoeba/fra-eng.zip", "packaged/translation_homeassistant/en-de.tsv.xz", CMUDICT],
)
def test_every_form_is_recognised(name):
    sources = Sources(read_table(DATA / name))
    assert choose_task(sources, None, {})[0] == "translate"


def test_multi30k_comes_in_its_parts():
    table = read_table(DATA / "multi30k")
    assert table.frame["split"].value_counts().to_dict() == {
        "train": 29000,
        "valid": 1014,
        "test": 1000,
    }


@pytest.mark.slow
def test_the_baselines_of_multi30k():
    prepared = prepare("multi30k", columns={"src": "en", "tgt": "de"})
    expected = {"word-dictionary": 15.3, "nearest-pair": 7.9, "copy-source": 0.5}
    for name, bleu in expected.items():
        baseline = registry.load("baselines", name)()
        baseline = baseline.fit(prepared.task, prepared.train, prepared.valid, 0)
        found = baseline.predict(prepared.task, prepared.test)
        assert value(prepared, found, "bleu") == pytest.approx(bleu, abs=0.1), name


@pytest.mark.slow
def test_spelling_to_phonemes_beats_the_lookup():
    prepared = prepare(CMUDICT, split="10/2/88")
    prepared = replace(prepared, test=prepared.test.take(np.arange(5000)))
    spec = ModelSpec(mixer="gru", bidirectional=True, pooling="mean", width=96, depth=2)
    train = TrainSpec(learning_rate=3e-3, batch_size=64, epochs=14)
    model = build_model(prepared.task, spec)
    fit(model, TaskObjective(prepared, prepared.train, train), train)
    nearest = registry.load("baselines", "nearest-pair")()
    nearest = nearest.fit(prepared.task, prepared.train, prepared.valid, 0)
    found = value(prepared, predict_all(prepared.task, model, prepared.test), "token-error-rate")
    looked_up = nearest.predict(prepared.task, prepared.test)
    assert found < 0.22 < value(prepared, looked_up, "token-error-rate")

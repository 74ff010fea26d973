"""Real texts are read and scored, and a published loss is reproduced.

The folder is that of the environment variable SEQLAB_TEST_DATA. The published number takes some
minutes: python -m pytest -m slow tests/tasks/test_language_real_data.py
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from seqlab import registry
from seqlab.baselines.kneser_ney import KneserNey
from seqlab.data.sources import read_table
from seqlab.specs import ModelSpec, TrainSpec
from seqlab.study.building import build_model
from seqlab.study.objective import TaskObjective, predict_all
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.language import Language
from seqlab.training.fit import fit

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("SEQLAB_TEST_DATA") or ROOT / "../shared/data")
pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="no real data: set SEQLAB_TEST_DATA to a folder that holds them"
)
SHAKESPEARE = "tinyshakespeare/input.txt.xz"


def prepare(name, **settings):
    table = read_table(DATA / name)
    assert Language.recognise(table).score >= 0.5
    return Language.prepare(Sources(table), DataSpec(**settings), 0)[0]


def nats(task, predictions, examples):
    metric = registry.load("metrics", "perplexity")()
    return np.log(metric.value(task.statistics(metric, predictions, examples)))


@pytest.mark.parametrize(
    ("name", "characters", "documents"),
    [
        (SHAKESPEARE, 1_115_394, 1),
        ("packaged/lm_mobydick/moby_dick.txt.xz", 1_190_317, 1),
        ("packaged/sotu/sotu.jsonl.xz", 10_760_042, 233),
    ],
)
def test_every_text_is_read_whole(name, characters, documents):
    card = prepare(name).card
    assert sum(card["characters"].values()) == characters
    held = card["documents"]
    assert (max if documents == 1 else sum)(held.values()) == documents


def test_seven_grams_of_shakespeare():
    prepared = prepare(SHAKESPEARE, options={"block": 64})
    baseline = KneserNey().fit(prepared.task, prepared.train, prepared.valid, 0)
    assert baseline.order == 7
    found = baseline.predict(prepared.task, prepared.test)
    assert nats(prepared.task, found, prepared.test) == pytest.approx(1.634, abs=0.001)


@pytest.mark.slow
def test_the_published_recipe_for_a_cpu():
    """nanoGPT's README: validation loss 1.88 after 2,000 iterations, on what is two parts here."""
    prepared = prepare(SHAKESPEARE, options={"block": 64, "tied": True})
    spec = ModelSpec(
        mixer="attention",
        settings={"heads": 4},
        width=128,
        depth=4,
        mlp=4.0,
        residual=True,
        norm="pre",
        positions="learned",
        dropout=0.0,
        max_length=64,
    )
    train = TrainSpec(
        steps=2000,
        batch_size=12,
        learning_rate=1e-3,
        min_factor=0.1,
        warmup=0.05,
        beta2=0.99,
        weight_decay=0.1,
        patience=None,
    )
    torch.manual_seed(0)
    task, model = prepared.task, build_model(prepared.task, spec)
    assert model.body_parameters() == pytest.approx(802_000, rel=0.01)
    fit(model, TaskObjective(prepared, prepared.train, train), train)
    losses = [
        nats(task, predict_all(task, model, part), part) for part in (prepared.valid, prepared.test)
    ]
    assert np.mean(losses) == pytest.approx(1.88, abs=0.04)

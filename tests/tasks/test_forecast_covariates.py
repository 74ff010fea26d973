"""Static covariates and those known in advance: read, scaled, checked, and really used."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.specs import ModelSpec, TrainSpec
from seqlab.study.building import build_model
from seqlab.study.objective import TaskObjective, predict_all
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.forecast import Forecast
from seqlab.tasks.forecasting.layout import read_layout
from seqlab.training.fit import fit
from tests.tasks.forecast_data import hourly, prepare

ROLES = {"known": "price+promo", "static": "store+size", "covariates": "temp"}
SMALL = {"horizon": 6, "lookback": 20, "patch": 4, "season": 1}


def sales(series: int = 3, count: int = 150) -> pd.DataFrame:
    """Daily sales that follow a price and promotions, which are drawn anew each day."""
    rng = np.random.default_rng(0)
    frames = []
    for s in range(series):
        price, promo = rng.normal(size=count), rng.random(count) < 0.2
        frames.append(
            pd.DataFrame(
                {
                    "unique_id": f"s{s}",
                    "ds": pd.date_range("2024-01-01", periods=count),
                    "y": 20 + 2 * price + 3 * promo + 0.1 * rng.normal(size=count),
                    "price": price,
                    "promo": np.where(promo, "sale", "none"),
                    "temp": rng.normal(size=count),
                    "store": "ab"[s % 2],
                    "size": float(s),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def first_sequences(prepared, rows) -> torch.Tensor:
    """What a model reads of some training windows, (windows, positions, features)."""
    read = []

    class Listener(torch.nn.Module):
        def forward(self, values, context):
            read.append(values)
            fitted = prepared.task.fitted
            ahead = fitted.positions_ahead
            shape = (len(values), ahead or 1, fitted.outputs)
            return torch.zeros(shape if ahead else (shape[0], shape[2]))

    (batch,) = prepared.task.batches(prepared.train.take(np.asarray(rows)), 64, 10**9, None)
    prepared.task.predict(Listener(), batch)
    return read[0]


def test_roles_are_read_and_words_become_indicators():
    layout = read_layout(Table(sales(), "sales.csv"), ROLES)
    assert layout.known_inputs == ("price", "promo=none", "promo=sale")
    assert layout.static_inputs == ("store=a", "store=b", "size")
    assert layout.past_inputs == ("temp",)
    assert not any("not used" in note for note in layout.notes)
    assert layout.categories == (("promo", ("none", "sale")), ("store", ("a", "b")))
    card = prepare(sales(), **SMALL, columns=ROLES).card
    assert card["known_in_advance"] == ["price", "promo=none", "promo=sale"]
    assert card["static"] == ["store=a", "store=b", "size"]
    assert "known in advance: price, promo" in card["notes"]
    assert card["positions"] == 5 + 2


def test_a_column_with_a_role_is_neither_target_nor_series():
    frame = sales(1).drop(columns=["unique_id", "size"])
    layout = read_layout(Table(frame, "sales.csv"), {"known": "price", "static": "store"})
    assert (layout.series, layout.targets) == ((), ("y",))
    assert "temp" in "".join(note for note in layout.notes if "not used" in note)


def test_the_horizon_holds_what_is_known_and_nothing_else():
    frame = sales()
    prepared = prepare(frame, **SMALL, columns=ROLES, calendar=False, revin=False)
    window = int(np.flatnonzero(prepared.train.arrays["origin"] == 60)[0])
    read = first_sequences(prepared, [window])[0]
    P, scales = 4, prepared.task.fitted.scales
    standard = (frame["price"].to_numpy() - scales.mean[0, 2]) / scales.std[0, 2]
    # a position: y (P), then temp, price, none, sale of each step, then static and the mark
    past, ahead = read[:5], read[5:]
    assert (ahead[:, :P] == 0).all()
    shared = ahead[:, P : P + 4 * P].reshape(2, P, 4)
    assert (shared[..., 0] == 0).all()
    told = np.append(standard[60:66], [standard[65]] * 2)  # filled up to whole patches
    np.testing.assert_allclose(shared[..., 1].flatten(), told, atol=1e-5)
    before = past[:, P : P + 4 * P].reshape(5, P, 4)[..., 1].flatten()
    np.testing.assert_allclose(before, standard[40:60], atol=1e-5)
    np.testing.assert_array_equal(read[:, -1], [0] * 5 + [1] * 2)
    np.testing.assert_allclose(read[:, -4:-1], [[1, 0, -1 / np.sqrt(2 / 3)]] * 7, atol=1e-6)


def test_nothing_but_what_is_known_reaches_a_forecast_from_its_future():
    frame = sales(1)
    changed = frame.copy()
    changed.loc[120:, ["y", "temp"]] = 1e6
    forecasts = []
    for data in (frame, changed):
        prepared = prepare(data, **SMALL, columns=ROLES, split="100/20/30")
        spec = ModelSpec(mixer="attention", width=8, pooling="last")
        model = build_model(prepared.task, spec, 0)
        only = np.flatnonzero(prepared.test.arrays["origin"] == 120)
        forecasts.append(predict_all(prepared.task, model, prepared.test.take(only)))
    np.testing.assert_array_equal(*forecasts)


@pytest.mark.parametrize("strategy", ["direct", "recursive", "encoder-decoder"])
def test_every_strategy_learns_from_what_is_known(strategy):
    """Without the price all that can be said is the mean: an error of about one deviation."""
    prepared = prepare(
        sales(), **SMALL, columns=ROLES, metric="mse", options={"strategy": strategy}
    )
    task = prepared.task
    model = build_model(task, ModelSpec(mixer="gru", width=24, dropout=0.0), 0)
    spec = TrainSpec(learning_rate=1e-2, steps=150, batch_size=32, patience=None, evaluations=3)
    history = fit(model, TaskObjective(prepared, prepared.train, spec), spec)
    assert history.best < 0.3


def new_rows(ahead: int = 6) -> pd.DataFrame:
    """New data whose last days hold what is known, and no sales."""
    frame = sales()
    last = frame["ds"] > frame["ds"].max() - pd.Timedelta(ahead, "D")
    frame.loc[last, ["y", "temp"]] = np.nan
    return frame


def test_new_data_bring_their_future():
    task = prepare(sales(), **SMALL, columns=ROLES).task
    examples = task.encode(Table(new_rows(), "new.csv"))
    assert examples.frame["history"].tolist() == [144] * 3
    scales = task.fitted.scales
    told = examples.shared["inputs"][144:150, 2]
    expected = (sales()["price"].to_numpy()[144:150] - scales.mean[0, 2]) / scales.std[0, 2]
    np.testing.assert_allclose(told, expected, rtol=1e-4)
    assert np.isnan(task.truth(examples)).all()
    model = build_model(task, ModelSpec(mixer="gru", width=8), 0)
    table = task.present(predict_all(task, model, examples), examples)
    assert table["ds"].min() == pd.Timestamp("2024-05-24")
    assert len(table) == 3 * 6


def test_covariates_that_end_with_the_target_are_not_read_beyond_it():
    task = prepare(sales(), **SMALL, columns=ROLES).task
    given = new_rows()
    given["temp"] = 99.0
    examples = task.encode(Table(given, "new.csv"))
    assert examples.shared["known"][143, 1]
    assert not examples.shared["known"][144:150, 1].any()


def test_new_stores_and_words_are_none_of_those_known(tmp_path):
    prepared = prepare(sales(), **SMALL, columns=ROLES)
    prepared.task.save(tmp_path)
    task = Forecast.load(tmp_path)
    assert task.fitted.layout == prepared.task.fitted.layout
    frame = new_rows().assign(store="c", unique_id="other")[:150]
    examples = task.encode(Table(frame, "new.csv"))
    np.testing.assert_array_equal(examples.shared["static"][0, :2], [0, 0])


def error_of(frame: pd.DataFrame, **settings) -> UserError:
    with pytest.raises(UserError) as error:
        Forecast.prepare(Sources(Table(frame, "data.csv")), DataSpec(**settings), 0)
    return error.value


def test_a_static_covariate_must_not_vary():
    frame = sales()
    frame.loc[170, "store"] = "a"
    error = error_of(frame, **SMALL, columns=ROLES)
    assert error.message == (
        '"data.csv" column "store" row 171: a static covariate, but it varies within series "s1"'
    )
    assert error.hint == "--columns known=store if it is known in advance, else covariates=store"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: f[f["y"].notna()],
         '"new.csv" column "price": nothing at 2024-05-24 of series "s0", which is to be forecast'),
        (lambda f: f.assign(promo=f["promo"].where(f["ds"] != "2024-05-26")),
         '"new.csv" column "promo": nothing at 2024-05-26 of series "s0", which is to be forecast'),
    ],
)  # fmt: skip
def test_what_is_known_in_advance_must_be_given(spoil, message):
    task = prepare(sales(), **SMALL, columns=ROLES).task
    with pytest.raises(UserError) as error:
        task.encode(Table(spoil(new_rows()), "new.csv"))
    assert error.value.message == message
    assert error.value.hint == (
        "give rows for 6 steps after the last target, with what is known in advance"
    )


def test_a_covariate_of_many_words_is_refused():
    frame = sales().assign(note=[f"note {i}" for i in range(450)])
    error = error_of(frame, **SMALL, columns={"covariates": "note"})
    assert error.message == (
        '"data.csv" column "note": 450 different words; a covariate may have 50'
    )


def test_a_slip_of_the_pen_is_not_a_word():
    frame = sales()
    frame["temp"] = frame["temp"].round(2).astype(str)
    frame.loc[3, "temp"] = "warm"
    error = error_of(frame, **SMALL, columns={"covariates": "temp"})
    assert error.message == '"data.csv" column "temp" row 4: "warm" is not a number'


def test_a_column_has_one_role():
    error = error_of(sales(), **SMALL, columns={"known": "price", "covariates": "price"})
    assert error.message == '--columns covariates: "price" already has another role'


def test_dates_with_and_without_zones_do_not_mix():
    frame = hourly(100)
    frame["ds"] = frame["ds"].astype(str) + np.where(np.arange(100) == 40, "+02:00", "")
    assert error_of(frame, horizon=3, lookback=9).message == (
        '"data.csv" column "ds" row 41: "2024-01-02 16:00:00+02:00" has a time zone, unlike'
        ' "2024-01-01 00:00:00" before'
    )


def test_a_series_too_short_for_the_horizon_says_so():
    assert error_of(hourly(30), horizon=24, lookback=12).message == (
        "the series has 30 steps; look-back 12 + horizon 24 need at least 36"
    )

"""Numbers from texts and series: what is read, what is refused, and that both are learned."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from seqlab import registry
from seqlab.baselines.storage import load_baseline, save_baseline
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.specs import ModelSpec
from seqlab.study.building import build_model
from seqlab.study.objective import predict_all
from seqlab.study.recipes import baselines_for
from seqlab.study.training_one import train_one
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.classify import Classify
from seqlab.tasks.forecast import Forecast
from seqlab.tasks.regress import Regress
from tests.tasks.regress_data import long_waves, rated, waves

SERIES = {"columns": {"target": "target"}}


def table(frame):
    return Table(frame, "data.csv")


def prepare(frame, **settings):
    return Regress.prepare(Sources(table(frame)), DataSpec.read(settings, "data"), 0)[0]


def score(prepared, name, predictions):
    metric = registry.load("metrics", name)()
    return metric.value(prepared.task.statistics(metric, predictions, prepared.test))


def fitted(name, prepared):
    baseline = registry.load("baselines", name)()
    return baseline.fit(prepared.task, prepared.train, prepared.valid, 0)


# -- recognition ---------------------------------------------------------------------------------


def test_texts_with_many_numbers_are_recognised():
    found = Regress.recognise(table(rated()))
    assert found.score == 0.85
    assert Classify.recognise(table(rated())).score < 0.5
    assert Regress.recognise(table(rated().rename(columns={"score": "stars"}))).score == 0.7


def test_a_column_of_series_with_numbers_is_recognised():
    values = list(waves(30).filter(like="t").to_numpy())
    frame = pd.DataFrame({"series": values, "target": waves(30)["target"]})
    assert Regress.recognise(table(frame)).score == 0.96


def test_classes_and_forecasts_are_left_to_their_tasks():
    classes = rated().assign(score=lambda f: (f["score"] > 0).astype(int))
    assert Regress.recognise(table(classes)).score < Classify.recognise(table(classes)).score
    dates = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=60), "y": np.arange(60) * 0.3})
    assert Regress.recognise(table(dates)).score < Forecast.recognise(table(dates)).score
    assert Regress.recognise(table(waves())).score < 0.5


# -- what is read --------------------------------------------------------------------------------


def test_targets_are_standardised_by_the_training_part_and_given_back():
    prepared = prepare(rated())
    train = np.asarray(prepared.train.arrays["target"])
    batches = list(prepared.task.batches(prepared.train, 500, 10**6, None))
    assert float(batches[0].targets.mean()) == pytest.approx(0, abs=1e-5)
    assert float(batches[0].targets.std(correction=0)) == pytest.approx(1, abs=1e-5)
    assert prepared.task.target.mean == pytest.approx([train.mean()])

    class Exact(torch.nn.Module):
        def forward(self, inputs, context):
            return batches[0].targets

    predicted = prepared.task.predict(Exact(), batches[0])
    np.testing.assert_allclose(predicted, train[batches[0].rows], atol=1e-5)


def test_rows_without_a_number_are_counted_and_listed():
    frame = rated()
    frame.loc[[2, 7], "score"] = np.nan
    prepared = prepare(frame)
    assert '2 rows left out: no number in "score" (rows 3, 8)' in prepared.card["notes"]
    assert sum(prepared.card["parts"].values()) == 238


def test_what_is_no_number_is_left_out_and_named():
    frame = rated().assign(score=lambda f: f["score"].astype(object))
    frame.loc[[3, 5], "score"] = ["many", np.inf]
    notes = prepare(frame, columns={"target": "score"}).card["notes"]
    assert '1 row left out: "many" in "score" is no number (row 4)' in notes
    assert '1 row left out: an infinite value in "score" (row 6)' in notes


def test_several_targets_one_of_them_sometimes_unknown():
    frame = rated().assign(length=lambda f: f["text"].str.len() * 1.5)
    frame.loc[:49, "length"] = np.nan
    prepared = prepare(frame, columns={"target": "score+length"})
    assert prepared.task.target.names == ("score", "length")
    model = build_model(prepared.task, ModelSpec(mixer="bag", width=8))
    batch = next(prepared.task.batches(prepared.train, 500, 10**6, None))
    assert batch.targets.isnan().any()
    loss = prepared.task.loss(model, batch)
    assert bool(loss.value.isfinite())
    assert loss.weight == float((~batch.targets.isnan()).sum())
    # On the standard scale, so that lengths of some hundred do not drown scores of some units.
    assert score(prepared, "mae", fitted("mean", prepared).predict(None, prepared.test)) < 1.5
    assert (
        "predicted length"
        in prepared.task.present(np.zeros((3, 2)), prepared.test.take(np.arange(3))).columns
    )


@pytest.mark.parametrize(
    ("loss", "metric", "expected"),
    [(None, None, "absolute"), (None, "rmse", "squared"), ("huber", None, "huber")],
)
def test_the_loss_serves_the_metric(loss, metric, expected):
    options = {} if loss is None else {"loss": loss}
    assert prepare(rated(), options=options, metric=metric).task.target.loss == expected


def test_two_texts_are_read_as_a_pair():
    frame = pd.DataFrame(
        {
            "sentence1": rated(600)["text"],
            "sentence2": rated(600, seed=1)["text"],
            "score": rated(600)["score"] - rated(600, seed=1)["score"],
        }
    )
    prepared = prepare(frame)
    assert prepared.task.reader.pair
    assert list(prepared.test.frame.columns) == ["text", "text2"]
    # What is in which text matters: a ridge on a, b, a⊙b and |a − b| sees it.
    humble = score(
        prepared, "r2", fitted("tfidf-ridge", prepared).predict(prepared.task, prepared.test)
    )
    assert humble > 0.45


@pytest.mark.parametrize("frame", [waves(60), long_waves(60)], ids=["wide", "long"])
def test_series_in_tables(frame):
    prepared = prepare(frame, **SERIES)
    task = prepared.task
    assert task.inputs.kind == "values"
    batch = next(task.batches(prepared.train, 8, 10**6, None))
    assert batch.inputs.shape[2] == task.inputs.size
    assert [n for n in baselines_for("regress") if registry.load("baselines", n).enters(task)] == [
        "mean",
        "statistics-ridge",
    ]


def test_padding_of_series_changes_nothing():
    prepared = prepare(long_waves(60), **SERIES)
    task = prepared.task
    model = build_model(task, ModelSpec(mixer="gru", width=8, pooling="mean")).eval()
    together = predict_all(task, model, prepared.train)
    alone = np.concatenate(
        [predict_all(task, model, prepared.train.take(np.array([i]))) for i in range(5)]
    )
    np.testing.assert_allclose(together[:5], alone, atol=1e-5)


# -- learning ------------------------------------------------------------------------------------


def test_a_model_learns_what_adjectives_and_negations_add_up_to():
    prepared = prepare(rated(900))
    model, _ = train_one(
        prepared,
        "gru",
        params=8_000,
        model={},
        train={"epochs": 12, "learning_rate": 1e-2, "batch_size": 32, "patience": None},
        refit=False,
    )
    predicted = predict_all(prepared.task, model, prepared.test)
    mean = score(prepared, "mae", fitted("mean", prepared).predict(prepared.task, prepared.test))
    learned = score(prepared, "mae", predicted)
    assert learned < 0.5 * mean
    assert score(prepared, "spearman", predicted) > 0.8


def test_statistics_tell_the_frequency_of_waves():
    prepared = prepare(waves(150), **SERIES)
    predicted = fitted("statistics-ridge", prepared).predict(prepared.task, prepared.test)
    assert score(prepared, "r2", predicted) > 0.9


@pytest.mark.parametrize("name", ["mean", "tfidf-ridge", "statistics-ridge"])
def test_baselines_are_stored_without_pickle(name, tmp_path):
    prepared = prepare(waves(60), **SERIES) if name == "statistics-ridge" else prepare(rated())
    baseline = fitted(name, prepared)
    save_baseline(baseline, tmp_path)
    again = load_baseline(tmp_path).predict(prepared.task, prepared.test)
    np.testing.assert_allclose(again, baseline.predict(prepared.task, prepared.test))
    assert baseline.parameters > 0


# -- what is shown, and use afterwards -----------------------------------------------------------


def test_exhibits_are_plain_data():
    prepared = prepare(rated())
    predicted = fitted("tfidf-ridge", prepared).predict(prepared.task, prepared.test)
    made = prepared.task.exhibits(predicted, prepared.test)
    assert [e.kind for e in made] == ["scatter", "curve", "examples"]
    assert made[0].data["diagonal"] is True
    assert len(made[0].data["x"]) == len(prepared.test)
    json.dumps([e.data for e in made])
    scores = [item["score"] for item in made[2].data["items"]]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("frame", [rated(), waves(60)], ids=["texts", "series"])
def test_what_was_saved_predicts_alike(frame, tmp_path):
    settings = SERIES if "t0" in frame else {}
    prepared = prepare(frame, **settings)
    model = build_model(prepared.task, ModelSpec(mixer="gru", width=8))
    prepared.task.save(tmp_path)
    task = Regress.load(tmp_path)
    target = prepared.task.target.names[0]
    examples = task.encode(table(frame.drop(columns=target).head(5)))
    assert np.isnan(examples.arrays["target"]).all()
    shown = task.present(predict_all(task, model, examples), examples)
    assert shown[f"predicted {target}"].notna().all()


# -- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "settings", "message"),
    [
        (
            lambda f: f.assign(score=f["score"].astype(object).where(f.index != 3, "many")),
            {},
            'no column of numbers to predict among text (text), score (category)',
        ),
        (
            lambda f: f.assign(score=1.5),
            {"columns": {"target": "score"}},
            'column "score" is always 1.5 in the training part',
        ),
        (
            lambda f: f.assign(score=np.nan),
            {"columns": {"target": "score"}},
            'row 1: no number in "score"; no other can be used either',
        ),
        (
            lambda f: f.assign(one=f["score"] * 2, two=1.5).drop(columns="score"),
            {},
            "several columns could be the target: one, two",
        ),
        (lambda f: f.assign(text=" "), {"columns": {"text": "text"}}, "all texts are empty"),
        (lambda f: f, {"metric": "accuracy"}, 'unknown metric "accuracy"'),
        (lambda f: f, {"options": {"los": "huber"}}, 'unknown setting in options "los"'),
        (lambda f: f, {"options": {"loss": "cubic"}}, "options.loss = 'cubic'"),
        (lambda f: f.head(0), {}, '"data.csv": no rows'),
        (lambda f: f, {"columns": {"target": "scor"}}, '"data.csv": unknown column "scor"'),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_one_line(change, settings, message):
    with pytest.raises(UserError) as caught:
        prepare(change(rated()), **settings)
    assert message in caught.value.message
    assert "\n" not in caught.value.message


def test_new_series_must_have_the_channels_of_training():
    prepared = prepare(
        pd.DataFrame({"series": list(np.zeros((30, 9, 2)) + np.arange(9)[:, None]),
                      "target": np.arange(30) * 0.7}),
    )  # fmt: skip
    new = pd.DataFrame({"series": list(np.ones((3, 9, 1)))})
    with pytest.raises(UserError, match="series 1: 1 channels, expected 2"):
        prepared.task.encode(Table(new, "new"))


def test_inspection_tells_of_outliers_skew_and_classes():
    def titles(frame, **settings):
        spec = DataSpec.read(settings, "data")
        return [f.title for f in Regress.inspect(Sources(table(frame)), spec, 0)]

    far = rated().assign(score=lambda f: f["score"].where(f.index != 5, 1e6))
    assert '"score" has values far from the others: 1' in titles(far)
    tail = rated().assign(score=lambda f: np.exp(f["score"] * 0.4))
    assert any("long tail" in t or "far from" in t for t in titles(tail))
    stars = rated().assign(score=lambda f: f["score"].round().clip(-2, 2))
    assert '"score" has 5 different whole values' in titles(stars)
    assert any("series of 32 steps" in t for t in titles(waves(60), **SERIES))

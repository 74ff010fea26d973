"""The estimators as scikit-learn users expect them."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score

from seqlab import Forecaster, SequenceClassifier
from seqlab.errors import UserError
from tests.reviews import reviews

SMALL = {"params": 3_000, "epochs": 4, "learning_rate": 1e-2, "train": {"batch_size": 16}}


def texts(rows=160, labels=("neg", "pos")):
    pairs = reviews(rows, labels=labels)
    return [text for text, _ in pairs], [label for _, label in pairs]


def season(days=160):
    values = 10 + 3 * np.sin(np.arange(days) * 2 * np.pi / 7)
    return pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=days), "y": values})


@pytest.fixture(scope="module")
def classifier():
    X, y = texts()
    return SequenceClassifier("bag", **SMALL, random_state=1).fit(X, y)


def test_classifies(classifier):
    X, y = texts(60)
    assert classifier.classes_.tolist() == ["neg", "pos"]
    probabilities = classifier.predict_proba(X)
    assert probabilities.shape == (60, 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)
    expected = classifier.classes_[probabilities.argmax(axis=1)]
    assert classifier.predict(X).tolist() == expected.tolist()
    assert classifier.score(X, y) == np.mean(expected == np.array(y)) > 0.9


def test_settings_are_read_back_and_cloned(classifier):
    params = classifier.get_params()
    assert params["mixer"] == "bag"
    assert params["random_state"] == 1
    copy = clone(classifier)
    assert copy.get_params() == params
    assert not hasattr(copy, "model_")
    assert copy.set_params(mixer="gru").mixer == "gru"


def test_the_random_state_decides_all_chance():
    X, y = texts(80)
    one, same, other = (
        SequenceClassifier("bag", **SMALL, random_state=seed).fit(X, y).predict_proba(X[:5])
        for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_labels_come_back_as_they_were_given():
    X, y = texts(80)
    for given in ([10 if label == "pos" else 2 for label in y], [label == "pos" for label in y]):
        found = SequenceClassifier("bag", **SMALL).fit(X, given)
        assert found.classes_.tolist() == sorted(set(given))
        assert set(found.predict(X)) <= set(given)
    bars = [f"a|{label}" for label in y]  # one label each, whatever is in its name
    assert SequenceClassifier("bag", **SMALL).fit(X, bars).classes_.tolist() == ["a|neg", "a|pos"]


def test_works_in_cross_validation():
    X, y = texts(90)
    scores = cross_val_score(
        SequenceClassifier("bag", **SMALL, refit=False), np.array(X, object), np.array(y), cv=3
    )
    assert scores.mean() > 0.7


def test_refitting_learns_from_all_rows():
    X, y = texts(80)
    kept, again = (
        SequenceClassifier("bag", **SMALL, refit=refit, random_state=0).fit(X, y)
        for refit in (False, True)
    )
    assert not np.array_equal(kept.predict_proba(X[:5]), again.predict_proba(X[:5]))
    assert kept.history_.best_step == again.history_.best_step


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mixer": "grv"}, 'unknown candidate "grv"; did you mean "gru"?'),
        ({"data": {"metric": "bleu"}}, 'unknown metric "bleu"'),
        ({"train": {"batch": 3}}, 'unknown setting in train "batch"'),
        ({"model": {"width": 0}}, "model.width = 0"),
        ({"data": {"tokenizer": "words"}}, "data.tokenizer = 'words'"),
    ],
)
def test_wrong_settings_are_one_line(settings, message):
    X, y = texts(40)
    with pytest.raises(UserError) as caught:
        SequenceClassifier(**{"params": 2_000, "epochs": 1, **settings}).fit(X, y)
    assert message in caught.value.message


def test_wrong_data_is_one_line():
    X, y = texts(40)
    with pytest.raises(UserError, match="X has 40 texts but y has 39 labels"):
        SequenceClassifier("bag").fit(X, y[:-1])
    with pytest.raises(UserError, match='only one class \\("neg"\\)'):
        SequenceClassifier("bag").fit(X, ["neg"] * 40)


def test_nothing_is_predicted_before_fitting():
    with pytest.raises(NotFittedError):
        SequenceClassifier().predict_proba(["a"])
    with pytest.raises(NotFittedError):
        Forecaster().predict()


@pytest.fixture(scope="module")
def forecaster():
    settings = {"params": 2_000, "epochs": 8, "learning_rate": 1e-2}
    return Forecaster("gru", horizon=7, lookback=14, season=7, **settings).fit(season())


def test_forecasts_follow_the_end_of_the_data(forecaster):
    frame = season()
    found = forecaster.predict()
    assert found["ds"].tolist() == pd.date_range("2024-06-09", periods=7).tolist()
    shorter = forecaster.predict(frame.head(100))
    assert shorter["ds"].iloc[0] == frame["ds"].iloc[100]
    assert forecaster.score(frame) > 0.5


def test_forecasters_are_cloned_and_take_plain_numbers(forecaster):
    assert clone(forecaster).get_params() == forecaster.get_params()
    numbers = season()["y"].tolist()
    found = clone(forecaster).set_params(epochs=1, refit=False).fit(numbers).predict()
    assert len(found) == 7


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"horizon": 0}, "horizon = 0: expected at least 1"),
        ({"horizon": 100, "lookback": 100}, "look-back 100 + horizon 100 need at least 200"),
        ({"mixer": "none"}, 'unknown candidate "none"'),
    ],
)
def test_wrong_forecasts_are_one_line(settings, message):
    with pytest.raises(UserError) as caught:
        Forecaster(**settings).fit(season())
    assert message in caught.value.message


def test_forecasts_have_the_index_of_the_data():
    days, wave = pd.date_range("2024-01-01", periods=60), np.sin(np.arange(120.0))
    quick = Forecaster("gru", horizon=2, lookback=7, season=1, params=1_000, epochs=1, refit=False)
    both = pd.MultiIndex.from_product([[3, 4], days], names=["shop", "day"])
    found = quick.fit(pd.DataFrame({"y": wave}, index=both)).predict()
    after = pd.date_range("2024-03-01", periods=2)
    assert list(found.index) == [(shop, day) for shop in (3, 4) for day in after]
    assert list(found.index.names) == ["shop", "day"]
    months = pd.period_range("2010-01", periods=60, freq="M", name="month")
    found = quick.fit(pd.Series(wave[:60], index=months)).predict()
    assert list(found.index) == list(pd.period_range("2015-01", periods=2, freq="M"))
    assert list(quick.fit(wave[:60].tolist()).predict().index) == [0, 1]


def waves(rows=80, seed=0):
    """(n, channels, steps): slow and fast."""
    rng = np.random.default_rng(seed)
    speed = np.arange(rows) % 2
    steps = np.linspace(0, 6, 24)
    X = np.stack([[np.sin((1 + v) * steps), np.cos((1 + v) * steps)] for v in speed])
    return X + rng.normal(0, 0.1, X.shape), np.where(speed, "fast", "slow")


@pytest.mark.parametrize(
    "layout",
    [
        lambda X: X,
        lambda X: X.transpose(0, 2, 1),
        lambda X: [series[:, : 24 - n % 3] for n, series in enumerate(X)],
        lambda X: X[:, 0],
    ],
    ids=["channels first", "steps first", "ragged", "one channel"],
)
def test_series_of_every_layout_are_classified(layout):
    X, y = waves()
    fitted = SequenceClassifier("gru", **SMALL, random_state=0).fit(layout(X), y)
    new, truth = waves(20, seed=1)
    assert fitted.predict_proba(layout(new)).shape == (20, 2)
    assert fitted.score(layout(new), truth) > 0.8
    with pytest.raises(UserError, match="X has texts, and this was fitted on series"):
        fitted.predict(["a text"])


def test_series_pass_through_a_search():
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    X, y = waves(40)
    line = make_pipeline(FunctionTransformer(np.tanh), SequenceClassifier("bag", **SMALL))
    search = GridSearchCV(line, {"sequenceclassifier__learning_rate": [1e-2, 1e-3]}, cv=2)
    assert set(search.fit(X, y).best_params_) == {"sequenceclassifier__learning_rate"}

"""Baselines of tagging: by hand, on what they must learn, and stored without loss."""

import numpy as np
import pytest

from seqlab import registry
from seqlab.baselines import crf_features
from seqlab.baselines.crfsuite_model import read_model
from seqlab.baselines.storage import load_baseline, save_baseline
from seqlab.data.examples import Ragged
from seqlab.errors import UserError
from seqlab.study import recipes
from seqlab.study.plan import absent, entries
from seqlab.study.spec import StudySpec
from seqlab.tasks.base import Prepared
from tests.tasks.tag_data import orders, prepare, signals


def fitted(name, prepared: Prepared):
    baseline = registry.load("baselines", name)()
    return baseline.fit(prepared.task, prepared.train, prepared.valid, 0)


def score(prepared, predictions, name="token-accuracy"):
    metric = registry.load("metrics", name)()
    return metric.value(prepared.task.statistics(metric, predictions, prepared.test))


def test_frequent_tag_backs_off_from_word_to_shape_by_hand():
    tokens = [["Bonn", "is", "12"], ["Bonn", "was", "12"], ["a", "b", "13"], ["Köln", "x", "7"]]
    tags = [["P", "V", "N"], ["P", "V", "N"], ["D", "D", "M"], ["P", "D", "N"]]
    part = ["train"] * 3 + ["valid"]
    rows = [["bonn", "Ulm", "14", "was"], ["?"]]
    data = {
        "tokens": [*tokens, *rows],
        "tags": [*tags, ["P", "P", "N", "V"], ["D"]],
        "split": [*part, "test", "test"],
    }
    prepared = prepare(data)
    predictions = fitted("frequent-tag", prepared).predict(prepared.task, prepared.test)
    # "bonn" is Bonn in small letters, "Ulm" has its shape, "14" that of 12 and 13; "?" has none,
    # and of all tags D, N, P and V, twice each, the first is taken.
    assert prepared.task.names(predictions) == [["P", "P", "N", "V"], ["D"]]
    assert [sure for _, sure in predictions[0]] == pytest.approx([1.0, 1.0, 2 / 3, 1.0])


@pytest.mark.parametrize("name", ["frequent-tag", "crf-features"])
def test_stored_and_read_back_predict_the_same(name, tmp_path):
    if name == "crf-features":
        pytest.importorskip("pycrfsuite")
    prepared = prepare(orders(60))
    baseline = fitted(name, prepared)
    save_baseline(baseline, tmp_path)
    again = load_baseline(tmp_path)
    before = baseline.predict(prepared.task, prepared.test)
    after = again.predict(prepared.task, prepared.test)
    assert isinstance(before, Ragged)
    np.testing.assert_array_equal(before.values, after.values)
    np.testing.assert_array_equal(before.offsets, prepared.test.arrays["inputs"].offsets)
    assert again.parameters == baseline.parameters > 0


def test_crf_features_sees_the_neighbours_that_a_table_of_words_does_not():
    pytest.importorskip("pycrfsuite")
    prepared = prepare(orders(120))
    crf = fitted("crf-features", prepared).predict(prepared.task, prepared.test)
    table = fitted("frequent-tag", prepared).predict(prepared.task, prepared.test)
    assert score(prepared, crf, "span-f1") > 0.98 > 0.8 > score(prepared, table, "span-f1")


def test_signals_have_baselines_too():
    pytest.importorskip("pycrfsuite")
    prepared = prepare(signals())
    majority = fitted("frequent-tag", prepared).predict(prepared.task, prepared.test).values[:, 0]
    trained = prepared.train.arrays["tags"].values
    assert set(majority) == {np.bincount(trained).argmax()}
    crf = fitted("crf-features", prepared).predict(prepared.task, prepared.test)
    assert score(prepared, crf) > 0.9


def test_what_is_not_installed_is_left_out_with_a_word_or_refused_when_named(monkeypatch):
    task = prepare(orders(30)).task
    monkeypatch.setattr(recipes.importlib.util, "find_spec", lambda name: None)
    spec = StudySpec(task="tag", candidates=("rnn",))
    assert [e.name for e in entries(spec, task)] == ["rnn", "frequent-tag"]
    (note,) = absent(spec, "tag")
    assert (
        note == 'the baseline crf-features does not compete: it needs pip install "seqlab[tagging]"'
    )
    with pytest.raises(UserError) as caught:
        entries(StudySpec(task="tag", candidates=("rnn",), baselines=("crf-features",)), task)
    assert str(caught.value) == (
        'baseline "crf-features" needs a package that is not installed\n'
        'pip install "seqlab[tagging]"'
    )


@pytest.mark.parametrize("make", [lambda: orders(120), signals])
def test_crf_features_decodes_as_crfsuite_does(make, monkeypatch):
    suite = pytest.importorskip("pycrfsuite")
    prepared, files = prepare(make()), []

    def kept(content):
        files.append(content)
        return crf_features.CrfModel(*read_model(content))

    monkeypatch.setattr(crf_features, "read_model", kept)
    ours = fitted("crf-features", prepared).predict(prepared.task, prepared.test)
    tagger = suite.Tagger()
    tagger.open_inmemory(files[0])
    for row, features in enumerate(crf_features._seen(prepared.test)):
        tags = tagger.tag(suite.ItemSequence(features))
        sure = [tagger.marginal(tag, place) for place, tag in enumerate(tags)]
        assert [prepared.task.classes[int(number)] for number, _ in ours[row]] == tags
        np.testing.assert_allclose(ours[row][:, 1], sure, rtol=0, atol=1e-9)

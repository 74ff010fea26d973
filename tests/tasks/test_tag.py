"""Tagging end to end: what is recognised, what models read and learn, what people get."""

import itertools
import json

import numpy as np
import pandas as pd
import pytest
import torch

from seqlab import registry
from seqlab.data.examples import Ragged
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.metrics.spans import illegal_steps
from seqlab.specs import ModelSpec, TrainSpec
from seqlab.study.building import build_model
from seqlab.study.objective import TaskObjective, predict_all
from seqlab.study.plan import entries
from seqlab.study.spec import StudySpec
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.inputs.tokens import affixes, shape
from seqlab.tasks.tag import Tag
from seqlab.training.fit import fit
from tests.tasks.tag_data import orders, prepare, signals, table


def trained(prepared, epochs=8, **model):
    spec = ModelSpec(mixer="gru", width=24, bidirectional=True, **model)
    train = TrainSpec(learning_rate=0.02, epochs=epochs, batch_size=16, evaluations=2)
    built = build_model(prepared.task, spec)
    fit(built, TaskObjective(prepared, prepared.train, train), train)
    return built


def score(prepared, predictions):
    metric = registry.load("metrics", prepared.task.metrics[0])()
    return metric.value(prepared.task.statistics(metric, predictions, prepared.test))


@pytest.fixture(scope="module", params=[{}, {"crf": True}, {"scheme": "bioes", "spelling": "bpe"}])
def learned(request):
    prepared = prepare(orders(150), options=request.param)
    return prepared, trained(prepared)


def test_a_small_model_learns_and_never_leaves_the_scheme(learned):
    prepared, model = learned
    assert prepared.task.metrics[0] == "span-f1"
    predictions = predict_all(prepared.task, model, prepared.test)
    assert score(prepared, predictions) > 0.95
    fresh = predict_all(prepared.task, build_model(prepared.task, model.spec), prepared.test)
    for tags in prepared.task.names(fresh):
        assert not illegal_steps(tags, prepared.task.target.scheme)


def test_padding_and_batches_change_no_prediction(learned):
    prepared, model = learned
    whole = predict_all(prepared.task, model, prepared.test)
    for row in (0, 5):
        alone = predict_all(prepared.task, model, prepared.test.take(np.array([row])))
        np.testing.assert_array_equal(alone[0][:, 0], whole[row][:, 0])
        np.testing.assert_allclose(alone[0][:, 1], whole[row][:, 1], rtol=1e-4)


def test_stored_and_read_back_it_reads_new_data_the_same(learned, tmp_path):
    prepared, model = learned
    prepared.task.save(tmp_path)
    task = Tag.load(tmp_path)
    new = table({"tokens": [["to", "New", "Xanten"], ["from", "Ulm"]]})
    before, after = prepared.task.encode(new), task.encode(new)
    np.testing.assert_array_equal(before.arrays["inputs"].values, after.arrays["inputs"].values)
    shown = task.present(predict_all(task, model, after), after)
    assert shown["token"].tolist() == ["to", "New", "Xanten", "from", "Ulm"]
    assert shown["sequence"].tolist() == [1, 1, 1, 2, 2]
    assert shown["position"].tolist() == [1, 2, 3, 1, 2]
    assert shown["probability"].between(0, 1).all()
    ends = {"iob2": ["O", "B-start"], "bioes": ["O", "S-start"]}[task.target.scheme]
    assert shown["predicted"].tolist()[3:] == ends


def test_exhibits_are_plain_and_agree_with_the_metric(learned):
    prepared, model = learned
    predictions = predict_all(prepared.task, model, prepared.test)
    shown = {e.title: e for e in prepared.task.exhibits(predictions, prepared.test)}
    json.dumps([e.data for e in shown.values()])
    assert {e.kind for e in shown.values()} == {"table", "curve", "marked"}
    rows = shown["Quality by span"].data["rows"]
    assert {row[0] for row in rows} == {"start", "goal"}
    assert sum(row[4] for row in rows) == 2 * len(prepared.test)
    sentences = [shown[title].data["items"] for title in shown if "test sentences" in title]
    assert [len(items) for items in sentences] == [5, 8]
    for item in [item for items in sentences for item in items]:
        assert len(item["tokens"]) == len(item["target"]) == len(item["predicted"])
        assert set(item["target"]) == {"", "start", "goal"}


def test_the_chain_is_trained_with_the_model():
    prepared = prepare(orders(40), options={"crf": True})
    model = build_model(prepared.task, ModelSpec(mixer="gru", width=8))
    (batch, *_) = prepared.task.batches(prepared.train, 8, 4096, None)
    prepared.task.loss(model, batch).value.backward()
    assert model.head.chain.step.grad.abs().sum() > 0


def test_recurrent_candidates_read_both_ways_unless_told_otherwise():
    task = prepare(orders(30)).task
    names = ("lstm", "transformer", "bigru")
    both = entries(StudySpec(task="tag", candidates=names, baselines=()), task)
    assert [e.model.bidirectional for e in both] == [True, False, True]
    one_way = {"bidirectional": False}
    spec = StudySpec(task="tag", candidates=("lstm",), baselines=(), model=one_way)
    assert not entries(spec, task)[0].model.bidirectional


def test_unknown_words_are_read_by_their_spelling():
    assert shape("McDonald's") == "XxXxx'x"
    assert shape("94705-12") == "ddddd-dd"
    pieces = affixes("Reworked,")
    assert {"p3:rew", "s4:ked,", "shape:Xxx,", "bare:reworked"} <= set(pieces)
    prepared = prepare(orders(60))
    new = prepared.task.encode(table({"tokens": [["Bernau", "Bernstein"]]}))
    words, spelled = new.arrays["inputs"].values[:, 0], new.arrays["inputs"].values[:, 1:]
    assert words.tolist() == [1, 1]
    known = prepared.task.reader.affixes.index("p3:ber") + 1
    assert (spelled == known).any(axis=1).all()
    plain = prepare(orders(60), options={"spelling": "none"})
    (batch, *_) = plain.task.batches(plain.train, 4, 4096, None)
    assert batch.inputs.ndim == 2


def test_signals_are_scaled_cut_learned_and_put_together_again():
    prepared = prepare(signals(), max_tokens=25)
    assert prepared.task.metrics == ("token-accuracy",)
    assert prepared.task.reader.layout.channels == ("x", "y")
    assert prepared.train.blocks is not None
    values = prepared.train.arrays["inputs"].values
    np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(values.std(axis=0), 1, atol=1e-4)
    model = trained(prepared)
    predictions = predict_all(prepared.task, model, prepared.test)
    assert score(prepared, predictions) > 0.95
    shown = prepared.task.present(predictions, prepared.test)
    assert shown["position"].tolist() == list(range(1, 61))
    new = signals(1, seed=9).drop(columns="activity").sample(frac=1, random_state=0)
    assert len(prepared.task.encode(Table(new, "new"))) == 3


def test_tags_that_training_does_not_have_are_errors_of_all():
    data = orders(40)
    data["split"] = ["train"] * 30 + ["valid"] * 5 + ["test"] * 5
    data["tags"][37] = ["B-new", *data["tags"][37][1:]]
    prepared = prepare(data)
    assert "B-new" not in prepared.task.classes
    assert (prepared.test.arrays["tags"].values == -1).sum() == 1
    note = (
        'tags in test that training does not have, which count as errors of all: 1 tokens ("B-new")'
    )
    assert note in prepared.card["notes"]
    model = build_model(prepared.task, ModelSpec(mixer="gru", width=8))
    assert score(prepared, predict_all(prepared.task, model, prepared.test)) < 1


def test_empty_sequences_are_left_out_and_counted():
    data = orders(30)
    data["tokens"][3], data["tags"][3] = [], []
    prepared = prepare(data)
    assert sum(map(len, (prepared.train, prepared.valid, prepared.test))) == 29
    assert '1 row left out: no tokens in "tokens" (row 4)' in prepared.card["notes"]


RECOGNISED = {
    "lists": pd.DataFrame(
        {"session": [1, 1, 2, 2], "words": [["a", "b"]] * 4, "ner_tags": [[0, 1]] * 4}
    ),
    "json": pd.DataFrame(
        {"tokens": ['["a", "b"]', '["c"]'] * 2, "tags": ["['X', 'Y']", "['X']"] * 2}
    ),
    "strings": pd.DataFrame(
        {"sentence": ["to Bonn now", "in Ulm"] * 2, "word_labels": ["O B O", "O B"] * 2}
    ),
    "long": pd.DataFrame(
        {
            "Sentence #": ["s1", None, None, "s2", None, None, "s3", None],
            "Word": ["to", "Bonn", "now", "to", "Ulm", "now", "in", "Graz"],
            "Tag": ["O", "B", "O", "O", "B", "O", "O", "B"],
        }
    ),
    "signals": signals(4),
}


@pytest.mark.parametrize("name", RECOGNISED)
def test_layouts_are_recognised_and_read(name):
    data = table(RECOGNISED[name])
    others = [registry.load("tasks", other).recognise(data) for other in ("classify", "forecast")]
    score = Tag.recognise(data).score
    assert score >= 0.75
    assert score > max(other.score for other in others)
    read = Tag.study_rows(Sources(data), DataSpec()).rows
    pairs = zip(read.frame["rows"], read.frame["tags"], strict=True)
    assert all(len(rows) == len(tags) for rows, tags in pairs)
    assert {"lists": 4, "json": 4, "strings": 4, "long": 3, "signals": 4}[name] == len(read)


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"text": ["a fine film", "a bad one"] * 9, "label": ["pos", "neg"] * 9}),
        pd.DataFrame({"name": ["Anna", "Olaf"] * 9, "label": ["it", "no"] * 9}),
        pd.DataFrame(
            {
                "session": [i // 4 for i in range(20)],
                "text": ["a fine film", "so bad"] * 10,
                "label": ["pos", "neg"] * 10,
            }
        ),
        pd.DataFrame({"ds": pd.date_range("2024", periods=30), "y": np.arange(30.0)}),
    ],
)
def test_what_other_tasks_recognise_stays_theirs(frame):
    assert Tag.recognise(Table(frame, "data")).score == 0.0


def changed(**cells):
    data = orders(30)
    for name, (row, value) in cells.items():
        data[name][row] = value
    return data


@pytest.mark.parametrize(
    ("data", "settings", "said"),
    [
        (
            {"tokens": [["a"]] * 20, "tags": [["X"]] * 20},
            {},
            '"data": column "tags" has only one tag ("X")',
        ),
        (
            {"tokens": [["a", "b"]] * 20, "tags": [["X"]] * 20},
            {},
            '"data" row 1: not as many tags in "tags" as tokens; no other can be used either',
        ),
        ({"tokens": [["a"]] * 20}, {}, '"data": no column for the tags among tokens'),
        ({"tokens": [[]] * 20, "tags": [[]] * 20}, {}, '"data" row 1: no tokens in "tokens"'),
        (orders(30), {"columns": {"tags": "tag"}}, 'unknown column "tag"; did you mean "tags"?'),
        (orders(30), {"metric": "f1"}, 'unknown metric "f1"'),
        (orders(30), {"options": {"crff": True}}, 'unknown setting in options "crff"'),
        (orders(30), {"options": {"spelling": "x"}}, "options.spelling = 'x'"),
        (
            {"tokens": [["a", "b"]] * 20, "tags": [["X", "Y"]] * 20},
            {"options": {"scheme": "iob2"}, "keep_duplicates": True},
            'options.scheme = "iob2": the tags mark no spans (X, Y)',
        ),
    ],
)
def test_mistakes_are_named_in_a_line(data, settings, said):
    with pytest.raises(UserError) as caught:
        prepare(data, **settings)
    assert said in caught.value.message
    assert "\n" not in caught.value.message


def test_the_inspection_says_what_is_wrong():
    data = orders(60)
    data["tokens"] += [["from", "Ulm"], ["from", "Ulm"]]
    data["tags"] += [["O", "I-start"], ["O", "B-goal"]]
    findings = {f.title: f for f in Tag.inspect(Sources(table(data)), DataSpec(), 0)}
    broken = findings["tags that may not follow one another in IOB2: 1 in 1 sequences"]
    assert broken.detail == 'row 61: "I-start" after "O" at token 2'
    assert "tags mark spans: IOB2" in findings
    assert findings["sentences that are tagged in more than one way: 1"].detail.startswith(
        'row 62: "from Ulm"'
    )


def test_sequences_that_cannot_be_used_are_left_out_and_listed():
    data = orders(30)
    data["tags"][2] = ["O"]
    data["tags"][5] = None
    data["tags"][6] = ["", *data["tags"][6][1:]]
    data["tokens"][7], data["tags"][7] = [], []
    data["tokens"][8] = [["a"]]
    listed = [
        '1 row left out: not as many tags in "tags" as tokens (row 3)',
        '1 row left out: no tags in "tags" (row 6)',
        '1 row left out: a token without a tag in "tags" (row 7)',
        '1 row left out: no tokens in "tokens" (row 8)',
        '1 row left out: a list within the list in "tokens" (row 9)',
    ]
    prepared = prepare(data)
    assert sum(prepared.card["parts"].values()) == 25
    assert [note for note in prepared.card["notes"] if "left out" in note] == listed
    found = Tag.inspect(Sources(table(data)), DataSpec(), 0)
    assert [f.title for f in found if f.severity == "warning" and "left out" in f.title] == listed


def test_folds_test_every_sequence_once():
    prepared = Tag.prepare(Sources(table(orders(30))), DataSpec(folds=3), 0)
    tested = [" ".join(t) for part in prepared for t in part.test.frame["tokens"]]
    assert sorted(tested) == sorted(" ".join(t) for t in orders(30)["tokens"])


def test_data_of_another_kind_is_refused():
    prepared = prepare(signals())
    with pytest.raises(UserError, match='"new" holds tokens, the model reads values'):
        prepared.task.encode(Table(table(orders(3)).frame, "new"))


def test_predictions_are_ragged_and_in_order():
    prepared = prepare(orders(50))
    model = build_model(prepared.task, ModelSpec(mixer="gru", width=8)).eval()
    found = predict_all(prepared.task, model, prepared.test)
    assert isinstance(found, Ragged)
    np.testing.assert_array_equal(found.offsets, prepared.test.arrays["tags"].offsets)
    with torch.inference_mode():
        first = next(iter(prepared.task.batches(prepared.test, 1, 4096, None)))
        alone = prepared.task.predict(model, first)
    np.testing.assert_allclose(found[int(first.rows[0])], alone[0], rtol=1e-4)
    lengths = [len(tags) for tags in prepared.task.names(found)]
    assert list(itertools.accumulate(lengths)) == found.offsets[1:].tolist()


def test_what_is_of_several_people_is_several_signals():
    """Recordings that are numbered anew for each person."""
    frame = signals(recordings=12)
    number = frame["recording"].str.removeprefix("r").astype(int)
    frame = frame.assign(recording=number % 3, subject="p" + (number // 3).astype(str))
    frame = frame.drop(columns="t")
    prepared = prepare(
        frame, group="subject", columns={"sequence": "recording", "tags": "activity"}
    )
    assert sum(prepared.card["parts"].values()) == 12
    assert any("each of both is a sequence" in note for note in prepared.card["notes"])
    assert "no group in two parts" in prepared.card["split"]

"""Classification of one text with one label: what is read, what is fitted, what is shown."""

import json
import math

import numpy as np
import pandas as pd
import pytest
import torch

from seqlab import registry
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.specs import ModelSpec
from seqlab.study.building import build_model
from seqlab.study.objective import predict_all
from seqlab.study.training_one import train_one
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.classify import Classify
from tests.reviews import reviews


def frame(rows=160, labels=("neg", "pos")):
    return pd.DataFrame(reviews(rows, labels=labels), columns=["text", "label"])


def table(data):
    return Table(data, "data.csv")


def prepare(data, **settings):
    return Classify.prepare(Sources(table(data)), DataSpec.read(settings, "data"), 0)[0]


def score(prepared, name, predictions):
    metric = registry.load("metrics", name)()
    return metric.value(prepared.task.statistics(metric, predictions, prepared.test))


# -- recognition ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "score"),
    [
        (frame(), 0.9),
        (frame().rename(columns={"text": "review", "label": "stars"}), 0.9),
        (pd.DataFrame({"text": [str(i) for i in range(40)], "label": np.arange(40) * 1.1}), 0.2),
        (pd.DataFrame({"x": np.arange(40.0), "label": ["a", "b"] * 20}), 0.0),
        (pd.DataFrame({"text": [["a", "b"]] * 40, "label": ["a", "b"] * 20}), 0.0),
    ],
    ids=["usual names", "other names", "numbers for labels", "no text", "lists of tokens"],
)
def test_recognition(data, score):
    assert Classify.recognise(table(data)).score == score


# -- what is fitted ------------------------------------------------------------------------------


def test_vocabulary_and_classes_come_from_training_alone():
    data = frame().assign(split=["train"] * 100 + ["valid"] * 30 + ["test"] * 30)
    data.loc[data["split"] == "test", "text"] += " unheard"
    prepared = prepare(data)
    tokens = prepared.task.reader.tokenizer.encode_batch(["unheard"])[0]
    assert tokens.tolist() == [1]
    assert prepared.card["parts"] == {"train": 100, "valid": 30, "test": 30}


@pytest.mark.parametrize(("labels", "outputs"), [(("a", "b"), 1), (("a", "b", "c"), 3)])
def test_two_classes_need_one_logit(labels, outputs):
    task = prepare(frame(labels=labels)).task
    assert task.head(8).out_features == outputs


@torch.no_grad()
def test_one_logit_is_the_softmax_of_two():
    prepared = prepare(frame())
    model = build_model(prepared.task, ModelSpec(mixer="bag", width=8)).eval()
    batch = next(prepared.task.batches(prepared.test, 99, 10**6, None))
    logit = model(batch.inputs, batch.context).squeeze(-1)
    both = torch.stack([torch.zeros_like(logit), logit], dim=1)
    expected = torch.nn.functional.cross_entropy(both, batch.targets)
    assert float(prepared.task.loss(model, batch).value) == pytest.approx(float(expected), rel=1e-5)
    given = prepared.task.predict(model, batch)
    np.testing.assert_allclose(given, both.softmax(1).numpy(), atol=1e-6)


def test_the_primary_metric_of_uneven_classes_is_macro_f1():
    even = prepare(frame())
    uneven = frame().assign(label=["rare" if i % 8 == 0 else "often" for i in range(160)])
    assert even.task.metrics[0] == "accuracy"
    assert prepare(uneven).task.metrics[0] == "macro-f1"
    assert prepare(uneven, metric="log-loss").task.metrics[0] == "log-loss"


def test_label_weights_make_classes_count_alike():
    uneven = frame().assign(label=["rare" if i % 8 == 0 else "often" for i in range(160)])
    prepared = prepare(uneven, label_weights=True)
    counts, weights = prepared.card["classes"], prepared.task.target.class_weights
    pairs = zip(prepared.task.classes, weights, strict=True)
    by_class = [counts[name] * weight for name, weight in pairs]
    assert by_class[0] == pytest.approx(by_class[1])


def test_rows_without_a_label_are_left_out_and_named():
    data = frame().assign(label=lambda f: f["label"].where(~f.index.isin([4, 9]), [None, " "] * 80))
    prepared = prepare(data)
    note = '2 rows left out: no label in "label" (rows 5, 10)'
    assert note in prepared.card["notes"]
    assert sum(prepared.card["parts"].values()) == 158
    assert note in [finding.title for finding in prepared.findings]


def test_new_data_give_a_row_for_each_of_theirs():
    task = prepare(frame()).task
    new = table(pd.DataFrame({"text": ["great fun", None, ["a", "list"], "dull"]}))
    examples = task.encode(new)
    shown = task.present(np.tile([0.4, 0.6], (4, 1)), examples)
    assert shown["text"].fillna("-").tolist() == ["great fun", "", "-", "dull"]
    assert shown["predicted"].tolist()[:2] == ["pos", "pos"]
    assert shown.loc[2].isna().tolist() == [True] * 5 + [False]
    assert shown["problem"].tolist() == ["", "", 'a list where "text" should hold a text', ""]
    assert not task.known(examples).any()


def test_a_label_that_training_does_not_have_counts_as_wrong():
    prepared = prepare(frame())
    new = table(pd.DataFrame({"text": ["great"] * 3, "label": ["POS", "other", None]}))
    examples = prepared.task.encode(new)
    assert np.asarray(examples.arrays["label"]).tolist() == [1, -2, -1]
    known = examples.take(np.flatnonzero(prepared.task.known(examples)))
    for name, value in {"accuracy": 0.5, "log-loss": None, "macro-f1": None}.items():
        metric = registry.load("metrics", name)()
        statistics = prepared.task.statistics(metric, np.tile([0.1, 0.9], (2, 1)), known)
        found = metric.value(statistics)
        assert found == value if value is not None else np.isfinite(found)


def test_numbers_as_classes_are_in_their_order():
    data = frame().assign(label=[float(i % 3) * 5 for i in range(160)])
    assert prepare(data).task.classes == ["0", "5", "10"]


@pytest.mark.parametrize(
    ("examples", "epochs", "batch"), [(50, 40, 32), (2000, 26, 64), (10**5, 10, 64)]
)
def test_few_texts_are_read_more_often(examples, epochs, batch):
    from seqlab.tasks.inputs.text import training

    assert training(examples) == {"epochs": epochs, "batch_size": batch}


def test_subsets_are_nested_and_stratified():
    prepared = prepare(frame(200))
    small, large = (prepared.task.subset(prepared.train, n, 0) for n in (20, 60))
    assert set(small.frame["text"]) <= set(large.frame["text"])
    assert sorted(np.bincount(np.asarray(small.arrays["label"]))) == [10, 10]


def test_padding_changes_nothing():
    prepared = prepare(
        frame(120).assign(text=lambda f: [t * (1 + i % 3) for i, t in enumerate(f["text"])])
    )
    model = build_model(prepared.task, ModelSpec(mixer="gru", width=8))
    together = predict_all(prepared.task, model, prepared.test)
    for row in range(3):
        alone = predict_all(prepared.task, model, prepared.test.take(np.array([row])))
        np.testing.assert_allclose(alone[0], together[row], atol=1e-6)


# -- learning and what is shown ------------------------------------------------------------------


def trained(prepared, params=4_000, **train):
    usual = {"epochs": 6, "learning_rate": 1e-2, "batch_size": 16, "patience": None}
    model, _ = train_one(
        prepared, "gru", params=params, model={}, train={**usual, **train}, refit=False
    )
    return predict_all(prepared.task, model, prepared.test), model


def test_learns_exhibits_and_presents(tmp_path):
    prepared = prepare(frame(240))
    predictions, model = trained(prepared)
    assert score(prepared, "accuracy", predictions) > 0.9
    made = {e.title: e for e in prepared.task.exhibits(predictions, prepared.test)}
    assert [e.kind for e in made.values()] == ["table", "matrix", "curve", "examples"]
    assert np.sum(made["Confusions"].data["values"]) == len(prepared.test)
    json.dumps([e.data for e in made.values()])
    prepared.task.save(tmp_path)
    task = Classify.load(tmp_path)
    new = task.encode(Table(pd.DataFrame({"text": ["great fun", "dull and slow", ""]}), "new"))
    shown = task.present(predict_all(task, model, new), new)
    assert list(shown.columns) == ["text", "predicted", "probability", "p(neg)", "p(pos)"]
    assert shown["predicted"].tolist()[:2] == ["pos", "neg"]
    assert np.asarray(new.arrays["label"]).tolist() == [-1, -1, -1]


def test_the_reliability_diagram_by_hand():
    prepared = prepare(frame(200))
    labels = np.asarray(prepared.test.arrays["label"])
    sure = np.where(np.arange(len(labels)) % 2 == 0, 0.95, 0.65)
    right = np.arange(len(labels)) % 4 != 1  # all of the surer ones, half of the others
    chosen = np.where(right, labels, 1 - labels)
    predictions = np.stack([np.where(chosen == 0, sure, 1 - sure),
                            np.where(chosen == 1, sure, 1 - sure)], axis=1)  # fmt: skip
    made = {e.title: e.data for e in prepared.task.exhibits(predictions, prepared.test)}
    curve = made["Reliability"]
    assert curve["diagonal"] is True
    assert curve["x"] == pytest.approx([0.65, 0.95])
    assert curve["y"] == pytest.approx([0.5, 1.0], abs=0.05)
    assert sum(curve["count"]) == len(labels)


# -- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "settings", "message"),
    [
        (lambda f: f.assign(label="one"), {"columns": {"label": "label"}},
         '"data.csv": column "label" has only one class ("one")'),
        (lambda f: f.assign(text=" "), {"columns": {"text": "text"}}, "all texts are empty"),
        (lambda f: f.assign(label=[f"c{i}" for i in f.index]), {"columns": {"label": "label"}},
         'column "label" has 160 different values in 160 rows: these are not classes'),
        (lambda f: f, {"metric": "bleu"}, 'unknown metric "bleu"'),
        (lambda f: f, {"options": {"document": "chunk"}},
         'unknown setting in options "document"; did you mean "documents"?'),
        (lambda f: f, {"options": {"documents": "middle"}}, "options.documents = 'middle'"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_one_line(change, settings, message):
    with pytest.raises(UserError) as caught:
        prepare(change(frame()), **settings)
    assert message in caught.value.message
    assert "\n" not in caught.value.message


# -- long documents ------------------------------------------------------------------------------


def long_documents(rows=200, seed=0):
    """Two hundred words; those that tell the class stand in the middle."""
    rng = np.random.default_rng(seed)
    filler = [f"w{i}" for i in range(30)]
    made = []
    for number in range(rows):
        words = rng.choice(filler, 60).tolist()
        words[28:31] = ["good", "fine", "good"] if number % 2 else ["bad", "poor", "bad"]
        made.append((" ".join(words), "pos" if number % 2 else "neg"))
    return pd.DataFrame(made, columns=["text", "label"])


@pytest.mark.parametrize(
    ("documents", "length", "learns"),
    [("truncate", 16, False), ("head-tail", 16, False), ("chunk", 60, True)],
)
def test_documents_beyond_the_window(documents, length, learns):
    prepared = prepare(long_documents(), options={"documents": documents}, max_tokens=16)
    assert set(prepared.train.arrays["tokens"].lengths) == {length}
    assert prepared.card["documents"] == documents
    assert prepared.card["training_texts_beyond"] == len(prepared.train)
    predictions, _ = trained(prepared, params=3_000, epochs=5)
    assert (score(prepared, "accuracy", predictions) > 0.9) == learns


def test_head_and_tail_are_the_ends_of_a_text():
    prepared = prepare(long_documents(), options={"documents": "head-tail"}, max_tokens=5)
    text = " ".join(["good", *["w1"] * 50, "bad"])
    ids = prepared.task.encode(table(pd.DataFrame({"text": [text]}))).arrays["tokens"][0]
    known = [
        int(prepared.task.reader.tokenizer.encode_batch([w])[0][0]) for w in ("good", "w1", "bad")
    ]
    assert ids.tolist() == [known[0], known[1], known[1], known[1], known[2]]


@pytest.mark.parametrize("pooling", ["mean", "attention"])
def test_chunks_are_read_one_by_one_and_pooled(pooling):
    options = {"documents": "chunk", "chunk_pooling": pooling}
    prepared = prepare(long_documents(60), options=options, max_tokens=16)
    model = build_model(prepared.task, ModelSpec(mixer="gru", width=8)).eval()
    batch = next(prepared.task.batches(prepared.test, 4, 10**6, None))
    together = model(batch.inputs, batch.context)
    vectors = []
    head, model.head = model.head, torch.nn.Identity()
    for start in range(0, 60, 16):  # each chunk as a document of its own
        vectors.append(model(batch.inputs[:, start : start + 16], type(batch.context)()))
    chunks = torch.stack(vectors, dim=1)  # (B, 4, D)
    if pooling == "mean":
        weights = torch.tensor([16, 16, 16, 12]) / 60
    else:
        weights = model.over_chunks.query(chunks).squeeze(-1).softmax(dim=1).unsqueeze(1)
        weights = weights.squeeze(1)
    expected = head((chunks * weights.unsqueeze(-1)).sum(dim=1))
    torch.testing.assert_close(together, expected)


def test_a_short_document_beside_a_long_one_is_read_alike():
    prepared = prepare(long_documents(60), options={"documents": "chunk"}, max_tokens=16)
    model = build_model(prepared.task, ModelSpec(mixer="gru", width=8))
    texts = pd.DataFrame({"text": ["good fine w1", " ".join(["bad"] * 50)]})
    examples = prepared.task.encode(table(texts))
    together = predict_all(prepared.task, model, examples)
    alone = predict_all(prepared.task, model, examples.take(np.array([0])))
    np.testing.assert_allclose(alone[0], together[0], atol=1e-6)


def test_positions_of_chunks_are_those_of_the_window():
    prepared = prepare(long_documents(60), options={"documents": "chunk"}, max_tokens=16)
    assert prepared.task.inputs.longest == 16
    model = build_model(prepared.task, ModelSpec(mixer="attention", width=8, settings={"heads": 2},
                                                 positions="learned", max_length=16))  # fmt: skip
    assert math.isfinite(predict_all(prepared.task, model, prepared.test).sum())

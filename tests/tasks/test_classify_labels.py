"""Classification with several labels an example: every way in which they are written."""

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
from seqlab.study.training_one import train_one
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.classify import Classify

KINDS = ("animal", "food", "place")
WORDS = {"animal": ["cat", "dog"], "food": ["rice", "soup"], "place": ["Rome", "Oslo"]}


def sets(rows=240, seed=0):
    """(text, labels): a text names something of each of its kinds."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(rows):
        labels = [kind for kind in KINDS if rng.random() < 0.4]
        words = ["the", "thing", *(str(rng.choice(WORDS[kind])) for kind in labels), "seen"]
        made.append((f"{' '.join(rng.permutation(words))} {number}", labels))
    return made


def divided(mark="|", rows=240):
    return pd.DataFrame([(t, mark.join(ls)) for t, ls in sets(rows)], columns=["text", "labels"])


def lists(rows=240):
    return pd.DataFrame([(t, ls) for t, ls in sets(rows)], columns=["text", "labels"])


def flags(rows=240):
    made = [(t, *(int(kind in ls) for kind in KINDS)) for t, ls in sets(rows)]
    return pd.DataFrame(made, columns=["text", *KINDS])


def as_json(rows=240):
    return lists(rows).assign(labels=lambda f: f["labels"].map(json.dumps))


def between(opening, closing, quote=""):
    """Labels as a set, a tuple or an array is printed."""

    def cell(labels):
        inner = ", ".join(f"{quote}{label}{quote}" for label in labels)
        return f"{opening}{inner}{',' if opening == '(' and quote else ''}{closing}"

    return lists().assign(labels=lambda f: f["labels"].map(cell))


def table(data):
    return Table(data, "data.csv")


def prepare(data, **settings):
    return Classify.prepare(Sources(table(data)), DataSpec.read(settings, "data"), 0)[0]


@pytest.mark.parametrize(
    "data",
    [
        divided("|"),
        divided(";"),
        lists(),
        flags(),
        as_json(),
        between("[", "]"),
        between("{", "}"),
        between("{", "}", "'"),
        between("(", ")", "'"),
    ],
    ids=["bars", "semicolons", "lists", "flags", "JSON", "brackets", "array", "set", "tuple"],
)
def test_every_way_of_writing_labels_is_found_and_read_alike(data):
    assert Classify.recognise(table(data)).score == 0.9
    prepared = prepare(data)
    assert prepared.task.target.multi_label
    assert prepared.task.classes == sorted(KINDS)
    wanted = {t: [int(kind in ls) for kind in sorted(KINDS)] for t, ls in sets()}
    for part in (prepared.train, prepared.valid, prepared.test):
        assert np.asarray(part.arrays["label"]).tolist() == [wanted[t] for t in part.frame["text"]]


def test_commas_divide_labels_that_recombine():
    data = divided(", ")
    filled = data.assign(labels=data["labels"].replace("", "none"))
    assert prepare(filled).task.target.multi_label
    assert prepare(data, options={"delimiter": ","}).task.classes == sorted(KINDS)
    assert not prepare(filled, options={"labels": "one"}).task.target.multi_label


def test_names_with_commas_are_one_label():
    places = ["Bath, England", "York, England", "Tours, France", "Nice, France"]
    data = divided(rows=200).assign(labels=places * 50)
    assert not prepare(data).task.target.multi_label


def test_another_delimiter_is_named():
    data = divided(" / ")
    filled = data.assign(labels=data["labels"].replace("", "none"))
    assert not prepare(filled).task.target.multi_label
    assert prepare(data, options={"delimiter": "/"}).task.classes == sorted(KINDS)


def test_flags_by_role_among_other_columns():
    data = flags().assign(source=["web", "mail"] * 120)
    columns = {"text": "text", "label": "+".join(KINDS)}
    assert prepare(data, columns=columns).task.columns["label"] == "animal+food+place"


def test_names_with_a_bar_are_one_label():
    data = divided(rows=200).assign(labels=["NUM|date", "NUM|count", "HUM|one", "HUM|group"] * 50)
    assert not prepare(data).task.target.multi_label
    asked = divided()
    asked.loc[asked["labels"] == "", "labels"] = "none"
    prepared = prepare(asked, options={"labels": "one"})
    assert not prepared.task.target.multi_label
    assert "animal|food" in prepared.task.classes


def test_rows_without_a_label_are_counted():
    none = sum(not labels for _, labels in sets())
    said = [f.title for f in prepare(divided()).findings if "several labels" in f.title]
    assert said[0].endswith(f"{none} rows have none")


def test_rows_whose_labels_cannot_be_read_are_left_out():
    broken = flags().assign(food=lambda f: f["food"].where(f.index != 6, 2))
    notes = prepare(broken, columns={"text": "text", "label": "animal+food"}).card["notes"]
    assert '1 row left out: "2" in "food", expected 0 or 1 (row 7)' in notes


def test_labels_that_training_does_not_know_are_noted():
    data = divided().assign(split=["train"] * 160 + ["valid"] * 40 + ["test"] * 40)
    data.loc[235, "labels"] = "animal|ghost"
    prepared = prepare(data)
    assert (
        "labels in test that training does not know are not scored: ghost"
        in (prepared.card["notes"])
    )
    assert prepared.task.classes == sorted(KINDS)


def test_the_loss_is_that_of_a_yes_or_no_each():
    prepared = prepare(divided(), label_weights=True)
    model = build_model(prepared.task, ModelSpec(mixer="bag", width=8)).eval()
    batch = next(prepared.task.batches(prepared.test, 99, 10**6, None))
    with torch.no_grad():
        logits = model(batch.inputs, batch.context)
        given = prepared.task.loss(model, batch).value
    held = np.asarray(prepared.train.arrays["label"]).mean(axis=0)
    weight = torch.tensor((1 - held) / held)
    expected = torch.nn.functional.binary_cross_entropy_with_logits(
        logits, batch.targets.float(), pos_weight=weight.float()
    )
    assert float(given) == pytest.approx(float(expected), rel=1e-5)


def test_models_and_baselines_learn_it_and_are_shown(tmp_path):
    prepared = prepare(divided())
    task, metric = prepared.task, registry.load("metrics", "micro-f1")()
    assert task.metrics[:2] == ("micro-f1", "macro-f1")
    model, _ = train_one(
        prepared,
        "gru",
        params=4_000,
        model={},
        train={"epochs": 10, "learning_rate": 1e-2, "batch_size": 16, "patience": None},
        refit=False,
    )
    found = {"gru": predict_all(task, model, prepared.test)}
    for name in ("majority", "tfidf-lr"):
        baseline = registry.load("baselines", name)()
        baseline = baseline.fit(task, prepared.train, prepared.valid, 0)
        save_baseline(baseline, tmp_path / name)
        found[name] = load_baseline(tmp_path / name).predict(task, prepared.test)
    scores = {
        name: metric.value(task.statistics(metric, predictions, prepared.test))
        for name, predictions in found.items()
    }
    assert scores["gru"] > 0.9
    assert scores["tfidf-lr"] > 0.9
    assert scores["majority"] < 0.6
    made = task.exhibits(found["gru"], prepared.test)
    assert [e.title for e in made] == [
        "Errors by length", "Labels", "Reliability", "Hardest test examples",
    ]  # fmt: skip
    json.dumps([e.data for e in made])


def test_new_texts_and_what_is_presented(tmp_path):
    prepared = prepare(flags())
    prepared.task.save(tmp_path)
    task = Classify.load(tmp_path)
    new = task.encode(table(pd.DataFrame({"text": ["a cat", "nothing"]})))
    assert np.asarray(new.arrays["label"]).tolist() == [[-1] * 3] * 2
    shown = task.present(np.array([[0.9, 0.6, 0.1], [0.2, 0.1, 0.0]]), new)
    assert shown["predicted"].tolist() == ["animal | food", ""]
    assert "probability" not in shown


def test_the_inspection_counts_labels():
    rare = divided()
    rare.loc[:2, "labels"] = "ghost"
    findings = Classify.inspect(Sources(table(rare)), DataSpec(), 0)
    titles = [f.title for f in findings]
    assert "4 labels" in titles
    assert "labels with fewer than 10 examples: 1" in titles


@pytest.mark.parametrize(
    ("data", "settings", "message"),
    [
        (as_json().assign(labels=lambda f: f["labels"].where(f.index != 3, "[")),
         {"options": {"labels": "several"}}, 'column "labels": no cell holds several labels'),
        (divided().assign(labels=""), {"options": {"delimiter": "|"}},
         'column "labels" has no labels'),
        (divided().assign(labels="one"), {"options": {"delimiter": "|"}},
         'has only one label ("one")'),
        (divided(), {"columns": {"text": "text", "label": "animal+food"}},
         'unknown column "animal"'),
        (flags(), {"options": {"labels": "one"}}, 'options.labels = "one": 3 columns of labels'),
        (divided(), {"metric": "rmse"}, 'unknown metric "rmse"'),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_one_line(data, settings, message):
    with pytest.raises(UserError) as caught:
        prepare(data, **settings)
    assert message in caught.value.message
    assert "\n" not in caught.value.message

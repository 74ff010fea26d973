"""Classification of two texts: what is joined, how it is cut, and that comparing is learned."""

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
from seqlab.tasks.inputs.text import shared_window

THINGS = ["cat", "dog", "fish", "tree", "rock", "house", "bird", "sun", "moon", "cup"]


def pairs(rows=300, seed=0):
    """Two texts of four things each; whether they have two or more in common."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(rows):
        one = rng.permutation(THINGS)[:4].tolist()
        rest = [thing for thing in THINGS if thing not in one]
        alike = bool(number % 2)
        other = [*one[: 3 if alike else 1], *rng.permutation(rest)[: 1 if alike else 3].tolist()]
        texts = (" ".join(one), " ".join(rng.permutation(other).tolist()))
        made.append((*texts, "alike" if alike else "different"))
    return pd.DataFrame(made, columns=["sentence1", "sentence2", "label"])


def prepare(data, **settings):
    return Classify.prepare(Sources(Table(data, "x")), DataSpec.read(settings, "data"), 0)[0]


def accuracy(prepared, predictions):
    return float((predictions.argmax(1) == prepared.test.arrays["label"]).mean())


@pytest.mark.parametrize(
    "names", [("text1", "text2"), ("premise", "hypothesis"), ("question1", "question2")]
)
def test_two_texts_are_found_by_their_names(names):
    data = pairs(60).rename(columns={"sentence1": names[0], "sentence2": names[1]})
    prepared = prepare(data)
    assert prepared.task.reader.pair
    assert prepared.task.columns["text2"] == names[1]
    said = f'two texts: "{names[0]}" and "{names[1]}" (by their names)'
    assert said in prepared.card["notes"]


def test_two_texts_by_role():
    data = pairs(60).rename(columns={"sentence1": "left", "sentence2": "right"})
    columns = {"text": "left", "text2": "right", "label": "label"}
    assert prepare(data, columns=columns).task.reader.pair
    columns = {"text": "sentence1", "label": "label"}
    alone = pairs(60).drop(columns="sentence2")
    assert not prepare(alone, columns=columns).task.reader.pair


def test_texts_are_joined_by_a_separator_of_its_own():
    prepared = prepare(pairs(60))
    tokenizer = prepared.task.reader.tokenizer
    new = Table(pd.DataFrame({"sentence1": ["cat dog"], "sentence2": ["sun"]}), "new")
    ids = prepared.task.encode(new).arrays["tokens"][0].tolist()
    first, second = (row.tolist() for row in tokenizer.encode_batch(["cat dog", "sun"]))
    assert ids == [*first, tokenizer.vocabulary_size, *second]
    assert prepared.task.inputs.size == tokenizer.vocabulary_size + 1


@pytest.mark.parametrize(
    ("lengths", "window", "kept"),
    [((3, 4), 10, (3, 4)), ((9, 2), 6, (4, 2)), ((2, 9), 6, (2, 4)), ((8, 8), 7, (4, 3))],
)
def test_the_longer_text_is_cut_first(lengths, window, kept):
    assert shared_window(*lengths, window) == kept


def test_a_pair_never_exceeds_the_window():
    prepared = prepare(pairs(60), max_tokens=6)
    assert set(prepared.train.arrays["tokens"].lengths) == {6}
    with pytest.raises(UserError, match="max_tokens = 2: two texts and the separator"):
        prepare(pairs(60), max_tokens=2)
    with pytest.raises(UserError, match="of two texts the longer is cut"):
        prepare(pairs(60), options={"documents": "chunk"})


def test_positions_know_their_text_and_what_is_in_both():
    prepared = prepare(pairs(60))
    model = build_model(prepared.task, ModelSpec(mixer="bag", width=8))
    embedding = model.embedding
    with torch.no_grad():
        embedding.relation.weight.copy_(torch.arange(4.0).unsqueeze(1).expand(4, 8))
        embedding.table.weight.zero_()
    separator = embedding.separator
    ids = torch.tensor([[5, 6, 5, separator, 6, 7, 0]])
    seen = embedding(ids)[0, :, 0]
    assert seen.tolist() == [0, 1, 0, 2, 3, 2, 2]  # first, shared; from the separator on, shared


def test_comparing_is_learned_and_seen_by_the_baseline():
    prepared = prepare(pairs(500))
    model, _ = train_one(
        prepared,
        "gru",
        params=6_000,
        model={},
        train={"epochs": 8, "learning_rate": 1e-2, "batch_size": 32, "patience": None},
        refit=False,
    )
    assert accuracy(prepared, predict_all(prepared.task, model, prepared.test)) > 0.9
    baseline = registry.load("baselines", "tfidf-lr")()
    baseline = baseline.fit(prepared.task, prepared.train, prepared.valid, 0)
    assert accuracy(prepared, baseline.predict(prepared.task, prepared.test)) > 0.9


def test_both_texts_are_shown():
    prepared = prepare(pairs(60))
    predictions = np.tile([0.3, 0.7], (len(prepared.test), 1))
    shown = prepared.task.present(predictions, prepared.test)
    assert list(shown.columns[:3]) == ["text", "text2", "predicted"]
    hardest = prepared.task.exhibits(predictions, prepared.test)[-1].data["items"][0]["text"]
    assert " ⏐ " in hardest

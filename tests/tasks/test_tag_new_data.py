"""Tags for new data: a row out for each row in, whatever is in it and however it is laid out."""

import numpy as np
import pandas as pd
import pytest

from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.specs import ModelSpec
from seqlab.study.building import build_model
from seqlab.study.objective import predict_all
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.tag import Tag
from tests.tasks.tag_data import orders, prepare, signals, table


def words(rows=40, seed=0):
    """A token a row."""
    data = orders(rows, seed)
    cells = [
        (number, token, tag)
        for number, (tokens, tags) in enumerate(zip(data["tokens"], data["tags"], strict=True))
        for token, tag in zip(tokens, tags, strict=True)
    ]
    return pd.DataFrame(cells, columns=["sentence_id", "word", "tag"])


class Tagger:
    """A task as it was fitted, and a small model."""

    def __init__(self, data, **settings):
        self.task = prepare(data, **settings).task
        self.model = build_model(self.task, ModelSpec(mixer="gru", width=8)).eval()

    def tagged(self, frame):
        new = frame if isinstance(frame, Table) else Table(frame, "new")
        examples = self.task.encode(new)
        return self.task.present(predict_all(self.task, self.model, examples), examples)


@pytest.fixture(scope="module")
def of_lists():
    return Tagger(orders(40))


@pytest.fixture(scope="module")
def of_words():
    return Tagger(words())


@pytest.fixture(scope="module")
def of_steps():
    return Tagger(signals(), max_tokens=25)


def test_every_row_gets_its_tag_in_the_order_of_the_table(of_words):
    frame = words(5, seed=3).drop(columns="tag")
    straight = of_words.tagged(frame)
    assert straight["token"].tolist() == frame["word"].tolist()
    # The rows of one sentence stay in order, those of several are mixed.
    order = np.argsort(np.random.default_rng(0).random(len(frame)))
    order = order[np.argsort(frame.groupby("sentence_id").cumcount().to_numpy()[order])]
    mixed = of_words.tagged(frame.iloc[order].reset_index(drop=True))
    assert mixed["token"].tolist() == frame["word"].iloc[order].tolist()
    np.testing.assert_allclose(mixed["probability"], straight["probability"].iloc[order], rtol=1e-4)


def test_steps_are_put_in_order_by_time_and_answered_in_the_order_of_the_table(of_steps):
    frame = signals(2, seed=4).drop(columns="activity")
    straight = of_steps.tagged(frame)
    mixed = frame.sample(frac=1, random_state=0)
    shown = of_steps.tagged(mixed.reset_index(drop=True))
    assert shown["position"].tolist() == (mixed["t"] + 1).tolist()
    np.testing.assert_allclose(
        shown["probability"], straight["probability"].loc[mixed.index], rtol=1e-4
    )


def test_sentences_that_cannot_be_read_say_why_and_leave_the_others_alone(of_lists):
    good = [["to", "Bonn"], ["from", "New", "Ulm"]]
    alone = of_lists.tagged(table({"tokens": good}))
    shown = of_lists.tagged(table({"tokens": [None, good[0], [["to"]], [], good[1]]}))
    assert shown["problem"].tolist() == [
        'no tokens in "tokens"', "", "", 'a list within the list in "tokens"',
        'no tokens in "tokens"', "", "", "",
    ]  # fmt: skip
    assert shown["sequence"].tolist() == [1, 2, 2, 3, 4, 5, 5, 5]
    read = shown[shown["problem"] == ""]
    assert read["token"].tolist() == alone["token"].tolist()
    assert read["position"].tolist() == alone["position"].tolist()
    np.testing.assert_allclose(read["probability"], alone["probability"], rtol=1e-4)
    unread = shown[shown["problem"] != ""]
    assert unread[["position", "token", "predicted", "probability"]].isna().all().all()


def test_each_row_of_what_cannot_be_read_says_why(of_words, of_steps):
    frame = words(3).drop(columns="tag").astype({"sentence_id": object})
    frame.loc[0, "sentence_id"] = None  # nothing before it says which sentence it belongs to
    shown = of_words.tagged(frame)
    assert len(shown) == len(frame)
    assert np.flatnonzero(shown["problem"]).tolist() == [0]
    frame = signals(2, seed=4).drop(columns="activity").astype({"x": object})
    frame.loc[70, "x"] = "off"
    shown = of_steps.tagged(frame)
    assert shown["problem"].tolist() == [""] * 60 + ['a value in "x" is no number'] * 60
    assert shown["predicted"].isna().tolist() == [False] * 60 + [True] * 60


def test_nothing_that_can_be_read_is_an_error(of_lists):
    with pytest.raises(UserError, match='"new" row 1: no tokens in "tokens"; no other'):
        of_lists.tagged(pd.DataFrame({"tokens": [None, []]}))


@pytest.mark.parametrize("column", ["tokens", "text"])
def test_rows_that_are_all_alike_are_read(of_lists, column):
    shown = of_lists.tagged(pd.DataFrame({column: ["Ann went", "Ann went"]}))
    assert shown["token"].tolist() == ["Ann", "went"] * 2
    assert shown["sequence"].tolist() == [1, 1, 2, 2]


def test_one_word_again_and_again_in_one_sentence_is_read(of_words):
    shown = of_words.tagged(pd.DataFrame({"sentence_id": [1] * 3, "word": ["no"] * 3}))
    assert shown["position"].tolist() == [1, 2, 3]


def test_new_data_may_have_the_other_layout(of_lists, of_words):
    frame = words(4, seed=5).drop(columns="tag")
    lists = table({"tokens": orders(4, seed=5)["tokens"]})
    for tagger in (of_lists, of_words):
        pd.testing.assert_frame_equal(tagger.tagged(frame), tagger.tagged(lists))


def test_missing_renamed_and_surplus_columns(of_steps):
    frame = signals(2, seed=4)
    shown = of_steps.tagged(frame)
    renamed = frame.rename(columns={"recording": "session"}).assign(other=1.0)
    pd.testing.assert_frame_equal(of_steps.tagged(renamed), shown)
    pd.testing.assert_frame_equal(of_steps.tagged(frame.drop(columns="t")), shown)
    for name in ("recording", "y"):
        with pytest.raises(UserError) as caught:
            of_steps.tagged(frame.drop(columns=name))
        assert caught.value.message == f'"new" has no column "{name}"'
        assert caught.value.hint == "the model reads recording, t, x, y"


@pytest.mark.parametrize("name", ["of_lists", "of_words", "of_steps"])
def test_stored_and_read_back_it_is_the_same(name, request, tmp_path):
    tagger = request.getfixturevalue(name)
    tagger.task.save(tmp_path)
    again = Tag.load(tmp_path)
    assert (again.reader, again.target) == (tagger.task.reader, tagger.task.target)
    new = {"of_lists": table(orders(3)), "of_words": Table(words(3), "new")}
    new = new.get(name, Table(signals(2, steps=30), "new"))
    before, after = tagger.task.encode(new), again.encode(new)
    for array in ("inputs", "tags"):
        np.testing.assert_array_equal(before.ragged(array).values, after.ragged(array).values)
    assert again.known(after).all()


def test_only_sequences_with_their_tags_can_be_scored(of_lists):
    data = orders(4)
    data["tags"][0], data["tags"][1] = None, ["O"]
    examples = of_lists.task.encode(table(data))
    assert of_lists.task.known(examples).tolist() == [False, False, True, True]
    assert (examples.ragged("tags")[0] == -1).all()


def test_a_name_in_two_files_is_two_sequences():
    train, test = words(30), words(10, seed=1)
    sources = Sources(Table(train, "train"), test=Table(test, "test"))
    (prepared,) = Tag.prepare(sources, DataSpec(keep_duplicates=True), 0)
    parts = prepared.card["parts"]
    assert parts["train"] + parts["valid"] == 30
    assert parts["test"] == 10
    assert (
        'values of "sentence_id" return with every "split": each of both is a sequence'
        in (prepared.card["notes"])
    )
    assert [t for own in prepared.test.frame["tokens"] for t in own] == test["word"].tolist()


def test_sequences_of_rows_without_tags_are_left_out_and_named():
    frame = words(30)
    frame.loc[frame["sentence_id"] == 4, "tag"] = None
    frame.loc[frame.index[frame["sentence_id"] == 7][0], "tag"] = None
    notes = prepare(frame).card["notes"]
    assert '1 example left out: no tags in "tag" (sequence 4)' in notes
    assert '1 example left out: a token without a tag in "tag" (sequence 7)' in notes


@pytest.mark.parametrize("part", ["valid", "test"])
def test_a_part_of_one_tag_is_warned_of(part):
    data = orders(40)
    data["split"] = ["train"] * 30 + ["valid"] * 5 + ["test"] * 5
    rows = range(30, 35) if part == "valid" else range(35, 40)
    for row in rows:
        data["tags"][row] = ["O"] * len(data["tags"][row])
    found = [f.title for f in Tag.inspect(Sources(table(data)), DataSpec(), 0)]
    count = sum(len(data["tags"][row]) for row in rows)
    name = {"valid": "validation"}.get(part, part)
    assert [title for title in found if "tags are" in title] == [f'all {count} {name} tags are "O"']

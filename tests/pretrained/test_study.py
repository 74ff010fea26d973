"""Contestants from outside in a study like any others: trained, judged, kept, used."""

import io
import json

import numpy as np
import pandas as pd
import pytest

from seqlab.cli import run
from seqlab.workbench.predictor import load
from seqlab.workbench.study import Study
from tests import inprocess
from tests.pretrained import tiny
from tests.reviews import write_reviews

pytest.importorskip("transformers")

OWN = """
import torch
from torch import nn

class Bag(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.table = nn.Embedding(inputs.size, 16)
        self.out = nn.Linear(16, outputs)

    def forward(self, x, mask):
        weights = mask.unsqueeze(-1).float()
        return self.out((self.table(x) * weights).sum(1) / weights.sum(1))

def build(inputs, outputs):
    return Bag(inputs, outputs)
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Reviews, a checkpoint and a network of one's own, in a folder."""
    folder = tmp_path_factory.mktemp("place")
    write_reviews(folder / "reviews.csv", rows=240)
    tiny.bert(folder / "my-checkpoint")
    (folder / "mine.py").write_text(OWN)
    return folder


@pytest.fixture(scope="module")
def study(place):
    """A finished study of all kinds of contestants."""
    names = ("./my-checkpoint", "./my-checkpoint-lr", "mine.py:build", "gru")
    with pytest.MonkeyPatch.context() as patched:
        inprocess.patch(patched)
        patched.setenv("SEQLAB_CACHE", str(place / "cache"))
        patched.chdir(place)
        return Study(
            candidates=names,
            budget={"seeds": 2, "trials": 0, "epochs": 2, "params": 3000, "time": None},
            folder=place / "study",
            settings={"baselines": ("majority",), "workers": 1, "train": {"learning_rate": 1e-2}},
        ).fit(place / "reviews.csv")


NAMES = {"my-checkpoint", "my-checkpoint-lr", "mine-build", "gru", "majority"}


def test_all_are_judged_on_the_same_rows(study):
    board = study.leaderboard_.set_index("candidate")
    assert set(board.index) == NAMES
    assert not board["reason"].astype(str).str.contains("Error").any()
    assert board["mean"].notna().all()


def test_what_was_brought_is_counted_apart(study):
    board = study.leaderboard_.set_index("candidate")
    assert board.loc["my-checkpoint", "brought_params"] > 5000
    assert board.loc["my-checkpoint-lr", "brought_params"] > 5000
    assert board.loc["my-checkpoint-lr", "params"] < 100
    assert np.isnan(board.loc["mine-build", "brought_params"])
    assert np.isnan(board.loc["gru", "brought_params"])
    assert "Brought" in (study.folder_ / "report.html").read_text()


def test_the_data_card_says_how_each_reads(study):
    card = json.loads((study.folder_ / "data_card.json").read_text())
    readers = {reader["contestant"]: reader for reader in card["readers"]}
    assert set(readers) == {"my-checkpoint", "my-checkpoint-lr"}
    assert readers["my-checkpoint"]["rows_cut"]["train"] >= 0
    assert readers["my-checkpoint"]["window"] <= 64
    page = (study.folder_ / "report.html").read_text()
    assert all(note in page for reader in readers.values() for note in reader["notes"])


@pytest.mark.parametrize("name", ["my-checkpoint", "my-checkpoint-lr", "mine-build"])
def test_a_run_predicts_again_what_was_judged(study, place, name, tmp_path):
    from seqlab.runs import read_run
    from seqlab.study.best import write_best
    from seqlab.study.prepared_folder import load_prepared

    run = read_run(study.folder_ / "runs" / name / "verdict-0")
    prepared = study.folder_ / "prepared/fold0"
    best = write_best(tmp_path, run, prepared, "classify", {"metric": "accuracy"})
    test = load_prepared("classify", prepared).test
    predictor = load(best)
    shown = predictor.predict(test.frame[["text"]])
    wanted = np.asarray(test.frame["label"])
    # Right or wrong, row by row, is what the study stored of this run.
    np.testing.assert_array_equal(
        (shown["predicted"].to_numpy() == wanted).astype(float),
        run.statistics("accuracy")[:, 0],
    )


def test_the_folder_of_a_winner_needs_no_checkpoint(study, place, tmp_path):
    from seqlab.runs import read_run
    from seqlab.study.best import write_best

    for name in ("my-checkpoint", "my-checkpoint-lr"):
        run = read_run(study.folder_ / "runs" / name / "verdict-0")
        folder = tmp_path / name
        folder.mkdir()
        best = write_best(folder, run, study.folder_ / "prepared/fold0", "classify", {})
        (place / "my-checkpoint").rename(place / "away")
        try:
            texts = pd.DataFrame({"text": ["a great film", "a dull plot"]})
            assert len(load(best).predict(texts)) == 2
        finally:
            (place / "away").rename(place / "my-checkpoint")


def test_the_settings_that_were_tuned_are_its_own(study):
    result = json.loads((study.folder_ / "runs/my-checkpoint/verdict-0/result.json").read_text())
    train = result["settings"]["train"]
    assert train["schedule"] == "linear"
    assert train["warmup"] == 0.1
    assert result["settings"]["model"]["origin"]["window"] >= 4


def test_no_texts_is_a_mistake(study, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    assert run(["pipeline", str(study.folder_ / "best")]) != 0
    assert "no texts" in capsys.readouterr().err


@pytest.mark.slow
def test_words_are_tagged_in_a_study(tmp_path, in_process, monkeypatch):
    frame = pd.DataFrame(
        {
            "tokens": [["the", w, "film", str(n), "runs"] for n, w in enumerate(tiny.WORDS * 6)],
            "tags": [["O", "B-x", "O", "O", "O"] for _ in tiny.WORDS * 6],
        }
    )
    folder = tiny.bert(tmp_path / "checkpoint")
    study = Study(
        task="tag",
        candidates=[str(folder)],
        budget={"seeds": 2, "trials": 0, "epochs": 8, "time": None},
        folder=tmp_path / "study",
        settings={"baselines": ("frequent-tag",), "train": {"learning_rate": 1e-2}, "workers": 1},
    ).fit(frame)
    board = study.leaderboard_.set_index("candidate")
    assert board.loc["checkpoint", "mean"] > 0.9
    assert len(study.best_.predict(frame.head(3)[["tokens"]])) == 15

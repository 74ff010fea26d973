"""`monitor`: what changed since training, and the advice that follows from it."""

import json

import pandas as pd
import pytest

from seqlab.baselines.storage import save_baseline
from seqlab.baselines.tfidf_lr import TfidfLr
from seqlab.cli import run
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.runs import Run
from seqlab.study.best import write_best
from seqlab.study.prepared_folder import save_prepared
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.classify import Classify
from seqlab.workbench.monitoring import monitor
from tests.reviews import reviews


def frame(rows, seed):
    return pd.DataFrame(reviews(rows, seed), columns=["text", "label"])


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A study's folder with a winner that is right most of the time."""
    return made(tmp_path_factory.mktemp("monitored"), {})


def made(folder, facts):
    prepared = Classify.prepare(Sources(Table(frame(900, 0), "data")), DataSpec(), 0)[0]
    place = folder / "prepared" / "fold0"
    save_prepared(prepared, place, "digest")
    run_folder = folder / "runs" / "tfidf-lr"
    run_folder.mkdir(parents=True)
    save_baseline(TfidfLr().fit(prepared.task, prepared.train, prepared.valid, 0), run_folder)
    settings = {"model": None, "train": None}
    result = {"candidate": "tfidf-lr", "kind": "baseline", "settings": settings, "seed": 0}
    run_ = Run(run_folder, {**result, "valid": 0.9, "test": {"accuracy": 0.9}})
    write_best(folder, run_, place, "classify", facts)
    return folder


def test_data_like_those_of_the_study(study):
    found = monitor(study / "best", frame(300, 5))
    assert found.advice == "keep"
    assert found.drifted == []
    assert found.examples == 300
    assert {drift.feature for drift in found.drifts} == {
        *("length", "unknown tokens", "predicted class", "probability")
    }
    assert found.now.scores[0].value > 0.8
    assert monitor(study, frame(300, 5)).advice == "keep"  # the study's folder will do


def test_other_texts_without_labels(study):
    texts = [f"zebra quux {text} and much more of it" for text in frame(300, 6)["text"]]
    found = monitor(study / "best", pd.DataFrame({"text": texts}))
    assert found.advice == "label"
    assert {"length", "unknown tokens"} <= {drift.feature for drift in found.drifted}
    assert found.now is None
    assert found.reasons[-1].endswith("label some rows")


def test_other_shares_of_classes(study):
    new = frame(600, 7)
    new = new[new["label"] == "pos"]
    found = monitor(study / "best", new.drop(columns="label"))
    assert "predicted class" in {drift.feature for drift in found.drifted}


def test_labels_that_have_turned(study):
    new = frame(300, 8)
    new["label"] = new["label"].map({"neg": "pos", "pos": "neg"})
    found = monitor(study / "best", new)
    assert found.advice == "retrain"
    assert "is worse than" in found.reasons[0]


def test_labels_that_hold_though_texts_have_changed(study):
    new = frame(300, 9)
    new["text"] = "quux quux " + new["text"]
    found = monitor(study / "best", new)
    assert found.advice == "keep"
    assert found.drifted
    assert "is not clearly worse than" in found.reasons[0]


def test_few_labels_prove_nothing(study):
    new = frame(19, 10)
    new["label"] = new["label"].map({"neg": "pos", "pos": "neg"})
    found = monitor(study / "best", new)
    assert found.advice == "keep"
    assert "19 labelled examples are too few to judge by" in found.reasons


def test_of_what_was_trained_on_all_data_certainty_is_not_compared(tmp_path):
    folder = made(tmp_path, {"refit": True})
    found = monitor(folder / "best", frame(200, 11))
    assert "probability" not in {drift.feature for drift in found.drifts}
    assert "cannot be compared" in found.notes[0]
    turned = frame(200, 11)
    turned["label"] = turned["label"].map({"neg": "pos", "pos": "neg"})
    assert monitor(folder / "best", turned).advice == "retrain"  # than before, on the test part


def test_rows_that_cannot_be_read_are_not_watched(study):
    new = pd.DataFrame({"text": [*frame(60, 12)["text"], ["a", "list"]]}, dtype=object)
    assert monitor(study / "best", Table(new, "new")).drifts[0].counts[1] == 60


def test_a_folder_alone_has_nothing_to_compare_with(study, tmp_path):
    import shutil

    alone = shutil.copytree(study / "best", tmp_path / "elsewhere" / "best")
    with pytest.raises(UserError, match="prepared data are not beside it"):
        monitor(alone, frame(10, 0))


def test_the_command(study, tmp_path, capsys):
    frame(300, 5).to_csv(tmp_path / "new.csv", index=False)
    assert run(["monitor", str(study / "best"), str(tmp_path / "new.csv")]) == 0
    assert "Keep it: nothing says that it should be trained again." in capsys.readouterr().out
    assert run(["monitor", str(study / "best"), str(tmp_path / "new.csv"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["advice"] == "keep"
    assert told["drifts"][0]["drifted"] is False

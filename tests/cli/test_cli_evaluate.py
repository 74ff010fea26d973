"""`seqlab evaluate`, and what streams through `seqlab predict`: as a user sees them."""

import json

import pandas as pd
import pytest

from seqlab.data import pieces
from seqlab.runs import read_json
from seqlab.workbench.predictor import load
from tests.reviews import reviews


@pytest.fixture
def labelled(tmp_path):
    """Texts that no study has seen."""
    path = tmp_path / "labelled.csv"
    pd.DataFrame(reviews(90)[30:], columns=["text", "label"]).to_csv(path, index=False)
    return path


@pytest.fixture
def small_pieces(monkeypatch):
    """Files are cut after some rows."""
    monkeypatch.setitem(pieces.in_pieces.__kwdefaults__, "characters", 500)


def facts(done):
    assert done.status == 0, done.err
    return json.loads(done.out)


def scores(done):
    return {score["metric"]: score["value"] for score in facts(done)["scores"]}


def test_it_scores_what_predict_predicts(seqlab, finished, labelled):
    best = finished / "best"
    found = facts(seqlab("evaluate", best, labelled, "--json"))
    table = pd.read_csv(labelled)
    right = (load(best).predict(table)["predicted"] == table["label"]).mean()
    accuracy = next(score for score in found["scores"] if score["metric"] == "accuracy")
    assert accuracy["value"] == pytest.approx(right)
    assert accuracy["low"] < right < accuracy["high"]
    assert (found["examples"], found["units"], found["left_out"]) == (60, 60, 0)
    assert found["candidate"] == read_json(best / "best.json")["candidate"]


def test_the_tables_says_it_too(seqlab, finished, labelled):
    done = seqlab("evaluate", finished / "best", labelled)
    assert "on 60 examples" in done.out
    assert "accuracy" in done.out


def test_pieces_score_as_the_whole(seqlab, finished, labelled, small_pieces, monkeypatch):
    in_pieces = scores(seqlab("evaluate", finished / "best", labelled, "--json"))
    monkeypatch.undo()
    whole = scores(seqlab("evaluate", finished / "best", labelled, "--json"))
    assert in_pieces == pytest.approx(whole)


def test_rows_without_a_label_are_left_out_and_counted(seqlab, finished, labelled):
    frame = pd.read_csv(labelled)
    frame.loc[:9, "label"] = None
    frame.to_csv(labelled, index=False)
    found = facts(seqlab("evaluate", finished / "best", labelled, "--json"))
    assert (found["examples"], found["left_out"]) == (50, 10)
    assert "left out: 10 examples, no target" in seqlab("evaluate", finished / "best", labelled).out


def test_no_labels_at_all(seqlab, finished, labelled):
    pd.read_csv(labelled)[["text"]].to_csv(labelled, index=False)
    done = seqlab("evaluate", finished / "best", labelled)
    assert "nothing can be scored (left out: 60 examples, no target)" in done.error
    assert "seqlab predict" in done.hint


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "parquet"])
def test_predictions_are_written_piece_by_piece(
    seqlab, finished, labelled, small_pieces, tmp_path, ending
):
    output = tmp_path / f"out.{ending}"
    assert facts(seqlab("predict", finished / "best", labelled, "-o", output, "--json")) == {
        "rows": 60,
        "output": str(output),
    }
    read = {
        "csv": pd.read_csv,
        "tsv": lambda path: pd.read_csv(path, sep="\t"),
        "jsonl": lambda path: pd.read_json(path, lines=True),
        "parquet": pd.read_parquet,
    }[ending]
    wanted = load(finished / "best").predict(pd.read_csv(labelled))
    pd.testing.assert_frame_equal(read(output), wanted, check_dtype=False)


def test_predictions_stream_to_the_terminal(seqlab, finished, labelled, small_pieces):
    done = seqlab("predict", finished / "best", labelled)
    assert len(done.out.splitlines()) == 61
    assert sum(line.startswith("text,") for line in done.out.splitlines()) == 1


def test_a_failure_halfway_leaves_no_output(seqlab, finished, labelled, small_pieces, tmp_path):
    labelled.write_bytes(labelled.read_bytes() + b"g\xff,a\n")
    output = tmp_path / "out.csv"
    done = seqlab("predict", finished / "best", labelled, "-o", output)
    assert "is not UTF-8" in done.error
    assert sorted(path.name for path in tmp_path.iterdir()) == ["labelled.csv"]

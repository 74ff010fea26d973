"""`seqlab translate`: strings, files and stdin; and what it refuses in one line."""

import io
import json
import sys

import numpy as np
import pytest

from seqlab import registry
from seqlab.baselines.storage import save_baseline
from seqlab.data.table import Table
from seqlab.runs import write_json
from seqlab.specs import ModelSpec
from seqlab.study.building import build_model
from seqlab.study.stored_model import save_weights
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.translate import Translate
from seqlab.versions import FORMAT
from tests.translations import WORDS, frame


@pytest.fixture(scope="module")
def prepared():
    forward = [" ".join(WORDS[word] for word in text.split()) for text in frame()["src"]]
    table = Table(frame().assign(tgt=forward), "pairs.csv")
    options = {"source_tokens": "word", "target_tokens": "word"}
    return Translate.prepare(Sources(table), DataSpec(options=options), 0)[0]


def best(folder, prepared, candidate, kind, **card):
    folder.mkdir()
    (folder / "task").mkdir()
    prepared.task.save(folder / "task")
    write_json(
        folder / "best.json",
        {
            "format": FORMAT,
            "task": "translate",
            "candidate": candidate,
            "kind": kind,
            "model": {},
            **card,
        },
    )
    return folder


@pytest.fixture(scope="module")
def dictionary(prepared, tmp_path_factory):
    """A best/ folder of a baseline that knows every word."""
    folder = tmp_path_factory.mktemp("baseline") / "best"
    best(folder, prepared, "word-dictionary", "baseline")
    words = registry.load("baselines", "word-dictionary")()
    save_baseline(words.fit(prepared.task, prepared.train, prepared.valid, 0), folder)
    return folder


@pytest.fixture(scope="module")
def untrained(prepared, tmp_path_factory):
    """A best/ folder of a model."""
    spec = ModelSpec(mixer="gru", width=8)
    folder = tmp_path_factory.mktemp("model") / "best"
    best(folder, prepared, "gru", "model", model=spec.plain())
    save_weights(build_model(prepared.task, spec), folder)
    return folder


def test_a_string(dictionary, seqlab):
    done = seqlab("translate", dictionary, "red dog runs")
    assert (done.status, done.out, done.err) == (0, "rot Hund rennt\n", "")


def test_a_file_a_line_for_each_line(dictionary, seqlab, here):
    lines = ["old cat", "", "bird sings now", "strange bird"]
    (here / "new.txt").write_text("\n".join(lines), encoding="utf-8")
    done = seqlab("translate", dictionary, "new.txt")
    assert done.out == "alt Katze\n\nVogel singt jetzt\nstrange Vogel\n".replace("strange ", "� ")


def test_stdin(dictionary, seqlab, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("old cat\r\nhere\n"))
    assert seqlab("translate", dictionary).out == "alt Katze\nhier\n"


def test_json(dictionary, seqlab):
    found = json.loads(seqlab("translate", dictionary, "old cat", "--json").out)
    assert found == [{"source": "old cat", "predicted": "alt Katze"}]


def test_a_model_searches_with_a_beam(untrained, prepared, seqlab, here):
    sources = prepared.test.frame["source"].tolist()
    (here / "new.txt").write_text("\n".join(sources), encoding="utf-8")
    wide, one, same = (
        seqlab("translate", untrained, "new.txt", "--beam", beam).out.split("\n")
        for beam in (4, 1, 1)
    )
    assert len(wide) == len(one) == len(sources) + 1
    assert one == same
    assert one != wide
    greedy = seqlab("predict", untrained, "new.txt", "--json").out
    assert [row["predicted"] for row in json.loads(greedy)["predictions"]] == one[:-1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--beam", "0"], "--beam 0: expected 1 (greedy) or more"),
        (["--device", "tpu"], 'device "tpu"'),
    ],
)
def test_what_a_model_refuses(arguments, message, untrained, seqlab):
    assert message in seqlab("translate", untrained, "old cat", *arguments).error


def test_a_baseline_searches_no_beam(dictionary, seqlab):
    done = seqlab("translate", dictionary, "old cat", "--beam", 3)
    assert done.error == '"word-dictionary" is a baseline and searches no beam'


def test_a_file_that_is_not_text_is_refused(dictionary, seqlab, here):
    (here / "new.bin").write_bytes(np.arange(256, dtype=np.uint8).tobytes())
    assert seqlab("translate", dictionary, "new.bin").error.startswith('"new.bin" is not UTF-8')


def test_a_folder_without_a_model_is_refused(seqlab, here):
    assert seqlab("translate", "nowhere", "old cat").error == "nowhere: no such folder"

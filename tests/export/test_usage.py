"""What the READMEs of all tasks do with raw values is what seqlab does with them."""

import contextlib
import io
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from seqlab import registry
from seqlab.data.table import Table
from seqlab.export.write import Source, export_model
from seqlab.study.objective import predict_all
from seqlab.tasks.base import DataSpec, Sources
from seqlab.workbench.predictor import load
from tests.export.conftest import untrained

pytestmark = pytest.mark.slow


def exported(task, folder, recipe="gru", table=None, noise=0.05, spec=None, **options):
    """A folder of an untrained model, the model's task, the model, and the table."""
    kind = registry.load("tasks", task)
    table = kind.sample(120, 0) if table is None else table
    prepared = kind.prepare(Sources(table), spec or DataSpec(options=options), 0)[0]
    model = untrained(prepared.task, recipe, noise)
    card = {"candidate": recipe, "task": task}
    export_model(Source(prepared.task, model, card, prepared.test), folder)
    return prepared.task, model, table


def namespace_of(folder, monkeypatch):
    """What the README's listing defines, run where it says."""
    monkeypatch.chdir(folder)
    names = {}
    code = re.search(r"```python\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL)[1]
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(code, "README.md", "exec"), names)
    return names


def model_says(task, model, table):
    examples = task.encode(table)
    return task.present(predict_all(task, model, examples), examples)


@pytest.mark.parametrize("tokenizer", ["word", "bpe", "character"])
@pytest.mark.parametrize("options", [{}, {"documents": "head-tail"}])
def test_texts(tmp_path, monkeypatch, tokenizer, options):
    kind = registry.load("tasks", "classify")
    table = kind.sample(120, 0)
    spec = DataSpec(tokenizer=tokenizer, vocabulary=300, max_tokens=4, options=options)
    prepared = kind.prepare(Sources(table), spec, 0)[0]
    model = untrained(prepared.task, "gru")
    card = {"candidate": "gru", "task": "classify"}
    export_model(Source(prepared.task, model, card, prepared.test), tmp_path / "m")
    texts = [*table.frame["text"], "", "   ", "<pad> <unk>", "Ünseen wörds 🦊"]
    says = model_says(prepared.task, model, Table(pd.DataFrame({"text": texts}), "new"))
    answers = namespace_of(tmp_path / "m", monkeypatch)["predict"](texts)
    assert [label for label, _ in answers] == says["predicted"].tolist()
    assert np.abs([p for _, p in answers] - says["probability"].astype(float)).max() < 1e-6


def test_pairs_of_texts(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    words = ["red", "green", "blue", "one", "two", "three", "four", "five"]
    pairs = [
        (" ".join(rng.choice(words, rng.integers(1, 9))), " ".join(rng.choice(words, 3)))
        for _ in range(120)
    ]
    labels = ["same" if a.split()[0] in b else "other" for a, b in pairs]
    frame = pd.DataFrame(pairs, columns=["text", "text2"]).assign(label=labels)
    table = Table(frame, "pairs")
    spec = DataSpec(max_tokens=6)
    task, model, _ = exported("classify", tmp_path / "m", table=table, spec=spec)
    answers = namespace_of(tmp_path / "m", monkeypatch)["predict"](pairs)
    assert [label for label, _ in answers] == model_says(task, model, table)["predicted"].tolist()


def test_several_labels(tmp_path, monkeypatch):
    table = registry.load("tasks", "classify").sample(120, 0)
    table.frame["label"] = [
        f"{label}|{'even' if n % 2 else 'odd'}" for n, label in enumerate(table.frame["label"])
    ]
    task, model, _ = exported(
        "classify", tmp_path / "m", table=table, labels="several", delimiter="|"
    )
    answers = namespace_of(tmp_path / "m", monkeypatch)["predict"](table.frame["text"].tolist())
    wanted = model_says(task, model, table)["predicted"].tolist()
    assert [" | ".join(labels) for labels in answers] == wanted


@pytest.mark.parametrize(
    "options", [{}, {"average": 3}, {"patch": 4}, {"scale": "each"}, {"missing": "mask"}]
)
@pytest.mark.parametrize("unequal", [False, True])
def test_series(tmp_path, monkeypatch, options, unequal):
    table = registry.load("tasks", "series").sample(120, 0)
    column = next(name for name in table.frame if np.ndim(table.frame[name].iloc[0]) > 0)
    rng = np.random.default_rng(0)
    cells = [np.array(cell, dtype=float) for cell in table.frame[column]]
    for cell in cells:
        cell[rng.random(cell.shape) < 0.05] = np.nan
    if unequal:
        cells = [cell[: len(cell) - n % 5] for n, cell in enumerate(cells)]
    for row, cell in enumerate(cells):
        table.frame.at[row, column] = cell
    task, model, _ = exported("series", tmp_path / "m", table=table, **options)
    answers = namespace_of(tmp_path / "m", monkeypatch)["predict"](cells)
    says = model_says(task, model, table)
    assert [label for label, _ in answers] == says["predicted"].tolist()
    assert np.abs([p for _, p in answers] - says["probability"].astype(float)).max() < 1e-5


@pytest.mark.parametrize("positions", ["rows", "pixels", "patches"])
def test_images(tmp_path, monkeypatch, positions):
    task, model, table = exported("images", tmp_path / "m", positions=positions)
    images = np.stack(table.frame[task.reader.columns["image"]].tolist())
    answers = namespace_of(tmp_path / "m", monkeypatch)["predict"](images)
    assert [label for label, _ in answers] == model_says(task, model, table)["predicted"].tolist()


def test_numbers(tmp_path, monkeypatch):
    task, model, table = exported("regress", tmp_path / "m")
    texts = table.frame[task.reader.columns["text"]].tolist()
    answers = namespace_of(tmp_path / "m", monkeypatch)["predict"](texts)
    examples = task.encode(table)
    assert np.allclose(answers, predict_all(task, model, examples), atol=1e-4)


@pytest.mark.parametrize("options", [{}, {"crf": True}, {"spelling": "none"}])
def test_tags(tmp_path, monkeypatch, options):
    task, model, _ = exported("tag", tmp_path / "m", "bigru", noise=0.5, **options)
    sentences = [["Please", "from", "Bonn", "St.12", "unSEEN"], ["to", "Ulm"]]
    answers = namespace_of(tmp_path / "m", monkeypatch)["predict"](sentences)
    frame = pd.DataFrame({"tokens": sentences, "tags": [["O"] * len(s) for s in sentences]})
    examples = task.encode(Table(frame, "new"))
    wanted = task.names(predict_all(task, model, examples))
    assert [row[: len(s)] for row, s in zip(answers, sentences, strict=True)] == wanted
    assert len({tag for tags in wanted for tag in tags}) > 1


def test_recordings(tmp_path, monkeypatch):
    task, model, table = exported("transcribe", tmp_path / "m", "bigru")
    recordings = [np.asarray(cell) for cell in table.frame["series"]]
    answers = namespace_of(tmp_path / "m", monkeypatch)["predict"](recordings)
    wanted = task.texts(predict_all(task, model, task.encode(table)))
    assert answers == wanted
    assert len(set(wanted)) > 1


@pytest.mark.parametrize("task", ["forecast", "span", "language"])
def test_arrays_where_reading_is_seqlab_s(tmp_path, monkeypatch, task):
    exported(task, tmp_path / "m")
    wanted = dict(np.load(tmp_path / "m" / "example_output.npz"))
    names = namespace_of(tmp_path / "m", monkeypatch)
    answers = names["predict"](np.load("example_input.npz"))
    assert all(np.allclose(a, w, atol=1e-4) for a, w in zip(answers, wanted.values(), strict=True))


@pytest.mark.parametrize(
    "task",
    [
        "classify",
        "regress",
        "series",
        "images",
        "tag",
        "transcribe",
        "span",
        "language",
        "forecast",
    ],
)
def test_folders_of_every_task_predict_as_their_models(tmp_path, task):
    fitted, model, table = exported(task, tmp_path / "m", "gru")
    examples = fitted.encode(table)
    wanted, got = predict_all(fitted, model, examples), load(tmp_path / "m").raw(examples)
    wanted, got = (getattr(one, "values", one) for one in (wanted, got))
    scale = max(1.0, float(np.abs(wanted).max()))
    assert np.abs(wanted - got).max() / scale < 1e-5


def test_the_sensor_of_the_documents_says_what_the_model_says(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    labels = [("low", "high")[n % 2] for n in range(120)]
    cells = [
        rng.normal(2.0 * (label == "high"), 3.0, (12 + n % 3, 2)) for n, label in enumerate(labels)
    ]
    table = registry.load("tasks", "series").sample(120, 0)
    column = next(name for name in table.frame if np.ndim(table.frame[name].iloc[0]) > 0)
    table.frame["label"] = labels
    for row, cell in enumerate(cells):
        table.frame.at[row, column] = cell
    kind = registry.load("tasks", "series")
    prepared = kind.prepare(Sources(table), DataSpec(options={"patch": 1}), 0)[0]
    model = untrained(prepared.task, "gru", noise=0.3)
    source = Source(prepared.task, model, {"candidate": "gru", "task": "series"}, prepared.test)
    export_model(source, tmp_path / "m", step=True)
    page = (Path(__file__).parents[2] / "docs" / "export.md").read_text()
    monkeypatch.chdir(tmp_path / "m")
    names = {}
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(
            compile(re.search(r"```python\n(.*?)```", page, re.DOTALL)[1], "export.md", "exec"),
            names,
        )
    assert len(printed.getvalue().split()) == 10
    says = model_says(prepared.task, model, table)["predicted"].tolist()
    answers = []
    for cell in cells:
        sensor = names["Sensor"]()
        answers.append([sensor.read(values) for values in cell][-1])
    assert answers == says
    assert len(set(says)) == 2

"""What the report shows of each task: known predictions in, the right numbers in its HTML."""

from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest

from seqlab import registry
from seqlab.data.examples import Ragged
from seqlab.data.sources import read_table
from seqlab.runs import Job, write_json, write_run
from seqlab.specs import ModelSpec
from seqlab.study.building import build_model
from seqlab.tasks.base import DataSpec, Sources
from seqlab.versions import FORMAT
from tests.report.golden import job_result
from tests.report.reading import read_report
from tests.reviews import reviews
from tests.tasks.forecast_data import hourly
from tests.tasks.language_data import prose
from tests.tasks.span_data import people
from tests.tasks.tag_data import orders
from tests.tones import recordings
from tests.translations import frame as translations


def prepare(task, frame, **settings):
    sources = Sources(read_table(frame))
    return registry.load("tasks", task).prepare(sources, DataSpec(**settings), 0)[0]


@pytest.fixture
def shown(tmp_path):
    """The report of contestants that left such exhibits."""

    def write(**exhibits):
        for name, made in exhibits.items():
            job = Job(name, "model", "verdict", 0)
            parts = {"exhibits": [asdict(exhibit) for exhibit in made]}
            write_run(tmp_path / "runs" / job.folder, job_result(job, 0, 0.5), parts)
        settings = {"name": "tiny", "metric": "score", "candidates": list(exhibits)}
        write_json(
            tmp_path / "study.json",
            {"format": FORMAT, **settings, "seqlab_version": "", "created": "", "command": ""},
        )
        return read_report(tmp_path)

    return write


def probabilities(labels, classes, sure=0.9):
    """The given class with such a probability, the others alike."""
    rest = (1 - sure) / (classes - 1)
    return np.where(np.arange(classes) == np.asarray(labels)[:, None], sure, rest)


def test_classification(shown):
    prepared = prepare("classify", pd.DataFrame(reviews(200), columns=["text", "label"]))
    task, test = prepared.task, prepared.test
    labels = np.asarray(test.arrays["label"])
    right, one = probabilities(labels, 2), probabilities(np.zeros_like(labels), 2)
    report = shown(good=task.exhibits(right, test), bad=task.exhibits(one, test))
    n = int((labels == 0).sum())
    assert report.table("class") == [
        ["neg", str(n), "0.000", "0.000"],
        ["pos", str(n), "0.000", "1.000"],
    ]
    assert "By contestant: share wrong." in report.text
    matrices = [rows for rows in report.tables if rows[0] == ["", "neg", "pos"]]
    assert [rows[1:] for rows in matrices] == [
        [["neg", str(n), ""], ["pos", "", str(n)]],
        [["neg", str(n), ""], ["pos", str(n), ""]],
    ]
    (reliability,) = report.plots("probability of the prediction")
    _, good, bad = reliability["data"]
    assert (good["x"], good["y"], good["customdata"]) == ([pytest.approx(0.9)], [1.0], [2 * n])
    assert bad["y"] == [0.5]
    assert "given: pos good: pos (0.900) bad: neg (0.100)" in report.text


def test_several_labels(shown):
    texts = [text for text, _ in reviews(120)]
    labels = [["a", "b"] if n % 2 else ["a"] for n in range(120)]
    prepared = prepare("classify", pd.DataFrame({"text": texts, "label": labels}))
    true = np.asarray(prepared.test.arrays["label"])  # (n, 2)
    only = np.tile([0.9, 0.1], (len(true), 1))
    made = prepared.task.exhibits(only, prepared.test)
    report = shown(one=made, other=prepared.task.exhibits(true * 0.8 + 0.1, prepared.test))
    n, held = len(true), int(true[:, 1].sum())
    heads = ["predicted", "precision", "recall"]
    (rows,) = (rows for rows in report.tables if rows[0] == ["label", "test examples", *heads])
    assert [cell.strip() for cell in rows[1]] == ["one", "other"] * 3
    assert rows[2] == ["a", str(n), str(n), str(n), "1.000", "1.000", "1.000", "1.000"]
    assert rows[3] == ["b", str(held), "0", str(held), "–", "1.000", "0.000", "1.000"]


def test_regression(shown):
    frame = pd.DataFrame(
        {"text": [text for text, _ in reviews(120)], "target": np.arange(120) / 7 - 3}
    )
    prepared = prepare("regress", frame)
    wanted = np.asarray(prepared.test.arrays["target"], dtype=float)
    report = shown(gru=prepared.task.exhibits(wanted + 1.5, prepared.test))
    (cloud,) = (f for f in report.plots("true target") if len(f["data"]) == 2)
    assert cloud["data"][1]["x"] == pytest.approx(wanted[:, 0].tolist())
    assert cloud["data"][1]["y"] == pytest.approx((wanted[:, 0] + 1.5).tolist())
    (residuals,) = report.plots("average of true − predicted")
    assert residuals["data"][0]["y"] == pytest.approx([-1.5] * len(residuals["data"][0]["y"]))
    lowest = f"{wanted.min():.4g}".replace("-", "−")
    assert f"given: {lowest} gru: " in report.text


def test_tagging(shown):
    prepared = prepare("tag", pd.DataFrame(orders(80)))
    task, test = prepared.task, prepared.test
    number = {name: n for n, name in enumerate(task.classes)}
    tags = [number[tag] for row in test.frame["tags"] for tag in row]
    offsets = np.concatenate(([0], np.cumsum([len(row) for row in test.frame["tags"]])))
    right = Ragged(np.stack([tags, np.full(len(tags), 0.9)], axis=1), offsets)
    none = Ragged(np.stack([np.full(len(tags), number["O"]), np.full(len(tags), 0.9)], 1), offsets)
    report = shown(good=task.exhibits(right, test), bad=task.exhibits(none, test))
    heads = ["span", "in test", "precision", "recall", "F1"]
    (rows,) = (rows for rows in report.tables if rows[0] == heads)
    n = str(len(test))
    assert rows[2:] == [
        [name, n, "1.000", "0.000", "1.000", "0.000", "1.000", "0.000"]
        for name in ("goal", "start")
    ]
    marks = [tag for tag, _ in report.elements if tag == "mark"]
    assert len(marks) > 2 * 5 * 2
    assert "all tags right" in report.text
    assert "2 of " in report.text


def test_series(shown):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 30)) + np.repeat([[0.0], [3.0]], 30, axis=0)
    frame = pd.DataFrame({"series": list(x[:, :, None]), "label": ["low"] * 30 + ["high"] * 30})
    prepared = prepare("series", frame)
    task, test = prepared.task, prepared.test
    labels = np.asarray(test.arrays["label"])
    wrong = probabilities(1 - labels, 2, 0.75)
    report = shown(gru=task.exhibits(wrong, test))
    drawings = report.plots("step")
    assert len(drawings) == min(len(labels), 8)
    for drawing in drawings:
        (curve,) = drawing["data"]
        assert (len(curve["y"]), curve["x"][0], curve["line"]["width"]) == (30, 1, 1.5)
    assert 'class "low"' in report.text
    assert "gru: high (0.75)" in report.text
    (lines,) = {
        len(attributes["points"].split())
        for tag, attributes in report.elements
        if tag == "polyline"
    }
    assert lines == 30


def test_forecasts(shown):
    settings = {"horizon": 4, "lookback": 24, "options": {"intervals": "80"}}
    prepared = prepare("forecast", hourly(300), **settings)
    task, test = prepared.task, prepared.test
    truth = task.truth(test)  # (windows, horizon, 1)
    sure = truth[..., None] + 0.5 + np.array([-1.0, 0.0, 1.0])
    report = shown(gru=task.exhibits(sure, test))
    (row,) = report.table("target")
    assert row[:2] == ["c0", "0.500"]
    assert [row[0] for row in report.table("steps ahead")] == ["1", "2", "3", "4"]
    (covered,) = report.plots("coverage")
    assert covered["data"][0]["y"] == [1.0] * 4
    drawn = [f for f in report.figures.values() if any(t.get("fill") for t in f["data"])]
    assert drawn
    history, came, band, line = drawn[0]["data"]
    assert len(came["y"]) == len(line["y"]) == 4
    assert np.subtract(line["y"], came["y"]) == pytest.approx([0.5] * 4)
    assert len(band["y"]) == 8
    assert history["name"] == "history"


def test_language(shown):
    prepared = prepare("language", pd.DataFrame({"text": [prose(1500)]}))
    task, test = prepared.task, prepared.test
    counting = registry.load("baselines", "kneser-ney")()
    counting = counting.fit(task, prepared.train, prepared.valid, 0)
    counted = counting.predict(task, test)
    bit = Ragged(np.full_like(counted.values, np.log(2)), counted.offsets)
    model = build_model(task, ModelSpec(mixer="gru", width=8))
    report = shown(
        gru=[*task.exhibits(bit, test), *task.model_exhibits(model, test)],
        kneser=[*task.exhibits(counted, test), *counting.exhibits(task, test)],
    )
    kinds = {row[0]: row[2:] for row in report.table("kind")}
    assert {values[0] for values in kinds.values()} == {"1.00"}
    assert "What it writes" in report.text
    samples = [
        attributes for tag, attributes in report.elements if attributes.get("class") == "samples"
    ]
    assert len(samples) == 2


def test_translations(shown):
    words = {"source_tokens": "word", "target_tokens": "word"}
    prepared = prepare("translate", translations(120), options=words)
    task, test = prepared.task, prepared.test
    right = Ragged.of(task.target.vocabulary.encode(test.frame["target"].tolist()))
    model = build_model(task, ModelSpec(mixer="attention", width=8))
    report = shown(
        good=[*task.exhibits(right, test), *task.model_exhibits(model, test)],
        still=task.exhibits(Ragged(right.values[:0], 0 * right.offsets), test),
    )
    target = test.frame["target"].iloc[0]
    assert f"given: {target} good: {target} (0) still: nothing (1.00)" in report.text
    (curve,) = report.plots("tokens in the source")
    assert set(curve["data"][0]["y"]) == {0.0}
    read = [rows for rows in report.tables if rows[-1][0] == "(end)"]
    assert len(read) == 3
    for rows in read:
        weights = [[int(cell or 0) for cell in row[1:]] for row in rows[1:]]
        assert all(abs(sum(row) - 100) <= len(row) / 2 for row in weights)
        assert set(rows[0][1:]) <= {word for text in test.frame["source"] for word in text.split()}


def test_spans(shown):
    rows = people(120)
    frame = pd.DataFrame(rows, columns=["context", "question", "answer", "start"])
    prepared = prepare("span", frame)
    task, test = prepared.task, prepared.test
    given = np.asarray(test.arrays["answer"], dtype=float)  # (n, 2)
    right = np.column_stack([given, np.full(len(given), 0.8)])
    report = shown(gru=task.exhibits(right, test))
    assert {tuple(row[2:]) for row in report.table("question begins with")} == {("1.000", "1.000")}
    assert str(test.frame["question"].iloc[0]) in report.text
    assert "F1 1.00" in report.text
    assert all("wrong" not in (a.get("class") or "") for tag, a in report.elements if tag == "mark")


def test_images(shown):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 100, (40, 4, 4)) + np.repeat([0, 100], 20)[:, None, None]
    frame = pd.DataFrame(
        {"image": list(pixels.astype(np.uint8)), "label": ["dark"] * 20 + ["light"] * 20}
    )
    prepared = prepare("images", frame)
    labels = np.asarray(prepared.test.arrays["label"])
    report = shown(gru=prepared.task.exhibits(probabilities(labels, 2), prepared.test))
    images = [attributes for tag, attributes in report.elements if tag == "img"]
    assert len(images) == len(labels)
    assert {image["alt"] for image in images} == {"image of dark", "image of light"}
    assert report.text.count("gru: dark (0.900)") == (labels == 0).sum()


def test_transcriptions(shown):
    x, words = recordings(60)
    series = pd.Series(x, dtype=object)
    prepared = prepare("transcribe", pd.DataFrame({"series": series, "text": words}))
    task, test = prepared.task, prepared.test
    given = task.target.vocabulary.encode(test.frame["target"].tolist())
    report = shown(gru=task.exhibits(Ragged.of(given), test))
    target = test.frame["target"].iloc[0]
    assert f"given: {target} gru: {target} (0)" in report.text
    (curve,) = report.plots("steps in the recording")
    assert set(curve["data"][0]["y"]) == {0.0}

"""Data in every form, through inspection and plan: the same rows, the same task."""

import gzip
import json
import lzma
import zipfile

import numpy as np
import pandas as pd
import pytest

from seqlab.workbench.inspecting import inspect
from seqlab.workbench.study import Study
from tests.reviews import reviews

PAIRS = reviews(60)
FRAME = pd.DataFrame(PAIRS, columns=["text", "label"])
CSV = FRAME.to_csv(index=False)
TSV = FRAME.to_csv(index=False, sep="\t")
BARE = FRAME.to_csv(index=False, header=False)
JSONL = FRAME.to_json(orient="records", lines=True)


def write_zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inner.csv", CSV)


def write_folder(path):
    path.mkdir()
    for label, rows in FRAME.groupby("label"):
        (path / f"{label}.txt").write_text("\n".join(rows["text"]) + "\n")


def write_parts(path):
    path.mkdir()
    for name, rows in (("train", PAIRS[:40]), ("dev", PAIRS[40:50]), ("test", PAIRS[50:])):
        pd.DataFrame(rows, columns=["text", "label"]).to_csv(path / f"{name}.csv", index=False)


FORMS = {
    "data.csv": lambda path: path.write_text(CSV),
    "data.tsv": lambda path: path.write_text(TSV),
    "tabs.csv": lambda path: path.write_text(TSV),
    "semicolons.csv": lambda path: path.write_text(CSV.replace(",", ";")),
    "bare.csv": lambda path: path.write_text(BARE),
    "bare.tsv": lambda path: path.write_text(BARE.replace(",", "\t")),
    "data.jsonl": lambda path: path.write_text(JSONL),
    "data.json": lambda path: path.write_text(FRAME.to_json(orient="records")),
    "data.parquet": FRAME.to_parquet,
    "data.csv.xz": lambda path: path.write_bytes(lzma.compress(CSV.encode())),
    "data.csv.gz": lambda path: path.write_bytes(gzip.compress(CSV.encode())),
    "data.jsonl.gz": lambda path: path.write_bytes(gzip.compress(JSONL.encode())),
    "data.zip": write_zip,
    "classes": write_folder,
    "parts": write_parts,
    "marked.csv": lambda path: path.write_bytes(b"\xef\xbb\xbf" + CSV.encode()),
    "windows.csv": lambda path: path.write_bytes(CSV.replace("\n", "\r\n").encode()),
}
PLAN = ["--candidates", "rnn", "--baselines", "none", "--params", "3k", "--dry-run", "--json"]


@pytest.mark.parametrize("name", FORMS)
def test_texts_in_every_format(name, seqlab, here):
    FORMS[name](here / name)
    done = seqlab("compare", name, *PLAN)
    assert (done.status, done.err) == (0, "")
    plan = json.loads(done.out)
    assert (plan["task"], sum(plan["parts"].values())) == ("classify", 60)
    assert [path.name for path in here.iterdir()] == [name], "a dry run writes nothing"


@pytest.mark.parametrize("name", ["data.csv", "bare.tsv", "data.jsonl.gz", "classes", "parts"])
def test_inspection_in_every_format(name, seqlab, here):
    FORMS[name](here / name)
    found = json.loads(seqlab("inspect", name, "--json").out)
    assert (found["task"], found["rows"]) == ("classify", 60)
    assert any("2 classes" in finding["title"] for finding in found["findings"])
    assert found["plan"]["contestants"]


def test_every_format_is_the_same_data(here):
    """Equal content makes equal splits, however it was stored."""
    fingerprints = set()
    for name in ("data.csv", "data.tsv", "data.jsonl", "data.parquet", "data.zip"):
        FORMS[name](here / name)
        fingerprints.add(inspect(here / name).sources.train.fingerprint)
    assert len(fingerprints) == 1


class Feature:
    names = ("neg", "pos")


class HuggingFace:
    """What a `datasets.Dataset` offers to read it."""

    features = {"text": None, "label": Feature()}  # noqa: RUF012

    def to_pandas(self):
        return FRAME.assign(label=(FRAME["label"] == "pos").astype(int))


@pytest.mark.parametrize("source", ["frame", "hugging face", "by split"])
def test_data_in_memory(source):
    budget = {"params": 3000, "seeds": 2}
    study = Study(candidates=["rnn"], budget=budget, settings={"baselines": ()})
    data = {
        "frame": FRAME,
        "hugging face": HuggingFace(),
        "by split": {"train": FRAME[:50], "test": FRAME[50:]},
    }[source]
    plan = study.plan(data)
    assert plan.spec.task == "classify"
    assert sum(plan.parts.values()) == 60
    if source == "by split":
        assert plan.parts["test"] == 10


RNG = np.random.default_rng(0)
DAYS = pd.date_range("2023-01-01", periods=150)
LONG = pd.DataFrame(
    {
        "unique_id": ["a"] * 150 + ["b"] * 150,
        "ds": [*DAYS, *DAYS],
        "y": RNG.normal(size=300).round(3),
    }
)
WIDE = pd.DataFrame({"date": DAYS, "load": RNG.normal(size=150), "heat": RNG.normal(size=150)})
SERIES = {
    "long.csv": lambda path: LONG.to_csv(path, index=False),
    "long.parquet": LONG.to_parquet,
    "long.jsonl": lambda path: LONG.to_json(path, orient="records", lines=True, date_format="iso"),
    "aliases.csv": lambda path: LONG.set_axis(["item_id", "timestamp", "target"], axis=1).to_csv(
        path, index=False
    ),
    "wide.csv": lambda path: WIDE.to_csv(path, index=False),
    "wide.csv.gz": lambda path: WIDE.to_csv(path, index=False),
    "numbers.txt": lambda path: path.write_text("\n".join(map(str, WIDE["load"]))),
}


@pytest.mark.parametrize("name", SERIES)
def test_series_in_every_format(name, seqlab, here):
    SERIES[name](here / name)
    done = seqlab("compare", name, *PLAN, "--horizon", "7")
    assert (done.status, done.err) == (0, "")
    assert json.loads(done.out)["task"] == "forecast"


def test_roles_of_columns_decide_the_task(seqlab, here):
    frame = FRAME.assign(other="and " + FRAME["text"].str[::-1])
    frame.to_csv(here / "data.csv", index=False)
    chosen = ["--columns", "text=other,label=label"]
    done = seqlab("compare", "data.csv", *chosen, *PLAN)
    assert json.loads(done.out)["task"] == "classify"


def test_group_beside_named_columns(seqlab, here):
    FRAME.assign(user=[i % 20 for i in range(60)]).to_csv(here / "data.csv", index=False)
    done = seqlab("compare", "data.csv", "--columns", "text,label", "--group", "user", *PLAN)
    assert (done.status, done.err) == (0, "")


def test_given_parts_beside_named_columns(seqlab, here):
    parts = ["train"] * 40 + ["valid"] * 10 + ["test"] * 10
    FRAME.assign(split=parts).to_csv(here / "data.csv", index=False)
    for named in ([], ["--columns", "text,label"]):
        plan = json.loads(seqlab("compare", "data.csv", *named, *PLAN).out)
        assert plan["parts"] == {"train": 40, "valid": 10, "test": 10}

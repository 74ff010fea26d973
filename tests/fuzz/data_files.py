"""Small valid data of every format that is read: what the fuzzer damages."""

import bz2
import gzip
import io
import json
import lzma
import zipfile
from datetime import date, timedelta

import numpy as np
import pandas as pd

from tests.reviews import reviews
from tests.tones import recordings
from tests.translations import sentences

ROWS = 30


def write_all(folder):
    """A file or folder of each kind; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    for write in (
        _tables,
        _compressed,
        _parquet,
        _arrays,
        _lines,
        _spoken,
        _squad,
        _folders,
        _images,
    ):
        write(folder)
    return sorted(folder.iterdir())


def _frame():
    return pd.DataFrame(reviews(ROWS), columns=["text", "label"])


def _series_frame():
    moments = [date(2020, 1, 1) + timedelta(days=i) for i in range(90)]
    values = np.sin(np.arange(90) / 3).round(3)
    return pd.DataFrame({"date": moments, "value": values, "other": np.arange(90)})


def _tables(folder):
    frame, series = _frame(), _series_frame()
    frame.to_csv(folder / "texts.csv", index=False)
    frame.assign(text=[f'"{t}", so ""they"" say' for t in frame.text]).to_csv(
        folder / "quoted.tsv", index=False, sep="\t"
    )
    frame.assign(label=[n * 37 % 101 / 7 for n in range(ROWS)]).to_csv(
        folder / "numbers.csv", index=False
    )
    series.to_csv(folder / "series.csv", index=False)
    panel = pd.concat([series.assign(id=name) for name in ("a", "b")])
    panel.to_csv(folder / "panel.csv", index=False)
    series.assign(date=[d.strftime("%d.%m.%Y") for d in series.date]).to_csv(
        folder / "day_first.csv", index=False, sep=";", decimal=","
    )
    wide = pd.DataFrame(np.arange(120).reshape(3, 40), columns=range(1980, 2020))
    wide.insert(0, "name", ["x", "y", "z"])
    wide.to_csv(folder / "wide.csv", index=False)
    pd.DataFrame(sentences(ROWS), columns=["en", "de"]).to_csv(folder / "pairs.csv", index=False)
    frame.to_json(folder / "texts.jsonl", orient="records", lines=True)
    frame.to_json(folder / "texts.json", orient="records")
    tagged = [{"tokens": t.split(), "ner_tags": ["O"] * len(t.split())} for t in frame.text]
    tagged[0]["ner_tags"][0] = "B-PER"
    lines = "\n".join(json.dumps(row) for row in tagged)
    (folder / "tagged.jsonl").write_text(lines, encoding="utf-8")
    several = [{"text": t, "labels": ["a", "b"][: n % 3]} for n, t in enumerate(frame.text)]
    lines = "\n".join(json.dumps(row) for row in several)
    (folder / "several.jsonl").write_text(lines, encoding="utf-8")


def _compressed(folder):
    content = _frame().to_csv(index=False).encode()
    (folder / "texts.csv.gz").write_bytes(gzip.compress(content))
    (folder / "texts.csv.bz2").write_bytes(bz2.compress(content))
    (folder / "texts.csv.xz").write_bytes(lzma.compress(content))
    with zipfile.ZipFile(folder / "texts.csv.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("texts.csv", content)


def _parquet(folder):
    frame = _frame()
    frame.to_parquet(folder / "texts.parquet")
    _series_frame().to_parquet(folder / "series.parquet")
    lists = frame.assign(tokens=[t.split() for t in frame.text])
    lists["tags"] = [[i % 2 for i, _ in enumerate(tokens)] for tokens in lists.tokens]
    lists[["tokens", "tags"]].to_parquet(folder / "lists.parquet")


def _arrays(folder):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(ROWS, 12, 2)).astype(np.float32)
    y = np.arange(ROWS) % 2
    np.savez(folder / "series.npz", X=x, y=y)
    np.savez_compressed(folder / "images.npz", x_train=(x[:, :, 0] * 9).astype(np.uint8), y_train=y)
    np.save(folder / "walk.npy", rng.normal(size=200).cumsum())
    (folder / "npy").mkdir(exist_ok=True)
    np.save(folder / "npy" / "X.npy", x)
    np.save(folder / "npy" / "y.npy", y)


def _lines(folder):
    frame = _frame()
    text = " ".join(frame.text) * 4
    (folder / "running.txt").write_text(text, encoding="utf-8")
    fast = "\n".join(f"__label__{row.label} {row.text}" for row in frame.itertuples())
    (folder / "fasttext.txt").write_text(fast, encoding="utf-8")
    sentence = "Anna NNP B-PER\nsees VBZ O\nRome NNP B-LOC\n. . O\n"
    (folder / "tagged.conll").write_text("\n".join([sentence] * ROWS), encoding="utf-8")
    universal = "# text = Anna sees\n1\tAnna\tAnna\tPROPN\tNNP\t_\t2\tnsubj\t_\t_\n"
    universal += "2\tsees\tsee\tVERB\tVBZ\t_\t0\troot\t_\t_\n"
    (folder / "tagged.conllu").write_text("\n".join([universal] * ROWS), encoding="utf-8")
    head = "@problemName walk\n@timeStamps false\n@univariate false\n@classLabel true a b\n@data\n"
    rows = [f"1.5,{n},2,?,4:0,1,2,3,{n}:{'ab'[n % 2]}" for n in range(ROWS)]
    (folder / "series.ts").write_text(head + "\n".join(rows) + "\n", encoding="utf-8")


def _spoken(folder):
    frames, words = recordings(ROWS)
    rows = [{"series": x.round(2).tolist(), "text": w} for x, w in zip(frames, words, strict=True)]
    text = "\n".join(map(json.dumps, rows))
    (folder / "spoken.jsonl").write_text(text, encoding="utf-8")


def _squad(folder):
    context = "Rome is the capital of Italy. It is old."
    questions = [
        {
            "id": str(n),
            "question": f"What is the capital number {n}?",
            "answers": [{"text": "Rome", "answer_start": 0}],
        }
        for n in range(ROWS)
    ]
    data = [{"title": "Rome", "paragraphs": [{"context": context, "qas": questions}]}]
    text = json.dumps({"version": "1.1", "data": data})
    (folder / "questions.json").write_text(text, encoding="utf-8")


def _folders(folder):
    pairs, frame = sentences(ROWS), _frame()
    for name in ("parallel", "tags", "classes"):
        (folder / name).mkdir(exist_ok=True)
    for number, ending in enumerate(("en", "de")):
        lines = "\n".join(pair[number] for pair in pairs)
        (folder / "parallel" / f"train.{ending}").write_text(lines + "\n", encoding="utf-8")
    tags = "\n".join(" ".join("O" for _ in text.split()) for text in frame.text)
    (folder / "tags" / "seq.in").write_text("\n".join(frame.text) + "\n", encoding="utf-8")
    (folder / "tags" / "seq.out").write_text(tags + "\n", encoding="utf-8")
    for label, rows in frame.groupby("label"):
        lines = "\n".join(rows.text) + "\n"
        (folder / "classes" / f"{label}.txt").write_text(lines, encoding="utf-8")


def _images(folder):
    from PIL import Image

    rng = np.random.default_rng(0)
    for label, ending in (("dark", "png"), ("light", "jpg")):
        (folder / "pictures" / label).mkdir(parents=True, exist_ok=True)
        for number in range(6):
            pixels = rng.integers(0, 255, (8, 8), dtype=np.uint8)
            content = io.BytesIO()
            Image.fromarray(pixels).save(content, "JPEG" if ending == "jpg" else "PNG")
            path = folder / "pictures" / label / f"{number}.{ending}"
            path.write_bytes(content.getvalue())

"""Which task data are told to be, over all tasks at once: each has tables that must be its own."""

import json

import numpy as np
import pandas as pd
import pytest

from seqlab import registry
from seqlab.data.sources import read_table
from seqlab.tasks.base import Sources
from seqlab.workbench.gathering import UnclearTaskError, choose_task, recognise
from tests.reviews import reviews
from tests.tasks.language_data import prose
from tests.tasks.span_data import NAMES, people
from tests.tasks.tag_data import orders

RNG = np.random.default_rng(0)
ROWS = 60
TEXTS, LABELS = zip(*reviews(ROWS), strict=True)
DAYS = pd.date_range("2024-01-01", periods=200, freq="D")
WALK = RNG.normal(size=200).cumsum().round(3)


def write(path, content):
    """A file from text, or a frame in the format that its name says."""
    if isinstance(content, str):
        path.write_text(content, encoding="utf-8")
    elif path.suffix == ".jsonl":
        content.to_json(path, orient="records", lines=True)
    elif path.suffix == ".parquet":
        content.to_parquet(path)
    else:
        content.to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",")
    return path


def frame(**columns):
    return pd.DataFrame(columns)


def sentences():
    return pd.DataFrame(orders(ROWS))


def conll():
    held = sentences()
    return "\n\n".join(
        "\n".join(f"{token} {tag}" for token, tag in zip(tokens, tags, strict=True))
        for tokens, tags in zip(held["tokens"], held["tags"], strict=True)
    )


def squad():
    paragraphs = [
        {
            "context": context,
            "qas": [
                {"id": str(i), "question": question,
                 "answers": [{"text": answer, "answer_start": start}]}
            ],
        }
        for i, (context, question, answer, start) in enumerate(people(ROWS))
    ]  # fmt: skip
    return json.dumps({"data": [{"title": "people", "paragraphs": paragraphs}]})


def asked():
    context, question, answer, _ = zip(*people(ROWS), strict=True)
    return frame(context=context, question=question, answer=answer)


def images(folder):
    values = RNG.integers(0, 255, (ROWS, 8, 8)).astype(np.uint8)
    np.savez(folder / "data.npz", x=values, y=np.arange(ROWS) % 3)
    return folder / "data.npz"


def recordings(folder):
    frames = [RNG.normal(size=(RNG.integers(10, 20), 3)) for _ in range(ROWS)]
    lengths = np.array([len(one) for one in frames])
    words = np.array([f"word {i} of {i * 7}" for i in range(ROWS)])
    np.savez(folder / "data.npz", x=np.concatenate(frames), lengths=lengths, text=words)
    return folder / "data.npz"


def series_file():
    rows = [
        ",".join(f"{v:.3f}" for v in RNG.normal(size=20)) + f":{'ab'[i % 2]}" for i in range(ROWS)
    ]
    head = "@problemName Waves\n@univariate true\n@equalLength true\n@seriesLength 20\n"
    return head + "@classLabel true a b\n@data\n" + "\n".join(rows) + "\n"


def parallel(folder):
    (folder / "train.en").write_text("".join(f"the {t}\n" for t in TEXTS))
    (folder / "train.de").write_text("".join(f"das {t[::-1]}\n" for t in TEXTS))
    return folder


WIDE = frame(**{f"t{i}": RNG.normal(size=ROWS) for i in range(30)}, label=["up", "down"] * 30)
REVERSED = [" ".join(reversed(text.split())) for text in TEXTS]

# (task, name of the file, what it holds); a function writes what is more than one table
CASES = {
    "texts and labels": ("classify", "a.csv", frame(text=TEXTS, label=LABELS)),
    "texts and labels, other names": ("classify", "a.tsv", frame(review=TEXTS, sentiment=LABELS)),
    "pairs of texts": (
        "classify",
        "a.csv",
        frame(sentence1=TEXTS, sentence2=TEXTS[::-1], label=LABELS),
    ),
    "texts and numbers": (
        "regress",
        "a.csv",
        frame(text=TEXTS, score=RNG.normal(3, 1, ROWS).round(2)),
    ),
    "series and numbers": (
        "regress",
        "a.jsonl",
        frame(series=[[*row] for row in RNG.normal(size=(ROWS, 9))], target=RNG.normal(size=ROWS)),
    ),
    "dates and values": ("forecast", "a.csv", frame(ds=DAYS, y=WALK)),
    "many series": (
        "forecast",
        "a.parquet",
        frame(unique_id=["a", "b"] * 100, ds=np.repeat(DAYS[:100], 2), y=WALK),
    ),
    "one column of numbers": ("forecast", "a.csv", frame(y=WALK)),
    "tokens and tags": ("tag", "a.jsonl", sentences()),
    "CoNLL": ("tag", "a.conll", conll()),
    "two columns of texts": ("translate", "a.csv", frame(src=TEXTS, tgt=REVERSED)),
    "parallel files": ("translate", parallel, None),
    "columns of two languages": ("translate", "a.tsv", frame(en=TEXTS, de=REVERSED)),
    "SQuAD's JSON": ("span", "a.json", squad()),
    "contexts, questions, answers": ("span", "a.csv", asked()),
    "series a row with a class": ("series", "a.csv", WIDE),
    "a .ts file": ("series", "a.ts", series_file()),
    "an array of images": ("images", images, None),
    "recordings and texts": ("transcribe", recordings, None),
    "a text file": ("language", "a.txt", prose()),
    "texts alone": ("language", "a.csv", frame(text=prose().split("\n")[:-1])),
}


def table_of(case, folder):
    """The case's table, read from what is written into the folder."""
    _, make, content = CASES[case]
    return read_table(make(folder) if callable(make) else write(folder / make, content))


def test_every_task_has_a_table():
    assert {task for task, *_ in CASES.values()} == set(registry.names("tasks"))


@pytest.mark.parametrize("case", CASES)
def test_the_right_task_wins_and_says_why(case, tmp_path):
    chosen, why = choose_task(Sources(table_of(case, tmp_path)), None, {})
    assert chosen == CASES[case][0], why
    assert " " in why
    assert not why.endswith("."), "it stands inside of a sentence"


def test_nothing_is_made_of_what_no_task_knows(tmp_path):
    held = frame(colour=["red", "green"] * 30, shape=["round", "flat", "tall"] * 20)
    with pytest.raises(UnclearTaskError, match="the task cannot be told") as raised:
        choose_task(Sources(read_table(write(tmp_path / "a.csv", held))), None, {})
    assert all(name in raised.value.hint for name in registry.names("tasks"))


def test_each_task_can_be_asked_for_instead(tmp_path):
    table = read_table(write(tmp_path / "a.csv", CASES["texts and labels"][2]))
    for name in registry.names("tasks"):
        assert choose_task(Sources(table), name, {}) == (name, "as asked for")


SUMS = [(f"{a}+{b}=", str(a + b)) for a in range(15) for b in range(8)]
PLAIN = {
    "whole numbers, one a line": ("forecast", "a.txt", "\n".join(map(str, range(100)))),
    "sums as strings": ("translate", "a.csv", pd.DataFrame(SUMS, columns=["src", "tgt"])),
    "short answers in contexts": (
        "span",
        "a.csv",
        pd.DataFrame(
            [(f"{n} met {m} .", "Who came ?", n) for n in NAMES for m in NAMES if n != m] * 2,
            columns=["context", "question", "answer"],
        ),
    ),
    "tags with commas": (
        "tag",
        "a.csv",
        pd.DataFrame([("Ada saw Bo", "B,O,B"), ("it rained", "O,O")] * 9, columns=["text", "tags"]),
    ),
}


@pytest.mark.parametrize("name", PLAIN)
def test_plain_data_that_could_be_taken_for_classes(name, tmp_path):
    task, file, data = PLAIN[name]
    path = tmp_path / file
    path.write_text(data if isinstance(data, str) else data.to_csv(index=False))
    found = recognise(read_table(path))
    assert max(found, key=lambda one: found[one].score) == task, found

"""Classes that are stored as numbers get the names that come with them."""

import json

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seqlab.data.pieces import in_pieces
from seqlab.data.sources import read_table
from seqlab.errors import UserError

NAMES = ["O", "B-PER", "I-PER"]
ROWS = [
    {"tokens": ["Ada", "wrote"], "ner_tags": [1, 0]},
    {"tokens": ["Ada", "Byron"], "ner_tags": [1, 2]},
    {"tokens": ["It", "rained"], "ner_tags": [0, -1]},
]
NAMED = [["B-PER", "O"], ["B-PER", "I-PER"], ["O", None]]
FEATURES = {
    "tokens": {"feature": {"dtype": "string", "_type": "Value"}, "_type": "Sequence"},
    "ner_tags": {"feature": {"names": NAMES, "_type": "ClassLabel"}, "_type": "Sequence"},
}
NUMBERED = {"class_label": {"names": dict(zip("012", NAMES, strict=True))}}
CARD = [{"name": "tokens", "sequence": "string"}, {"name": "ner_tags", "sequence": NUMBERED}]


def as_json(path, content):
    path.write_text(json.dumps(content))
    return path


def as_parquet(path):
    table = pa.Table.from_pandas(pd.DataFrame(ROWS))
    said = {b"huggingface": json.dumps({"info": {"features": FEATURES}}).encode()}
    pq.write_table(table.replace_schema_metadata({**table.schema.metadata, **said}), path)
    return path


def lines(path):
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


SOURCES = {
    "names beside the rows": lambda at: as_json(at / "a.json", {"names": NAMES, "data": ROWS}),
    "names of a column": lambda at: as_json(at / "a.json", {"ner_tags_names": NAMES, "data": ROWS}),
    "features": lambda at: as_json(at / "a.json", {"features": FEATURES, "rows": ROWS}),
    "features as a list": lambda at: as_json(at / "a.json", {"features": CARD, "rows": ROWS}),
    "what Parquet says": lambda at: as_parquet(at / "a.parquet"),
}


@pytest.mark.parametrize("source", SOURCES)
def test_numbers_become_names(source, tmp_path):
    table = read_table(SOURCES[source](tmp_path))
    assert table.frame["ner_tags"].tolist() == NAMED
    assert "ner_tags: numbers replaced by their names (O, B-PER, I-PER)" in table.notes


@pytest.mark.parametrize("described", [{"features": FEATURES}, {"features": CARD}])
def test_a_description_beside_the_file_is_read(described, tmp_path):
    as_json(tmp_path / "dataset_info.json", described)
    path = lines(tmp_path / "train.jsonl")
    for table in (read_table(path), read_table(tmp_path), next(in_pieces(path, characters=10))):
        assert table.frame["ner_tags"].tolist()[:1] == NAMED[:1]


def test_without_names_numbers_stay(tmp_path):
    table = read_table(lines(tmp_path / "a.jsonl"))
    assert table.frame["ner_tags"].tolist() == [row["ner_tags"] for row in ROWS]


def test_a_number_beyond_the_names_is_an_error(tmp_path):
    path = as_json(tmp_path / "a.json", {"names": NAMES[:2], "data": ROWS})
    with pytest.raises(UserError) as raised:
        read_table(path)
    assert raised.value.message == (
        f'"{path}", column "ner_tags" row 2: 2 has no name, for 2 names are given'
    )


def test_labels_get_names_too(tmp_path):
    rows = [{"text": "fine", "label": 1}, {"text": "bad", "label": 0}]
    path = as_json(tmp_path / "a.json", {"label_names": ["neg", "pos"], "data": rows})
    assert read_table(path).frame["label"].tolist() == ["pos", "neg"]

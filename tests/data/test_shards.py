"""Parquet in parts: a folder of shards is one table, and a long file comes in pieces."""

import numpy as np
import pandas as pd
import pytest

from seqlab.cli import run
from seqlab.data import pieces
from seqlab.data.shards import parquet_pieces
from seqlab.data.sources import read_table
from seqlab.errors import UserError
from tests.reviews import reviews


def frame(rows=60):
    return pd.DataFrame(reviews(rows), columns=["text", "label"])


def write(folder, names, whole=None):
    """The rows of a table divided over files of these names."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = frame() if whole is None else whole
    for part, name in zip(np.array_split(np.arange(len(whole)), len(names)), names, strict=True):
        whole.iloc[part].to_parquet(folder / name, index=False)
    return folder


@pytest.mark.parametrize(
    "names",
    [
        [f"part-{n:05}-of-00003.parquet" for n in range(3)],
        [f"{n:04}.parquet" for n in range(4, 16)],
        [f"data_{n}.pq" for n in range(12)],
    ],
)
def test_a_folder_of_shards_is_the_table(names, tmp_path):
    """In the order of their numbers, of which 10 comes after 9."""
    table = read_table(write(tmp_path / "shards", names))
    assert table.frame.equals(frame())
    assert f"{len(names)} Parquet files read as parts of one table" in table.notes


def test_each_split_has_its_shards(tmp_path):
    folder = tmp_path / "shards"
    write(folder, [f"train-{n:05}-of-00002.parquet" for n in range(2)], frame(40))
    write(folder, ["test-00000-of-00001.parquet"], frame(20))
    read = read_table(folder).frame
    assert read["split"].value_counts().to_dict() == {"train": 40, "test": 20}
    assert read.loc[read["split"] == "train", ["text", "label"]].equals(frame(40))


@pytest.mark.parametrize(
    ("names", "missing"),
    [
        (["p-00000-of-00003.parquet", "p-00002-of-00003.parquet"], "p-00001-of-00003.parquet"),
        (
            ["p-00000-of-00004.parquet", "p-00001-of-00004.parquet"],
            "p-00002-of-00004.parquet and 1 more",
        ),
        (["08.parquet", "09.parquet", "11.parquet"], "10.parquet"),
    ],
)
def test_a_missing_shard_is_named(names, missing, tmp_path, capsys):
    folder = write(tmp_path / "shards", names)
    assert run(["inspect", str(folder)]) == 2
    said = capsys.readouterr().err
    assert f'"{folder}": {missing} is missing among the parts of the table' in said.splitlines()[0]


def test_a_shard_of_another_schema_is_named(tmp_path):
    folder = write(tmp_path / "shards", ["0.parquet", "1.parquet"])
    frame().assign(label=1.0, more=2).to_parquet(folder / "1.parquet")
    with pytest.raises(UserError) as raised:
        read_table(folder)
    assert raised.value.message.startswith(
        f'"{folder / "1.parquet"}" has other columns than 0.parquet: label: double instead of '
    )
    assert "more: int64 instead of none" in raised.value.message


def test_a_damaged_shard_is_named(tmp_path):
    folder = write(tmp_path / "shards", ["0.parquet", "1.parquet"])
    (folder / "1.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(UserError, match=r'1.parquet" is not a readable Parquet file'):
        read_table(folder)


def test_files_of_other_names_are_several_tables(tmp_path):
    folder = write(tmp_path / "shards", ["reviews.parquet", "ratings.parquet"])
    with pytest.raises(UserError, match="holds several tables"):
        read_table(folder)


def test_a_long_file_comes_in_pieces_that_are_its_rows(tmp_path):
    path = tmp_path / "long.parquet"
    frame(3000).to_parquet(path, row_group_size=700)
    tables = list(parquet_pieces(path, None, 20_000))
    assert len(tables) > 3
    assert max(len(table.frame) for table in tables) < 1500
    joined = pd.concat([table.frame for table in tables], ignore_index=True)
    assert joined.equals(read_table(path).frame)
    assert list(next(parquet_pieces(path, ["label"], 20_000)).frame) == ["label"]


def test_long_parquet_files_are_predicted_in_pieces(tmp_path):
    path = tmp_path / "long.parquet"
    frame(3000).to_parquet(path)
    tables = list(pieces.in_pieces(str(path), characters=20_000))
    assert len(tables) > 3
    assert sum(len(table.frame) for table in tables) == 3000
    assert len(list(pieces.in_pieces(str(path)))) == 1, "a short one is read as any other"


def test_long_files_of_sentences_come_in_pieces(tmp_path):
    path = tmp_path / "long.conll"
    sentences = [[f"w{n}.{i} TAG{i % 2}" for i in range(1 + n % 5)] for n in range(400)]
    path.write_text("\n\n".join("\n".join(one) for one in sentences) + "\n")
    tables = list(pieces.in_pieces(str(path), characters=2000))
    assert len(tables) > 3
    joined = pd.concat([table.frame for table in tables], ignore_index=True)
    assert joined["tokens"].tolist() == [[w.split()[0] for w in one] for one in sentences]
    assert joined[["tokens", "tags"]].equals(read_table(path).frame[["tokens", "tags"]])


def test_a_line_that_is_wrong_is_found_from_where_its_piece_begins(tmp_path):
    path = tmp_path / "long.conll"
    path.write_text("a X\nb Y\n\n" * 500 + "a X\nb\n")
    with pytest.raises(UserError, match=r"long.conll, from line 1,\d+ on,\" line \d+ has 1"):
        list(pieces.in_pieces(str(path), characters=2000))

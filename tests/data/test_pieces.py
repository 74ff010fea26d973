"""Long files come piece by piece, and the pieces are the file."""

import bz2
import gzip
import json
import lzma

import numpy as np
import pandas as pd
import pytest

from seqlab.data.pieces import in_pieces
from seqlab.data.sources import read_table
from seqlab.errors import UserError

ROWS = 300
FRAME = pd.DataFrame(
    {
        "text": [
            f'row {i}, "quoted"\nand on a second line' if i % 7 == 0 else f"row {i}, plain"
            for i in range(ROWS)
        ],
        "label": ["ab"[i % 2] for i in range(ROWS)],
    }
)
WRITERS = {
    "csv": lambda path: FRAME.to_csv(path, index=False),
    "tsv": lambda path: FRAME.to_csv(path, index=False, sep="\t"),
    "jsonl": lambda path: FRAME.to_json(path, orient="records", lines=True),
}
PACKED = {".gz": gzip.compress, ".xz": lzma.compress, ".bz2": bz2.compress, "": bytes}


def whole(tables):
    return pd.concat([table.frame for table in tables], ignore_index=True)


@pytest.mark.parametrize("packed", PACKED)
@pytest.mark.parametrize("ending", WRITERS)
def test_pieces_together_are_the_file(tmp_path, ending, packed):
    path = tmp_path / f"data.{ending}"
    WRITERS[ending](path)
    packed_path = tmp_path / f"data.{ending}{packed}"
    packed_path.write_bytes(PACKED[packed](path.read_bytes()))
    pieces = list(in_pieces(packed_path, characters=1000))
    assert len(pieces) > 5
    assert max(len(piece.frame) for piece in pieces) < ROWS / 5
    pd.testing.assert_frame_equal(whole(pieces), read_table(path).frame)


def test_a_file_without_a_header_names_its_columns_alike_in_every_piece(tmp_path):
    FRAME.to_csv(tmp_path / "data.csv", index=False, header=False)
    pieces = list(in_pieces(tmp_path / "data.csv", characters=1000))
    assert len(pieces) > 5
    assert {tuple(piece.frame.columns) for piece in pieces} == {("text", "label")}
    assert len(whole(pieces)) == ROWS


def test_columns_may_be_chosen(tmp_path):
    FRAME.to_csv(tmp_path / "data.csv", index=False)
    pieces = in_pieces(tmp_path / "data.csv", characters=1000, columns=["text"])
    assert {tuple(piece.frame.columns) for piece in pieces} == {("text",)}


def test_a_lone_quote_is_a_character(tmp_path):
    """A quoted cell is not looked for to the end of a file in which quotes do not quote."""
    lines = ["text\tlabel", '5" disks\ta', *(f"row {i}\tb" for i in range(30_000))]
    (tmp_path / "data.tsv").write_text("\n".join(lines))
    pieces = list(in_pieces(tmp_path / "data.tsv", characters=1000))
    assert len(pieces) > 1
    assert len(whole(pieces)) == 30_001


def test_short_files_and_frames_come_whole(tmp_path):
    FRAME.to_csv(tmp_path / "data.csv", index=False)
    for source in (tmp_path / "data.csv", FRAME):
        (table,) = in_pieces(source)
        assert len(table.frame) == ROWS


def test_memory_does_not_grow_with_the_file(tmp_path):
    """Ten times the rows in pieces of one size: the most that is held stays what it was."""
    import tracemalloc

    held = []
    for rows in (5_000, 50_000):
        path = tmp_path / f"{rows}.jsonl"
        with path.open("w") as file:
            for i in range(rows):
                file.write(json.dumps({"text": f"row {i} " + "word " * 10}) + "\n")
        tracemalloc.start()
        total = sum(len(piece.frame) for piece in in_pieces(path, characters=50_000))
        held.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert total == rows
    assert held[1] < 1.3 * held[0]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", FRAME.to_csv(index=False).encode() + b"g\xff,a\n", "is not UTF-8 (byte 0xff)"),
        ("a.csv.gz", gzip.compress(np.random.default_rng(0).bytes(10**5).hex().encode())[:9000],
         "cannot be read to its end"),
    ],
)  # fmt: skip
def test_damage_far_into_a_file_is_named(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError) as raised:
        list(in_pieces(tmp_path / name, characters=1000))
    assert message in raised.value.message

"""Files that cost more than they look: bombs, pipes, claims in headers, pictures of programs."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import zipfile

import numpy as np
import pandas as pd
import pytest

from seqlab.data.sources import read_table
from seqlab.errors import UserError

CONTENT = b"text,label\n" + b"aaaaaaaaaaaaaaaaaaaa,b\n" * 2000


def zipped(content: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", content)
    return stream.getvalue()


PACKERS = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zip": zipped}


@pytest.mark.parametrize("ending", PACKERS)
def test_unpacking_stops_at_the_bound(tmp_path, monkeypatch, ending):
    path = tmp_path / f"a.csv.{ending}"
    path.write_bytes(PACKERS[ending](CONTENT))
    assert len(read_table(path).frame) == 2000
    monkeypatch.setenv("SEQLAB_MAX_BYTES", "1e4")
    with pytest.raises(UserError, match=r"unpacks to more than 10,000 bytes") as caught:
        read_table(path)
    assert "SEQLAB_MAX_BYTES=2e+04" in caught.value.hint


def test_arrays_are_unpacked_within_the_bound(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "a.npz", x=np.zeros((100, 50)), y=np.zeros(100))
    assert len(read_table(tmp_path / "a.npz").frame) == 100
    monkeypatch.setenv("SEQLAB_MAX_BYTES", "20000")
    with pytest.raises(UserError, match="more than 20,000 bytes"):
        read_table(tmp_path / "a.npz")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in folders on this system")
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.npz", "a.png", "a"])
def test_a_pipe_is_no_file(tmp_path, name):
    os.mkfifo(tmp_path / name)
    with pytest.raises(UserError, match="is a pipe, not a file"):
        read_table(tmp_path / name)


def npy(header: str, content: bytes = b"") -> bytes:
    text = header.encode().ljust(118) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + content


HEADERS = {
    "claims an array": "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 5)}",
    "holds Python objects": "{'descr': '|O', 'fortran_order': False, 'shape': (2,)}",
    "is not a NumPy file: EOF in multi-line statement\n": "{'descr': '<f8', 'fortran_order': (Fal",
    r"its shape is \(3, -4\)": "{'descr': '<f8', 'fortran_order': False, 'shape': (3, -4)}",
    "not numbers or words": "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (0,)}",
}


@pytest.mark.parametrize("message", HEADERS)
def test_what_a_header_claims_is_checked(tmp_path, message):
    (tmp_path / "a.npy").write_bytes(npy(HEADERS[message], b"\0" * 80))
    with pytest.raises(UserError, match=message):
        read_table(tmp_path / "a.npy")


def test_postscript_among_images_starts_no_program(tmp_path, monkeypatch):
    image = pytest.importorskip("PIL.Image")
    eps = pytest.importorskip("PIL.EpsImagePlugin")

    def started(*_, **__):
        raise AssertionError("Ghostscript was started")

    monkeypatch.setattr(eps, "Ghostscript", started)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        image.new("RGB", (8, 8)).save(tmp_path / name / "fine.png")
    image.new("RGB", (8, 8)).save(tmp_path / "a" / "trap.png", format="EPS")
    with pytest.raises(UserError, match=r'trap.png" is not a readable image'):
        read_table(tmp_path)


@pytest.mark.parametrize("side", [10_100, 14_000])
def test_an_image_of_too_many_pixels_is_not_decoded(tmp_path, side):
    image = pytest.importorskip("PIL.Image")
    image.new("1", (side, side)).save(tmp_path / "a.png")
    with pytest.raises(UserError, match=r"claims more than 100,000,000 pixels"):
        read_table(tmp_path / "a.png")


@pytest.mark.parametrize("encoding", ["undefined", "hex", "klingon", "idna"])
def test_an_encoding_that_decodes_no_files_is_one_line(tmp_path, encoding):
    (tmp_path / "a.csv").write_bytes("text,label\nfé,b\n".encode())
    with pytest.raises(UserError, match=encoding):
        read_table(tmp_path / "a.csv", encoding=encoding)


@pytest.mark.parametrize("name", ["~tilde.csv", "~"])
def test_names_with_a_tilde_are_names(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text("text,label\na b,c\nd e,f\n")
    assert len(read_table(name).frame) == 2


def test_a_parquet_of_repeated_values_is_bounded(tmp_path, monkeypatch):
    pd.DataFrame({"x": np.zeros(200_000)}).to_parquet(tmp_path / "a.parquet")
    assert len(read_table(tmp_path / "a.parquet").frame) == 200_000
    monkeypatch.setenv("SEQLAB_MAX_BYTES", "100000")
    with pytest.raises(UserError, match="more than 100,000 bytes"):
        read_table(tmp_path / "a.parquet")

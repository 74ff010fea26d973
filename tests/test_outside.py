import io
import json
import os
import sys
import zipfile

import numpy as np
import pytest

from seqlab import outside
from seqlab.errors import UserError
from seqlab.outside import parse_json, read_bytes, read_npz

BAD = {
    b"{": "not JSON",
    b"\xff": "not JSON",
    b'{"a": NaN}': "NaN is no number of JSON",
    b"[-Infinity]": "-Infinity is no number of JSON",
    b"[1e999]": "1e999 is too large a number",
    b"[" + b"9" * 5000 + b"]": "a number of 5000 digits; accepted: below 2^64",
    b"[18446744073709551616]": "a number of 20 digits; accepted: below 2^64",
    b"[" * 70 + b"]" * 70: "nested deeper than 64 levels",
    b"[" * 100_000 + b"]" * 100_000: "nested deeper than 64 levels",
    b'{"a": 1, "a": 2}': "a name occurs twice in one object",
}


@pytest.mark.parametrize(("content", "reason"), BAD.items(), ids=range(len(BAD)))
def test_json_beyond_bounds(content, reason):
    with pytest.raises(ValueError, match=r".") as caught:
        parse_json(content)
    assert str(caught.value) == reason


def test_json_within_bounds():
    value = {"a": [1, -2.5, None, True, "é"], "b": {"c": 2**64 - 1}, "d": -(2**63)}
    assert parse_json(json.dumps(value).encode()) == value
    assert parse_json(b"[" * 64 + b"]" * 64)


def test_only_regular_files_of_bounded_size_are_read(tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(b"12345")
    assert read_bytes(path, most=5) == b"12345"
    with pytest.raises(UserError, match=r"a\.json: 5 bytes; accepted here: at most 4"):
        read_bytes(path, most=4)
    with pytest.raises(UserError, match="not a file"):
        read_bytes(tmp_path)
    with pytest.raises(FileNotFoundError):
        read_bytes(tmp_path / "b.json")


@pytest.mark.skipif(sys.platform == "win32", reason="has no such files")
def test_pipes_and_devices_are_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path / "zero"):
        if path.name == "zero":
            path.symlink_to("/dev/zero")
        with pytest.raises(UserError, match="not a file"):
            read_bytes(path)
        with pytest.raises(UserError, match="not a file"):
            read_npz(path)


def test_without_permission_the_message_says_so(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    path.write_bytes(b"1")
    monkeypatch.setattr(outside.os, "access", lambda *asked: False)
    with pytest.raises(UserError) as caught:
        read_bytes(path)
    assert str(caught.value) == f"{path}: permission denied\nmake it readable for your user"


def test_arrays_are_read_back(tmp_path):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, a=np.arange(6.0).reshape(2, 3), b=np.array(1))
    stored = read_npz(path)
    np.testing.assert_array_equal(stored["a"], np.arange(6.0).reshape(2, 3))
    assert stored["b"] == 1


def header(shape, kind="<f8"):
    content = io.BytesIO()
    described = {"descr": kind, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(content, described)
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (header((10**12,)) + b"\0" * 8, "not as long as its header says"),
        (header((1,), "|O") + b"\0" * 8, "not as long as its header says"),
        (header((1,))[:40], "."),
        (b"hello", "."),
    ],
)
def test_arrays_are_as_large_as_they_say(tmp_path, content, reason):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("a.npy", content)
    with pytest.raises(ValueError, match=reason):
        read_npz(tmp_path / "a.npz")


def test_arrays_that_decompress_to_too_much(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", a=np.zeros(1000))
    with pytest.raises(ValueError, match="arrays of more than 4,000 bytes"):
        read_npz(tmp_path / "a.npz", most=4000)
    (tmp_path / "b.npz").write_bytes((tmp_path / "a.npz").read_bytes()[:-30])
    with pytest.raises(ValueError, match=r"."):
        read_npz(tmp_path / "b.npz")

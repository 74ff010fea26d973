"""Prepared examples on disk: read back as they were."""

import numpy as np
import pandas as pd

from seqlab.data import examples as examples_module
from seqlab.data.examples import Examples, Ragged


def examples():
    frame = pd.DataFrame({"text": ["a", None, "c"], "tags": [["x"], [], ["y", "z"]]})
    words = Ragged.of([np.arange(n) for n in (2, 0, 3)])
    return Examples({"words": words, "label": np.arange(3)}, frame, {"all": np.ones(2)})


def test_what_is_saved_is_read_back(tmp_path):
    saved = examples()
    saved.save(tmp_path)
    read = Examples.load(tmp_path)
    pd.testing.assert_frame_equal(read.frame, pd.read_parquet(tmp_path / "frame.parquet"))
    assert read.frame["text"].isna().tolist() == [False, True, False]
    assert [len(tags) for tags in read.frame["tags"]] == [1, 0, 2]
    assert read.ragged("words").lengths.tolist() == [2, 0, 3]
    assert read.array("label").tolist() == [0, 1, 2]
    assert read.shared["all"].tolist() == [1, 1]


def test_large_arrays_stay_on_the_disk_and_hold_the_same(tmp_path, monkeypatch):
    """What is read of them is mapped: processes of a study share it."""
    monkeypatch.setattr(examples_module, "MAPPED_BYTES", 64)
    rng = np.random.default_rng(0)
    long = [rng.integers(0, 9, n) for n in (5, 0, 9)]
    whole = Examples(
        {"ids": Ragged.of(long), "x": rng.normal(size=(3, 4)), "y": np.arange(3)},
        pd.DataFrame({"text": ["a", "b", "c"]}),
        {"tokens": np.arange(500, dtype=np.uint16)},
        np.arange(3),
    )
    whole.save(tmp_path)
    read = Examples.load(tmp_path)
    mapped = [read.ragged("ids").values, read.array("x"), read.shared["tokens"]]
    assert all(isinstance(array.base, np.memmap) for array in mapped)
    assert not isinstance(read.array("y").base, np.memmap)
    assert (read.ragged("ids").values == whole.ragged("ids").values).all()
    assert (read.ragged("ids").offsets == whole.ragged("ids").offsets).all()
    assert (read.array("x") == whole.array("x")).all()
    assert (read.shared["tokens"] == whole.shared["tokens"]).all()
    assert (read.blocks == whole.blocks).all()
    monkeypatch.setattr(examples_module, "MAPPED_BYTES", 2**20)
    read.save(tmp_path)
    assert [path.name for path in tmp_path.glob("*.npy")] == []
    assert (Examples.load(tmp_path).array("x") == whole.array("x")).all()

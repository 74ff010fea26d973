"""Prepared examples on disk: read back as they were."""

import numpy as np
import pandas as pd

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

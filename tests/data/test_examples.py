"""Prepared examples on disk: read back as they were, and never waited for without end."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from seqlab.data.examples import Examples, Ragged

# A thread's stack does not fit into what this leaves; the arrays do.
WITHOUT_THREADS = """
import resource, sys
from pathlib import Path
import pyarrow.dataset
from seqlab.data.examples import Examples
from seqlab.errors import out_of_memory
taken = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (taken + 7 * 2**20,) * 2)
try:
    Examples.load(Path(sys.argv[1]))
except Exception as error:
    sys.exit(0 if out_of_memory(error) else repr(error))
"""


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


@pytest.mark.skipif(sys.platform != "linux", reason="limits and /proc are those of Linux")
def test_where_no_thread_can_start_it_says_so_at_once(tmp_path):
    """Or reads them without one; Arrow would wait for its threads for ever."""
    examples().save(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_THREADS, tmp_path], capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr.decode()

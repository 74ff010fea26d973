"""Parquet where a bound on memory leaves no room for threads: read, and never waited for."""

import subprocess
import sys

import pandas as pd
import pytest

from seqlab.data.examples import Examples

READ = """
import resource, sys
from pathlib import Path
from seqlab.data.examples import Examples
from seqlab.data.records import read_parquet
folder = Path(sys.argv[1])
pages = int(Path("/proc/self/statm").read_text().split()[0])
room = 4 * 2**20  # less than the stack of a thread
resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + room,) * 2)
content = (folder / "frame.parquet").read_bytes()
print(len(Examples.load(folder).frame), len(read_parquet(content, "frame.parquet")))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="bounds the address space")
def test_parquet_is_read_without_threads(tmp_path):
    Examples({}, pd.DataFrame({"text": ["a", "b"], "label": ["x", "y"]})).save(tmp_path)
    command = [sys.executable, "-c", READ, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stdout == "2 2\n", done.stderr

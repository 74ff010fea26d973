"""Recognising a task reads a table: nothing that trains is imported for it."""

import subprocess
import sys

HEAVY = ("torch", "sklearn", "scipy.stats", "numba")
LOOK = f"""
import sys
import pandas as pd
from seqlab.data.table import Table
from seqlab.workbench.gathering import recognise

frame = pd.DataFrame({{"text": ["good one", "bad one"] * 30, "label": ["a", "b"] * 30}})
assert "classify" in recognise(Table(frame, "data"))
print([name for name in {HEAVY} if name in sys.modules])
"""


def test_recognising_imports_no_network():
    done = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

"""A copy of the package with one file more: a listing of CONTRIBUTING.md, where readers put it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import seqlab

ROOT = Path(__file__).parents[2]
CODE = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


def extended(folder, heading, path):
    """Put the first listing under a heading where it belongs; what runs in `folder` finds it."""
    package = Path(seqlab.__file__).parent
    shutil.copytree(package, folder / "seqlab", ignore=shutil.ignore_patterns("__pycache__"))
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition(f"## {heading}\n")[2]
    (folder / "seqlab" / path).write_text(CODE.search(text).group(1), encoding="utf-8")
    return folder


def run(folder, *arguments):
    """What a module says on its standard output."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout

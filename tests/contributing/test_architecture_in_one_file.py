"""The architecture that CONTRIBUTING.md prints, put into one file of a copy of the package."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import seqlab
from tests.reviews import reviews

ROOT = Path(__file__).parents[2]
CODE = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def extended(tmp_path_factory):
    """A folder with a copy of the package that holds one more file; what runs there finds it."""
    folder = tmp_path_factory.mktemp("extended")
    package = Path(seqlab.__file__).parent
    shutil.copytree(package, folder / "seqlab", ignore=shutil.ignore_patterns("__pycache__"))
    code = CODE.search((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    (folder / "seqlab" / "mixers" / "echo.py").write_text(code.group(1), encoding="utf-8")
    return folder


def run(folder, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def test_the_command_line_lists_it(extended):
    listed = json.loads(run(extended, "seqlab", "mixers", "--json"))
    assert "echo" in json.dumps(listed)


@pytest.mark.slow
def test_the_conformance_suite_holds_it(extended):
    shutil.copy(ROOT / "tests" / "mixers" / "test_conformance.py", extended)
    (extended / "pytest.ini").write_text("[pytest]\npythonpath = .\nmarkers = slow\n gpu\n")
    said = run(extended, "pytest", "test_conformance.py", "-k", "echo", "-q")
    assert re.search(r"\d\d passed", said), said


@pytest.mark.slow
def test_a_study_compares_it_and_the_report_shows_it(extended):
    frame = pd.DataFrame(reviews(120), columns=["text", "label"])
    frame.to_csv(extended / "reviews.csv", index=False)
    budget = "--params 3k --seeds 2 --trials 1 --epochs 1 --candidates echo,gru -o out"
    run(extended, "seqlab", "compare", "reviews.csv", *budget.split())
    board = pd.read_csv(extended / "out" / "leaderboard.csv").set_index("candidate")
    assert board.loc["echo", "status"] != "failed"
    assert ">echo</" in (extended / "out" / "report.html").read_text(encoding="utf-8")

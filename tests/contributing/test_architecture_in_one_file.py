"""The architecture that CONTRIBUTING.md prints, put into one file of a copy of the package."""

import json
import re
import shutil

import pandas as pd
import pytest

from tests.contributing.extending import ROOT, extended, run
from tests.reviews import reviews


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where a copy of the package holds one file more."""
    made = tmp_path_factory.mktemp("extended")
    return extended(made, "Add an architecture", "mixers/echo.py")


def test_the_command_line_lists_it(folder):
    listed = json.loads(run(folder, "seqlab", "mixers", "--json"))
    assert "echo" in json.dumps(listed)


@pytest.mark.slow
def test_the_conformance_suite_holds_it(folder):
    shutil.copy(ROOT / "tests" / "mixers" / "test_conformance.py", folder)
    (folder / "pytest.ini").write_text("[pytest]\npythonpath = .\nmarkers = slow\n gpu\n")
    said = run(folder, "pytest", "test_conformance.py", "-k", "echo", "-q")
    assert re.search(r"\d\d passed", said), said


@pytest.mark.slow
def test_a_study_compares_it_and_the_report_shows_it(folder):
    frame = pd.DataFrame(reviews(120), columns=["text", "label"])
    frame.to_csv(folder / "reviews.csv", index=False)
    budget = "--params 3k --seeds 2 --trials 1 --epochs 1 --candidates echo,gru -o out"
    run(folder, "seqlab", "compare", "reviews.csv", *budget.split())
    board = pd.read_csv(folder / "out" / "leaderboard.csv").set_index("candidate")
    assert board.loc["echo", "status"] != "failed"
    assert ">echo</" in (folder / "out" / "report.html").read_text(encoding="utf-8")

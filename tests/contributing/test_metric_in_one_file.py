"""The metric that CONTRIBUTING.md prints, put into one file of a copy of the package."""

import json

import pandas as pd
import pytest

from tests.contributing.extending import extended, run
from tests.reviews import reviews


@pytest.mark.slow
def test_a_study_can_be_decided_by_it(tmp_path):
    folder = extended(tmp_path, "Add a metric", "metrics/error_rate.py")
    frame = pd.DataFrame(reviews(120), columns=["text", "label"])
    frame.to_csv(folder / "reviews.csv", index=False)
    budget = "--params 3k --seeds 2 --trials 1 --epochs 1 --candidates gru --metric error-rate"
    run(folder, "seqlab", "compare", "reviews.csv", *budget.split(), "-o", "out")
    assert json.loads((folder / "out" / "verdict.json").read_text())["metric"] == "error-rate"
    run_folder = folder / "out" / "runs" / "gru" / "verdict-0"
    test = json.loads((run_folder / "result.json").read_text())["test"]
    assert test["error-rate"] == pytest.approx(1 - test["accuracy"])

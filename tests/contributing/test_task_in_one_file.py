"""The task that CONTRIBUTING.md prints, put into one file of a copy of the package."""

import json
import random

import pandas as pd
import pytest

from tests.contributing.extending import extended, run
from tests.report.reading import read_report

AFTER = {"milk": "bread", "bread": "butter", "butter": "jam", "jam": "tea", "tea": "milk"}


def sessions(count, seed=0):
    """Each item has one that follows it, three times of four."""
    rng = random.Random(seed)
    rows = []
    for _ in range(count):
        items = [rng.choice(list(AFTER))]
        for _ in range(rng.randint(4, 9)):
            items.append(AFTER[items[-1]] if rng.random() < 0.75 else rng.choice(list(AFTER)))
        rows.append(" ".join(items))
    return rows


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where a copy of the package holds one file more, and a user's own files."""
    made = extended(tmp_path_factory.mktemp("extended"), "Add a task", "tasks/next_item.py")
    frame = pd.DataFrame({"basket": range(300), "items": [*sessions(298), "milk", ""]})
    frame.to_csv(made / "sessions.csv", index=False)
    return made


def test_the_listing_is_short(folder):
    code = (folder / "seqlab" / "tasks" / "next_item.py").read_text(encoding="utf-8")
    assert len(code.splitlines()) <= 150


def test_its_data_are_recognised_and_inspected(folder):
    said = json.loads(run(folder, "seqlab", "inspect", "sessions.csv", "--json"))
    assert (said["task"], said["why"]) == ("next-item", 'sessions in "items"')
    titles = [finding["title"] for finding in said["findings"]]
    assert "2 rows left out: no items to go on from (rows 299, 300)" in titles
    assert "5 classes" in titles


@pytest.mark.slow
def test_a_study_leads_to_a_verdict_and_what_won_predicts(folder):
    budget = "--params 2k --seeds 2 --trials 0 --epochs 12 --workers 1 --candidates gru -o out"
    rate = "--set train.learning_rate=0.02"
    run(folder, "seqlab", "compare", "sessions.csv", *budget.split(), *rate.split())
    board = pd.read_csv(folder / "out" / "leaderboard.csv").set_index("candidate")
    assert board.loc["gru", "mean"] > 0.5 > board.loc["majority", "mean"]

    report = read_report(folder / "out").text
    for title in ("Errors by length", "Reliability", "Hardest test examples"):
        assert title in report

    new = pd.DataFrame({"items": ["tea milk bread", "jam", "a thing unheard of", ""]})
    new.to_csv(folder / "new.csv", index=False)
    run(folder, "seqlab", "predict", "out/best", "new.csv", "-o", "predicted.csv")
    predicted = pd.read_csv(folder / "predicted.csv")
    assert predicted["predicted"].tolist()[:2] == ["butter", "tea"]
    assert predicted["probability"].iloc[:3].between(0, 1).all()
    assert predicted["problem"].iloc[3] == "no items to go on from"

    scored = json.loads(run(folder, "seqlab", "evaluate", "out/best", "sessions.csv", "--json"))
    assert scored["left_out"] == 2
    assert scored["examples"] == 298

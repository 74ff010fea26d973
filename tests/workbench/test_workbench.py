"""Study and load from Python: what is run, what is found, what is refused."""

import pandas as pd
import pytest

from seqlab import Study, inspect, load
from seqlab.errors import UserError
from tests.reviews import reviews

BUDGET = {"params": 3_000, "seeds": 2, "trials": 1, "epochs": 1}


@pytest.fixture
def frame():
    return pd.DataFrame(reviews(96), columns=["text", "label"])


def study(folder, **settings):
    given = {"baselines": ["majority"], "workers": 1, **settings.pop("settings", {})}
    return Study(
        candidates="rnn", budget=BUDGET, folder=folder, settings=given, **settings
    )  # fmt: skip


def test_a_study_finds_its_best(frame, tmp_path, in_process):
    found = study(tmp_path / "study").fit(frame)
    assert set(found.leaderboard_["candidate"]) == {"rnn", "majority"}
    assert found.verdict_["recommended"] in {"rnn", "majority"}
    predicted = found.best_.predict(frame.head(3))
    assert predicted["predicted"].isin(["neg", "pos"]).all()
    again = load(tmp_path / "study").predict(frame.head(3))
    pd.testing.assert_frame_equal(again, predicted)
    opened = Study.open(tmp_path / "study")
    assert opened.verdict_ == found.verdict_
    assert (tmp_path / "study" / "report.html").exists()


def test_a_plan_trains_nothing(frame, tmp_path):
    plan = study(tmp_path / "study").plan(frame)
    assert plan.parts["train"] > plan.parts["test"] > 0
    assert [entry.name for entry in plan.entries] == ["rnn", "majority"]
    assert not (tmp_path / "study").exists()


def test_an_inspection_says_what_is_in_the_data(frame):
    found = inspect(frame)
    assert found.task == "classify"
    assert found.rows == 96
    assert any("2 classes" in finding.title for finding in found.findings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"task": "clasify"}, 'unknown task "clasify"; did you mean "classify"?'),
        ({"data": {"horizon": 3}, "task": "classify"}, "--horizon is not a setting of the task"),
        ({"columns": "text=text,lable=label"}, 'unknown role in --columns "lable"'),
        ({"settings": {"baselines": ["ridge"]}}, 'unknown baseline for classify "ridge"'),
        ({"settings": {"baselines": ["last-value"]}}, "unknown baseline for classify"),
    ],
)
def test_wrong_settings_are_one_line(frame, tmp_path, settings, message):
    with pytest.raises(UserError) as caught:
        study(tmp_path / "study", **settings).plan(frame)
    assert message in caught.value.message


def test_what_is_no_best_folder_is_refused(tmp_path):
    with pytest.raises(UserError, match="no such folder"):
        load(tmp_path / "none")
    with pytest.raises(UserError, match="holds no trained model"):
        load(tmp_path)
    (tmp_path / "best.json").write_text('{"task": "classify"}')
    with pytest.raises(UserError, match="damaged, misses candidate"):
        load(tmp_path)

"""Margin, accepted loss and preference reach a study as they were written."""

import pytest

from seqlab.errors import UserError
from seqlab.runs import read_json
from seqlab.study.spec import StudySpec
from tests.study.test_study_folder import study


def test_a_margin_in_points_decides_and_is_kept_as_written(tmp_path, in_process):
    made = study(tmp_path / "study", margin="4pt", accept="2%", prefer="cost")
    assert (made.verdict_["margin"], made.verdict_["margin_relative"]) == (0.04, False)
    stored = read_json(made.folder_ / "settings.json")
    assert (stored["margin"], stored["accept"], stored["prefer"]) == ("4pt", "2%", "cost")
    assert StudySpec.read(stored) == StudySpec.read(stored | {"margin": "4pt"})


@pytest.mark.parametrize("wrong", [{"margin": 1}, {"margin": "100%"}, {"accept": "300pt"}])
def test_a_margin_beyond_all_scores_is_refused_before_training(tmp_path, in_process, wrong):
    with pytest.raises(UserError, match="everything would count as equal"):
        study(tmp_path / "study", **wrong)
    assert not (tmp_path / "study" / "runs").exists()


def test_settings_of_before_are_read_as_before():
    assert StudySpec.read({"task": "classify", "margin": 0.02}).margin == 0.02
    spec = StudySpec(task="classify")
    assert (spec.margin, spec.accept, spec.prefer) == (None, None, "balanced")
    with pytest.raises(UserError, match=r"^margin = '1 point': expected a difference"):
        StudySpec.read({"task": "classify", "margin": "1 point"}, "")

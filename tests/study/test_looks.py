"""What decides is declared with the first look; the same runs judged otherwise are another look."""

import pytest

from seqlab.runs import read_json, write_json
from seqlab.study.looks import StoredLook
from seqlab.study.repair import take_away_damage
from tests.study.test_study_folder import study


@pytest.fixture
def small(tmp_path, in_process):
    """A finished study and its folder."""
    return study(tmp_path / "study")


def changes(made):
    return made.verdict_["declared"]["changes"]


def test_what_is_declared_is_stored_with_the_look(small):
    declared = {k: v for k, v in small.verdict_["declared"].items() if k != "changes"}
    assert declared == {
        "metric": "accuracy",
        "margin": "1pt",
        "accept": None,
        "prefer": "balanced",
        "constraints": {},
        "contestants": ["majority", "rnn"],
    }
    (look,) = read_json(small.folder_ / "looks.json")
    assert look["declared"] == declared
    assert look["count"] == 3
    assert changes(small) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"margin": "4pt"}, "margin 4pt instead of 1pt"),
        ({"margin": "2%"}, "margin 2% instead of 1pt"),
        ({"accept": "2pt"}, "accept 2pt instead of none"),
        ({"prefer": "cost"}, "prefer cost instead of balanced"),
        ({"constraints": {"max_size_mb": 50}}, "--max-size-mb 50 instead of none"),
        ({"baselines": ()}, "without majority, 2 runs instead of 3"),
        ({"baselines": ("majority", "tfidf-lr")}, "with tfidf-lr, 4 runs instead of 3"),
        ({"seeds": 3}, "4 runs instead of 3"),
    ],
    ids=str,
)
def test_another_declaration_is_another_look(small, changed, said):
    again = study(small.folder_, **changed)
    assert again.verdict_["looks"] == 2
    assert changes(again) == [f"look 2 at the test part: {said}"]
    assert study(small.folder_, **changed).verdict_ == again.verdict_, "looked at once"


def test_the_same_margin_written_otherwise_is_the_same_look(small):
    assert study(small.folder_, margin=0.01).verdict_["looks"] == 1
    assert study(small.folder_, margin=" 1 pt").verdict_["looks"] == 1


def test_going_back_to_what_was_declared_is_the_look_that_it_was(small):
    study(small.folder_, margin="4pt")
    back = study(small.folder_)
    assert back.verdict_["looks"] == 1
    assert len(changes(back)) == 1, "that there was another is still said"
    third = study(small.folder_, margin="3pt")
    assert third.verdict_["looks"] == 3
    assert changes(third)[1] == "look 3 at the test part: margin 3pt instead of 4pt"


def test_looks_of_before_are_read(small):
    """A list of digests: nothing is known of what was declared then."""
    path = small.folder_ / "looks.json"
    (look,) = read_json(path)
    write_json(path, ["0123456789abcdef", look["runs"]])
    take_away_damage(small.folder_, lambda line: pytest.fail(line))
    again = study(small.folder_)
    assert again.verdict_["looks"] == 2
    assert changes(again) == ["look 2 at the test part: other runs"]
    assert [StoredLook(**one).runs for one in read_json(path)] == ["0123456789abcdef", look["runs"]]
    assert study(small.folder_).verdict_["looks"] == 2
    assert study(small.folder_, margin="4pt").verdict_["looks"] == 3


def test_the_report_says_what_has_changed(small):
    again = study(small.folder_, margin="4pt")
    again.report()
    page = (again.folder_ / "report.html").read_text()
    assert "look 2 at the test part: margin 4pt instead of 1pt" in page

"""Ablations: what is toggled, that it reaches the runs, and that they are compared as ever."""

import pytest

from seqlab.errors import UserError
from seqlab.runs import list_runs
from seqlab.specs import ModelSpec, TrainSpec
from seqlab.study.practices import PRACTICES, variants
from tests.study.test_study_folder import study


def test_practices_and_values():
    found = variants("clipping, ema, schedule=cosine|cyclic|wsd, depth=2")
    assert list(found) == [
        "",
        "no-clipping",
        "with-ema",
        "schedule-cyclic",
        "schedule-wsd",
        "depth-2",
    ]
    assert found["no-clipping"]["train"]["clip_norm"] is None
    assert found["schedule-wsd"] == {"train": {"schedule": "wsd"}}
    assert found["depth-2"] == {"model": {"depth": 2}}


@pytest.mark.parametrize("name", PRACTICES)
def test_every_practice_changes_a_default(name):
    """A toggle that changes nothing would compare a contestant with itself."""
    _, fields = PRACTICES[name]
    for section, given in fields.items():
        spec = (
            TrainSpec.read(given)
            if section == "train"
            else ModelSpec.read(given | {"mixer": "gru"})
        )
        default = TrainSpec() if section == "train" else ModelSpec(mixer="gru")
        assert spec.plain() != default.plain()


@pytest.mark.parametrize(
    ("toggles", "said"),
    [
        ("cliping", 'unknown practice in --toggle "cliping"; did you mean "clipping"?'),
        ("shedule=wsd", 'unknown setting in --toggle "shedule"; did you mean "schedule"?'),
        ("clip_norm=-1|2", "train.clip_norm = -1: should be greater than 0"),
        ("schedule=cosine", '--toggle "schedule=cosine": expected practices or settings divided'),
    ],
)
def test_mistakes_are_one_line(toggles, said):
    with pytest.raises(UserError) as caught:
        variants(toggles)
    assert caught.value.message.startswith(said)


def test_variants_are_contestants(tmp_path, in_process):
    toggled = variants("clipping,dropout,optimizer=adamw|sgd")
    made = study(tmp_path / "study", baselines=(), variants=toggled, trials=1)
    names = {"rnn", "rnn-no-clipping", "rnn-no-dropout", "rnn-optimizer-sgd"}
    assert set(made.leaderboard_["candidate"]) == names
    runs = {r.result["candidate"]: r.result["settings"] for r in list_runs(made.folder_)}
    assert set(runs) == names
    clips = {name: settings["train"].get("clip_norm", 1.0) for name, settings in runs.items()}
    assert clips.pop("rnn-no-clipping") is None
    assert set(clips.values()) == {1.0}
    assert runs["rnn-optimizer-sgd"]["train"]["optimizer"] == "sgd"
    assert runs["rnn-no-dropout"]["model"]["dropout"] == 0.0 != runs["rnn"]["model"]["dropout"]
    assert len({settings["train"]["learning_rate"] for settings in runs.values()}) == 1
    made.report()


def test_reserved_fields_are_refused_in_variants_too(tmp_path, in_process):
    with pytest.raises(UserError, match=r"train\.epochs: set it with --epochs"):
        study(tmp_path / "study", variants={"": {}, "long": {"train": {"epochs": 9}}})

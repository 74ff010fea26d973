"""When a stored run is the very job that is asked for."""

from dataclasses import asdict, replace

import pytest

from seqlab.runs import Job, write_run
from seqlab.specs import ModelSpec, TrainSpec
from seqlab.study.assignment import Assignment

MODEL, TRAIN = ModelSpec(mixer="gru").plain(), TrainSpec(epochs=3).plain()
ASKED = Assignment(
    job=Job("gru", "model", "verdict", 0),
    task="task",
    prepared="prepared",
    data="data",
    model=MODEL,
    train=TRAIN,
)


def stored(study, **changes):
    """Leave the run of an assignment that differs from the one that is asked for."""
    done = replace(ASKED, **changes)
    settings = {"model": done.model, "train": done.train}
    result = {**asdict(done.job), "digest": done.digest, "status": "ok", "settings": settings}
    result |= {"reason": "", "seed": 0, "valid": 0.5}
    write_run(done.folder(study), result, {})


def test_the_same_job_is_finished(tmp_path):
    stored(tmp_path)
    assert ASKED.finished(tmp_path) is not None


@pytest.mark.parametrize("section", ["model", "train"])
def test_a_run_from_before_a_setting_existed_is_finished(tmp_path, section):
    new = {"model": "stochastic_depth", "train": "label_smoothing"}[section]
    before = {k: v for k, v in getattr(ASKED, section).items() if k != new}
    stored(tmp_path, **{section: before})
    assert ASKED.finished(tmp_path) is not None
    changed = replace(ASKED, **{section: getattr(ASKED, section) | {new: 0.5}})
    assert changed.finished(tmp_path) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"data": "other"},
        {"train": TRAIN | {"seed": 1}},
        {"model": MODEL | {"width": 8}},
        {"model": MODEL | {"from_a_later_version": 1}},
    ],
)
def test_another_job_is_not(tmp_path, changes):
    stored(tmp_path, **changes)
    assert ASKED.finished(tmp_path) is None


def test_a_baseline_of_another_seed_is_not(tmp_path):
    stored(tmp_path, model={}, train={"seed": 1})
    assert replace(ASKED, model={}, train={"seed": 1}).finished(tmp_path) is not None
    assert replace(ASKED, model={}, train={"seed": 2}).finished(tmp_path) is None

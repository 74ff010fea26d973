"""Trackers hear every evaluation, and nothing that goes wrong in one stops a training."""

import importlib.util
import os
import sys
import types

import pytest

from seqlab.errors import UserError
from seqlab.specs import TrainSpec
from seqlab.training.fit import fit
from seqlab.training.trackers import TRACKERS, check_tracker
from tests.training.problems import Line, line_model

SPEC = TrainSpec(epochs=3, evaluations=3, patience=None)
NAMES = {"epoch", "train_loss", "valid", "learning_rate", "gradient_norm", "clipped", "loading"}


@pytest.fixture(autouse=True)
def no_place_of_trackio(monkeypatch):
    monkeypatch.setenv("TRACKIO_DIR", "")  # noted first, so that what a test leaves is undone
    monkeypatch.delenv("TRACKIO_DIR")


def track(name, folder):
    tracker = TRACKERS[name](folder, "gru-verdict-0", {"width": 8})
    return tracker, fit(line_model(), Line(), SPEC, [tracker])


def test_tensorboard_writes_every_number(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    tracker, history = track("tensorboard", tmp_path)
    assert tracker.failure is None
    read = EventAccumulator(str(tmp_path / "tensorboard" / "gru-verdict-0")).Reload()
    assert set(read.Tags()["scalars"]) >= NAMES
    losses = {e.step: e.value for e in read.Scalars("train_loss")}
    expected = {r["step"]: r["train_loss"] for r in history.records}
    assert losses == pytest.approx(expected, rel=1e-6)


class Run:
    """Stands for a run of wandb or trackio."""

    def __init__(self, **given):
        self.given, self.logged, self.ended = given, [], False

    def log(self, numbers, step):
        self.logged.append((step, numbers))

    def finish(self):
        self.ended = True


@pytest.mark.parametrize("name", ["wandb", "trackio"])
def test_runs_are_opened_told_and_ended(name, tmp_path, monkeypatch):
    made = []
    stand_in = types.SimpleNamespace(
        init=lambda **given: made.append(Run(**given)) or made[0], Settings=dict
    )
    monkeypatch.setitem(sys.modules, name, stand_in)
    monkeypatch.delenv("WANDB_MODE", raising=False)
    tracker, _ = track(name, tmp_path)
    (run,) = made
    assert tracker.failure is None
    assert (run.given["name"], run.given["config"]) == ("gru-verdict-0", {"width": 8})
    assert run.given.get("mode", "offline") == "offline"
    assert [step for step, _ in run.logged] == [4, 8, 12]
    assert all(set(numbers) >= NAMES for _, numbers in run.logged)
    assert run.ended


def test_mlflow_keeps_runs_in_sqlite(tmp_path):
    pytest.importorskip("mlflow")
    from mlflow.tracking import MlflowClient

    tracker, _ = track("mlflow", tmp_path)
    assert tracker.failure is None
    client = MlflowClient(f"sqlite:///{tmp_path / 'mlflow.db'}")
    assert len(client.get_metric_history(tracker.run, "train_loss")) == 3


@pytest.mark.parametrize("broken", ["init", "log", "finish"])
def test_a_tracker_that_fails_stops_nothing(broken, tmp_path, monkeypatch):
    calls = []

    def fail(*_, **__):
        calls.append(1)
        raise ConnectionError("no route")

    parts = {name: fail if name == broken else lambda *_, **__: None for name in ("log", "finish")}
    run = types.SimpleNamespace(**parts)
    init = fail if broken == "init" else (lambda **_: run)
    stand_in = types.SimpleNamespace(init=init, Settings=dict)
    monkeypatch.setitem(sys.modules, "wandb", stand_in)
    tracker, history = track("wandb", tmp_path)
    assert history.steps == 12
    assert tracker.failure == "ConnectionError: no route"
    assert len(calls) == 1, "it is not asked again"


def test_trackio_keeps_its_numbers_with_the_study(tmp_path, monkeypatch):
    stand_in = types.SimpleNamespace(init=lambda **given: Run(**given))
    monkeypatch.setitem(sys.modules, "trackio", stand_in)
    track("trackio", tmp_path)
    assert os.environ["TRACKIO_DIR"] == str(tmp_path / "trackio")
    track("trackio", tmp_path / "other")
    assert os.environ["TRACKIO_DIR"] == str(tmp_path / "trackio"), "a user's own place is kept"


def test_one_that_is_not_installed_is_refused_in_a_line(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "mlflow" else find(name)
    )
    with pytest.raises(UserError) as caught:
        check_tracker("mlflow")
    assert caught.value.message == (
        'train.tracker = "mlflow": not installed; pip install "seqlab[mlflow]"'
    )
    check_tracker(None)


def test_an_unknown_one_is_refused_in_a_line():
    with pytest.raises(UserError, match=r"train\.tracker = 'neptune': should be 'tensorboard', "):
        TrainSpec.read({"tracker": "neptune"}, "train")

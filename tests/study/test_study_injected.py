"""What goes wrong in a worker of a comparison is said on the way, in the run, in the report."""

import os
import re
from pathlib import Path

import pytest

from seqlab.cli import run
from seqlab.isolation import python
from seqlab.runs import read_run
from seqlab.study import pool as pools
from tests.reviews import write_reviews

pytestmark = pytest.mark.slow
FAULTY = Path(__file__).with_name("faulty_worker.py")
MIXERS = ("rnn", "gru", "lstm")
ARGUMENTS = [
    *("--candidates", "rnn,gru,lstm", "--baselines", "majority", "--params", "4k", "--seeds", "2"),
    *("--trials", "0", "--epochs", "4", "--workers", "1", "--set", "train.retries=1"),
    *("--set", "train.batch_size=32"),
]


def test_trainings_that_suffer(tmp_path, capfd, monkeypatch):
    monkeypatch.setattr(pools, "python_module", lambda _, study: python(str(FAULTY), study))
    path = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path))
    folder = tmp_path / "study"
    data = write_reviews(tmp_path / "reviews.csv", rows=240)
    assert run(["compare", str(data), *ARGUMENTS, "-o", str(folder)]) == 0
    out = capfd.readouterr().out
    report = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", (folder / "report.html").read_text()))

    rnn, gru, lstm = (read_run(folder / f"runs/{name}/verdict-0").result for name in MIXERS)
    (rolled,) = rnn["rollbacks"]
    assert rolled["factor"] == 0.5
    assert (
        f"rnn verdict-0: rolled back from step {rolled['step']} to {rolled['back_to']}, on at 0.5 "
        f"of the learning rate: the loss is not finite at step {rolled['step']}\n"
    ) in out
    assert f"rolled back once, first at step {rolled['step']}" in report

    assert (gru["status"], gru["batch_halved"]) == ("ok", 1)
    assert "gru verdict-0: out of memory: goes on with batches of 16, 2 to a step\n" in out
    assert "batches were halved once; 2 of them made a step of the same size" in report

    assert lstm["status"] == "failed"
    assert "not finite" in lstm["reason"]
    assert "(and 1 times again at lower rates)" in lstm["reason"]
    assert f"lstm verdict-0: failed: {lstm['reason']}\n" in out
    assert lstm["reason"].partition(";")[0] in report

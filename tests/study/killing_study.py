"""Studies killed at random moments, all their processes at once, and begun again each time.

    python -m tests.study.killing_study FOLDER KILLS

compares what each study that comes to its end says with what one left alone said, and prints in
which stages the kills fell.
"""

import json
import os
import random
import shutil
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import pandas as pd

from seqlab.cli import run
from seqlab.runs import list_runs
from tests.reviews import write_reviews

ARGUMENTS = [
    *("--candidates", "rnn", "--baselines", "majority", "--params", "4k"),
    *("--seeds", "2", "--trials", "2", "--epochs", "16", "--workers", "1"),
    *("--set", "train.checkpoint_seconds=0.2", "--set", "train.accumulate=2"),
    *("--set", "train.ema=0.9", "--set", "train.batch_size=16", "--set", "train.patience=none"),
    *("--set", 'train.augment=[{kind="token_dropout", rate=0.1}]'),
]
TRIALS, VERDICTS, CONTESTANTS = 2, 3, 2
# What a clock or a scale for memory has a part in is not the same twice.
MEASURED = ["train_seconds", "latency_ms_p50", "latency_ms_low", "latency_ms_high"]
MEASURED += ["latency_ms_p95", "latency_batch64_ms", "peak_memory_mb"]


def lives(data, folder, seconds):
    """Start or continue a study and kill all its processes after so long; whether it was killed."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setsid()
            with open(folder.with_suffix(".log"), "ab") as log:
                os.dup2(log.fileno(), 1)
                os.dup2(log.fileno(), 2)
            status = run(["compare", str(data), *ARGUMENTS, "-o", str(folder)])
        finally:
            os._exit(status)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        gone, status = os.waitpid(child, os.WNOHANG)
        if gone:
            assert status == 0, folder.with_suffix(".log").read_text()
            return False
        time.sleep(0.01)
    os.killpg(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def stage(folder):
    """What a study was about when it was killed."""
    done = Counter(path.parent.name.split("-")[0] for path in folder.glob("runs/*/*/result.json"))
    costs = folder / "costs.json"
    if not (folder / "identity.json").exists():
        return "preparing"
    if done["trial"] < TRIALS:
        return "tuning"
    if done["verdict"] < VERDICTS:
        return "verdict runs"
    known = json.loads(costs.read_text()) if costs.exists() else {}
    if len(known) < CONTESTANTS or any("rounds" not in one for one in known.values()):
        return "costs"
    return "finished" if (folder / "report.html").exists() else "comparing"


def said(folder):
    """All that a study found out, without what was measured by a clock."""
    board = pd.read_csv(folder / "leaderboard.csv").drop(columns=MEASURED)
    runs = {
        run.job.folder: {
            name: run.result.get(name) for name in ("valid", "test", "steps", "status")
        }
        for run in list_runs(folder)
    }
    return board, json.loads((folder / "comparison.json").read_text()), runs


def soak(folder, kills):
    """Kill so many times; returns the stages in which they fell, how many studies ended."""
    data = write_reviews(folder / "reviews.csv", rows=240)
    begun = time.monotonic()
    assert not lives(data, folder / "alone", 600.0)
    seconds = time.monotonic() - begun
    expected = said(folder / "alone")
    print(f"left alone: {seconds:.0f} s; mean {dict(expected[0][['candidate', 'mean']].values)}")
    rng, stages, ends, study = random.Random(kills), Counter(), 0, folder / "killed"
    while stages.total() < kills or study.exists():
        over = stages.total() >= kills
        if lives(data, study, 600.0 if over else rng.uniform(0.0, 0.6) * seconds):
            stages[stage(study)] += 1
            continue
        board, *rest = said(study)
        pd.testing.assert_frame_equal(board, expected[0])
        assert rest == [*expected[1:]]
        ends += 1
        shutil.rmtree(study)
    return stages, ends


def main(folder, kills):
    import seqlab.report  # so that no child has to import it
    import seqlab.study.conduct
    import seqlab.workbench.study

    assert seqlab.report
    assert seqlab.study.conduct
    assert seqlab.workbench.study
    stages, ends = soak(folder, kills)
    where = ", ".join(f"{count} in {name}" for name, count in stages.items())
    print(f"{stages.total()} kills: {where}; {ends} ends with the same leaderboard")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

"""A study of many small trials, and what its processes hold after so many of them.

    python -m tests.study.growing FOLDER TRIALS

prints a line of JSON whenever another twenty trials are finished: megabytes, open files and threads
of the study's process and of its worker.
"""

import json
import os
import sys
from pathlib import Path

from seqlab.study.conduct import Listener
from seqlab.workbench.study import Study
from tests.reviews import write_reviews

EVERY = 20


def holds(pid):
    """What a process holds: resident megabytes, open files, threads."""
    status = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    return {
        "megabytes": round(int(status["VmRSS"].split()[0]) / 1024, 1),
        "files": len(os.listdir(f"/proc/{pid}/fd")),
        "threads": int(status["Threads"]),
    }


def workers():
    """The processes that this one has started."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == os.getpid():
            yield int(path.parent.name)


def main(folder, trials):
    seen = set()

    def watch(moment):
        done = sum(1 for _ in folder.glob("study/runs/rnn/trial-*/result.json"))
        if moment.stage.startswith("tuning") and done % EVERY == 0 and done and done not in seen:
            seen.add(done)
            (worker,) = workers()
            now = {"trials": done, "study": holds(os.getpid()), "worker": holds(worker)}
            print(json.dumps(now), flush=True)

    Study(
        candidates=["rnn"],
        budget={"params": 2000, "epochs": 2, "seeds": 2, "trials": trials},
        folder=folder / "study",
        settings={"baselines": ("majority",), "workers": 1},
    ).fit(write_reviews(folder / "reviews.csv", rows=120), listener=Listener(moment=watch))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

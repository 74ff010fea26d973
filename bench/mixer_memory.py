"""The peak memory of a training step of one mixer, in a process of its own.

python -m bench.mixer_memory mamba2 1 4096 128 fused – prints the MiB over what it held before.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys

from bench.memory import RESET, STATUS
from seqlab.study.pool import KEEP_MEMORY


def mixer_peak_mib(name: str, shape: tuple[int, int, int], backend: str) -> float | None:
    """The step's peak in a fresh process; None where the system does not tell (not Linux)."""
    if not RESET.exists():
        return None
    command = [sys.executable, "-m", "bench.mixer_memory", name, *map(str, shape), backend]
    # Kept memory would hide the step's own.
    environment = {k: v for k, v in os.environ.items() if k not in KEEP_MEMORY}
    output = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return float(output.stdout)


def main() -> None:
    """Measure what the command line asks for."""
    import torch

    from bench.mixer_peers import built, mixer_step

    name, *shape, backend = sys.argv[1:]
    B, T, width = map(int, shape)
    torch.set_num_threads(1)
    mixer = built(name, width, T, backend=backend)
    mixer_step(mixer, (B, 8, width))()  # compiles, and fills caches
    step = mixer_step(mixer, (B, T, width))
    gc.collect()
    RESET.write_text("5")
    before = _peak()
    step()
    print(_peak() - before)


def _peak() -> float:
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()

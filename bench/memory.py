"""The peak memory of a training step of one kernel, in a process of its own.

python -m bench.memory gru 8 4096 128 fused – prints the MiB over what the process held before.
The whole process counts: a loop in plain torch also holds a graph and thousands of small blocks.
"""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path

RESET, STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")


def peak_mib(kind: str, shape: tuple[int, int, int], backend: str) -> float | None:
    """The step's peak in a fresh process; None where the system does not tell (not Linux)."""
    if not RESET.exists():
        return None
    command = [sys.executable, "-m", "bench.memory", kind, *map(str, shape), backend]
    output = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(output.stdout)


def main() -> None:
    """Measure what the command line asks for."""
    import torch

    from bench.kernel_steps import training_step

    kind, B, T, width, backend = sys.argv[1:]
    torch.set_num_threads(1)
    training_step(kind, (int(B), 8, int(width)), backend)()  # compiles, and fills caches
    step = training_step(kind, (int(B), int(T), int(width)), backend)
    gc.collect()
    RESET.write_text("5")
    before = status_mib()
    step()
    print(status_mib() - before)


def status_mib() -> float:
    """The peak of this process since it was reset last, in MiB."""
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()

"""How much memory a training holds."""

from __future__ import annotations

import os
from pathlib import Path

import torch

STATM = Path("/proc/self/statm")


def memory_mb(device: str = "cpu") -> float:
    """Megabytes: the accelerator's peak, or what the process holds; 0 where neither is told."""
    if torch.device(device).type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e6
    if STATM.exists():
        return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    return 0.0

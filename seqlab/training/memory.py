"""How much memory a training holds; nothing here needs torch before it runs."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from collections.abc import Callable
from pathlib import Path

STATM, STATUS = Path("/proc/self/statm"), Path("/proc/self/status")
CLEAR_PEAK = Path("/proc/self/clear_refs")  # "5" written to it: the peak begins anew


def memory_mb(device: str = "cpu") -> float:
    """Megabytes: the accelerator's peak, or what the process holds; 0 where neither is told."""
    import torch

    if torch.device(device).type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e6
    if STATM.exists():
        return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    return 0.0


def peak_memory_mb() -> float:
    """The largest resident size of this process so far, in MB (1e6 bytes)."""
    if STATUS.exists():  # ru_maxrss would begin at the size of the process that started this one
        line = next(x for x in STATUS.read_text().splitlines() if x.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    if sys.platform == "win32":
        import psutil

        return float(psutil.Process().memory_info().peak_wset / 1e6)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def measures_anew() -> bool:
    """Whether this system lets a process forget its peak."""
    return CLEAR_PEAK.exists() and os.access(CLEAR_PEAK, os.W_OK)


def peak_while(run: Callable[[], object], device: str = "cpu") -> float:
    """Megabytes of the accelerator, or of this process, at most while something runs.

    Where a system never forgets a process's peak (not Linux), what came before counts as well.
    """
    import torch

    if torch.device(device).type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        run()
        return torch.cuda.max_memory_allocated(device) / 1e6
    _give_back()
    if measures_anew():
        CLEAR_PEAK.write_text("5")
    run()
    return peak_memory_mb()


def _give_back() -> None:
    """What was freed, to the system: an allocator keeps it, and it would count."""
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc alone has it
        if trim is not None:
            trim(0)

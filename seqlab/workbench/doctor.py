"""What this machine has that matters for seqlab: for bug reports, and for "why is it slow?"."""

from __future__ import annotations

import os
import platform
import re
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from seqlab import __version__

READY, NOTE, PROBLEM = "ready", "note", "problem"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: its name, how it is, and what to do where it is not well."""

    name: str
    state: str  # ready | note | problem
    found: str
    advice: str = ""

    def to_dict(self) -> dict[str, str]:
        """As plain data."""
        return {"state": self.state, "found": self.found, "advice": self.advice}


def examine(folder: Path) -> list[Check]:
    """Versions, threads, kernels, accelerator, cache, and whether studies can be written here."""
    return [
        Check("seqlab", READY, f"{__version__} on Python {sys.version.split()[0]}"),
        Check("platform", READY, platform.platform()),
        _packages(),
        _extras(),
        _threads(),
        _accelerator(),
        _kernels(),
        _cache(),
        _writable("studies", folder),
    ]


def _required() -> dict[str, list[str]]:
    """The packages that seqlab asks for: those of each extra, and under "" those of every system
    and version.
    """
    found: dict[str, list[str]] = {}
    for line in requires("seqlab") or ():
        name = re.match(r"[\w.-]+", line)
        extra = re.search(r"""extra == ['"]([\w-]+)['"]""", line)
        if name is not None and (extra is not None or ";" not in line):
            found.setdefault(extra[1] if extra else "", []).append(name[0])
    return found


def _packages() -> Check:
    versions = {name: _version(name) for name in _required().get("", [])}
    missing = [name for name, found in versions.items() if not found]
    told = ", ".join(f"{name} {found or 'missing'}" for name, found in versions.items())
    advice = "install them: pip install seqlab" if missing else ""
    return Check("packages", PROBLEM if missing else READY, told, advice)


def _extras() -> Check:
    own = {"", "test", "dev", "docs", "references"}
    states = {
        extra: all(map(_version, packages))
        for extra, packages in _required().items()
        if extra not in own
    }
    there = [name for name, installed in states.items() if installed]
    absent = [name for name, installed in states.items() if not installed]
    found = f"installed: {', '.join(there) or 'none'}; not installed: {', '.join(absent) or 'none'}"
    return Check("extras", READY, found)


def _threads() -> Check:
    import torch

    from seqlab.kernels.threads import cores

    usable, all_cores = cores(), os.cpu_count() or 1
    told = f"{usable} of {all_cores} cores may be used; PyTorch uses {torch.get_num_threads()}"
    limit = os.environ.get("OMP_NUM_THREADS")
    return Check("threads", READY, told + (f"; OMP_NUM_THREADS={limit}" if limit else ""))


def _accelerator() -> Check:
    import torch

    if torch.cuda.is_available():
        names = [torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count())]
        return Check("accelerator", READY, f"CUDA {torch.version.cuda}: {', '.join(names)}")
    if torch.version.cuda is not None:
        advice = "see whether nvidia-smi lists it"
        return Check("accelerator", NOTE, "this PyTorch has CUDA, and finds no device", advice)
    return Check("accelerator", READY, "none; this PyTorch computes on the CPU")


def _kernels() -> Check:
    from seqlab.kernels.warm_up import warm_up

    try:
        seconds = dict(warm_up())
    except Exception as error:  # whatever stops a compiler is what is asked for here
        advice = "--backend torch works without them"
        reason = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
        return Check("kernels", PROBLEM, f"cannot be compiled ({reason})", advice)
    slowest = max(seconds, key=seconds.__getitem__)
    told = f"{len(seconds)} compiled or loaded in {sum(seconds.values()):.1f} s"
    return Check("kernels", READY, f"{told}, {slowest} the slowest with {seconds[slowest]:.1f} s")


def _cache() -> Check:
    from seqlab.kernels.cache_folder import cache_root

    root = cache_root()
    if root is None:
        advice = "set SEQLAB_CACHE to a folder: kernels are compiled anew in every process"
        return Check("cache", NOTE, "there is no home to keep one in", advice)
    return _writable("cache", root)


def _writable(name: str, folder: Path) -> Check:
    """Whether files can be made in a folder, or in the nearest one above it that exists."""
    nearest = next((p for p in (folder, *folder.absolute().parents) if p.exists()), folder)
    if not os.access(nearest, os.W_OK | os.X_OK):
        advice = "name another with -o" if name == "studies" else "set SEQLAB_CACHE to another"
        return Check(name, PROBLEM, f"{folder}: cannot be written", advice)
    return Check(name, READY, f"{folder}: can be written")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def as_plain(checks: list[Check]) -> dict[str, Any]:
    """All checks by name."""
    return {check.name: check.to_dict() for check in checks}

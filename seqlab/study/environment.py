"""The machine a study runs on, and what of it is used."""

from __future__ import annotations

import platform
import socket
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch

from seqlab import __version__
from seqlab.errors import UserError
from seqlab.kernels.threads import cores
from seqlab.study.cluster.facts import PACKAGES
from seqlab.study.engines import slots
from seqlab.study.spec import StudySpec

DEVICES = ("auto", "cpu", "cuda")


def devices_for(spec: StudySpec) -> tuple[StudySpec, int]:
    """The study with its device decided, and how many runs are done at once."""
    device = device_for(spec.device)
    workers = spec.workers or slots(spec.engine, device)
    return spec.with_(device=device), workers


def device_for(name: str) -> str:
    """The device that a name stands for on this machine."""
    if name not in DEVICES:
        raise UserError(f'--device "{name}": accepted are {", ".join(DEVICES)}')
    if name == "cuda" and not torch.cuda.is_available():
        raise UserError('--device "cuda": there is no such device here', "use --device auto")
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return name


def describe_environment(spec: StudySpec, workers: int) -> dict[str, Any]:
    """Versions, machine, device; what a reader needs to judge the figures."""
    return {
        "seqlab": __version__,
        "python": sys.version.split()[0],
        **{name: _version(name) for name in PACKAGES},
        "host": socket.gethostname(),
        "platform": platform.platform(),
        "cpu": cpu(),
        "cores": cores(),
        "device": spec.device,
        "engine": spec.engine,
        "workers": workers,
        "threads_per_run": 1,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def machine() -> dict[str, str]:
    """What tells this machine from others of a cluster, and its kind from other kinds."""
    return {"host": socket.gethostname(), "cpu": cpu()}


def cpu() -> str:
    """The processor, by its own name."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [line.partition(":")[2].strip() for line in file if "model name" in line]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine()

"""How loops are compiled: without the interpreter's lock, cached on disk, for this processor."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba
from llvmlite import binding
from numba.extending import intrinsic
from platformdirs import user_cache_dir

F = TypeVar("F", bound=Callable[..., Any])


def _register_file() -> tuple[int, int]:
    """Bytes in a vector register of this processor, and how many there are."""
    features = binding.get_host_cpu_features()
    if features.get("avx512f"):
        return 64, 32
    if features.get("avx"):
        return 32, 16
    return 16, 32 if platform.machine().lower() in ("aarch64", "arm64") else 16


VECTOR_BYTES, REGISTERS = _register_file()


def _cache_directory() -> str:
    """One folder for each state of these sources: Numba itself only looks at one file."""
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    root = os.environ.get("SEQLAB_CACHE") or user_cache_dir("seqlab")
    return str(Path(root) / "kernels" / digest.hexdigest()[:16])


_CACHE = _cache_directory()


def compiled(function: Callable[..., None]) -> Callable[..., None]:
    """Compile on first call; cached under SEQLAB_CACHE unless NUMBA_CACHE_DIR says where.

    No `fastmath`: the exponentials' error terms do not survive reassociation, and a NaN must
    stay one, or a run that diverged would look healthy.
    """
    users_choice = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = users_choice or _CACHE
    try:
        loop: Callable[..., None] = numba.njit(
            function, nogil=True, cache=True, error_model="numpy"
        )
    except RuntimeError:  # nowhere to write: compile anew in each process
        loop = numba.njit(function, nogil=True, error_model="numpy")
    finally:
        numba.config.CACHE_DIR = users_choice
    return loop


def inlined(function: F) -> F:
    """Compile as a part of the loops that call it, and cache with them."""
    part: F = numba.njit(function, error_model="numpy")
    return part


def emitted(typing: Callable[..., Any]) -> Any:
    """A function of loops whose LLVM code Python writes: `typing` returns signature and writer.

    Literal arguments come as such.
    """
    return intrinsic(prefer_literal=True)(typing)

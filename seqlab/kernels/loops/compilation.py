"""How loops are compiled: without the interpreter's lock, cached on disk, for this processor."""

from __future__ import annotations

import hashlib
import inspect
import pickle
import platform
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import llvmlite
import numba
from llvmlite import binding
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps
from numba.extending import intrinsic

from seqlab.errors import UserError
from seqlab.kernels.cache_folder import CacheFolder, cache_root

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


class MachineCode:
    """Numba's interface to a cache, for one function: its machine code by signature.

    Numba's own cache trusts whatever lies in its folder, ends the process on a damaged file or a
    full disk, falls back on folders beside the sources, and sees changes in but one source.
    """

    def __init__(self, function: Callable[..., Any], folder: CacheFolder) -> None:
        self._function, self._folder = function, folder

    @property
    def cache_path(self) -> str:
        """The folder."""
        return str(self._folder.path)

    def load_overload(self, signature: Any, target: Any) -> Any:
        """The compiled function, or None: then Numba compiles it."""
        # Numba registers what it knows of the target on first use; rebuilding relies on it.
        target.refresh()
        stored = self._folder.read(self._name(signature, target.codegen()))
        if stored is None:
            return None
        try:
            return CompileResult._rebuild(target, *pickle.loads(stored))
        except Exception:  # of another build of Numba or LLVM than its version says
            return None

    def save_overload(self, signature: Any, result: Any) -> None:
        """Store what was compiled."""
        # Addresses of this process, as of functions of C, would be wrong in another.
        if not result.lifted and not result.library.has_dynamic_globals:
            content = dumps(result._reduce())
            self._folder.write(self._name(signature, result.codegen), content)

    def flush(self) -> None:
        """Nothing: files are replaced one by one."""

    def _name(self, signature: Any, codegen: Any) -> str:
        """All that machine code depends on, in a file's name; the folder stands for the sources."""
        versions = numba.__version__, llvmlite.__version__, sys.implementation.cache_tag
        parts = str(signature), *versions, *map(str, codegen.magic_tuple()), _source(self._function)
        digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()
        return f"{self._function.__name__}-{digest[:32]}"


def compiled(function: Callable[..., None], fastmath: bool = False) -> Callable[..., None]:
    """Compile on first call; cached under SEQLAB_CACHE unless NUMBA_CACHE_DIR says where.

    The loops of this package go without `fastmath`: the exponentials' error terms do not survive
    reassociation, and a NaN must stay one, or a run that diverged would look healthy.
    """
    loop: Any = numba.njit(function, nogil=True, error_model="numpy", fastmath=fastmath)
    folder = _folder()
    # With its compiler turned off, Numba gives the function back. What a closure encloses would be
    # in no file's name.
    if folder is not None and loop is not function and function.__closure__ is None:
        loop._cache = MachineCode(function, folder)
    return loop


def inlined(function: F) -> F:
    """Compile as a part of the loops that call it, and cache with them."""
    part: F = numba.njit(function, error_model="numpy")
    return part


def emitted(typing: Callable[..., Any]) -> Any:
    """A function of loops whose LLVM code Python writes: `typing` returns signature and writer.

    Literal arguments come as such. Raises UserError where Numba's settings turn its compiler off:
    there is no Python to fall back on.
    """
    if numba.config.DISABLE_JIT:
        raise UserError(
            "the fused loops need Numba's compiler, which Numba's setting DISABLE_JIT turns off",
            'turn it on, or choose the backend "torch" or "reference"',
        )
    return intrinsic(prefer_literal=True)(typing)


@cache
def _folder() -> CacheFolder | None:
    """One folder for each state of these sources, which inline one another."""
    root = cache_root()
    if root is None:
        return None
    sources = b"".join(p.read_bytes() for p in sorted(Path(__file__).parent.glob("*.py")))
    return CacheFolder(root / hashlib.sha256(sources).hexdigest()[:16])


def _source(function: Callable[..., Any]) -> str:
    """Which function, of which state of its file."""
    file = Path(inspect.getfile(function))
    return f"{function.__qualname__} {hashlib.sha256(file.read_bytes()).hexdigest()}"

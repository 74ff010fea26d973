"""Where compiled loops are kept on disk: a folder that nobody else can write to, or none at all.

What is read from it is unpickled and run, so whoever can write there can run code as this user.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import stat
import tempfile
from pathlib import Path

from platformdirs import user_cache_dir

DIGEST_BYTES = hashlib.sha256().digest_size
ROOT = 0  # the user who could do anything anyway, and who fills caches that are shared
_log = logging.getLogger(__name__)


class CacheFolder:
    """Bytes by name; a name that is missing, damaged or not trusted is as good as never stored.

    `problem` says why nothing is stored (any more), or nothing; it is logged once.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.problem = path, ""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.mkdir(mode=0o700, exist_ok=True)  # whatever the umask lets others do
            reason = distrust(path.lstat())
        except OSError as error:
            reason = f"cannot be made ({error.strerror or error})"
        self.readable = not reason
        if reason:
            self._close(reason)

    def read(self, name: str) -> bytes | None:
        """What was stored, to the bit."""
        if not self.readable:
            return None
        try:
            stored = self._content(self.path / name)
        except OSError:
            return None
        digest, content = stored[:DIGEST_BYTES], stored[DIGEST_BYTES:]
        return content if digest == _digest(name, content) else None

    def write(self, name: str, content: bytes) -> None:
        """Store, or say once that it cannot be: a full or read-only disk ends nothing."""
        if self.problem:
            return
        try:
            self._replace(self.path / name, _digest(name, content) + content)
        except OSError as error:
            self._close(f"cannot be written ({error.strerror or error})")

    def _content(self, path: Path) -> bytes:
        """A file's bytes; its owner is asked of the open file, which cannot be exchanged any more.

        Without O_NONBLOCK a pipe in the file's place would keep us waiting for ever.
        """
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        with open(os.open(path, flags | getattr(os, "O_BINARY", 0)), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or distrust(status):
                return b""
            return file.read()

    def _replace(self, path: Path, content: bytes) -> None:
        """Whole or not at all: other processes read while this one writes."""
        number, staged = tempfile.mkstemp(dir=self.path)
        try:
            with open(number, "wb") as file:
                file.write(content)
            os.replace(staged, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(staged)
            raise

    def _close(self, reason: str) -> None:
        self.problem = (
            f'compiled loops are not cached, and each process compiles its own: "{self.path}" '
            f"{reason}; set SEQLAB_CACHE to a folder of your own"
        )
        _log.warning(self.problem)


def distrust(status: os.stat_result) -> str:
    """Why code from this file or folder should not be run, or nothing.

    Windows keeps its permissions elsewhere, and a user's cache there is the user's alone.
    """
    if os.name == "nt":
        return ""
    if status.st_uid not in (ROOT, os.getuid()):
        return "belongs to another user"
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return "can be written by other users"
    return ""


def cache_root() -> Path | None:
    """What holds the folders of all versions: NUMBA_CACHE_DIR, or under SEQLAB_CACHE or the user's.

    None where the user has no home to keep a cache in.
    """
    if chosen := os.environ.get("NUMBA_CACHE_DIR"):
        return Path(chosen).absolute()
    if chosen := os.environ.get("SEQLAB_CACHE"):
        return Path(chosen).absolute() / "kernels"
    usual = Path(user_cache_dir("seqlab"))
    # Without a home "~" stays as it is, and would become a folder beside the user's data.
    return usual / "kernels" if usual.is_absolute() else None


def _digest(name: str, content: bytes) -> bytes:
    """With the name, so that no file can stand in for another."""
    return hashlib.sha256(name.encode() + b"\0" + content).digest()

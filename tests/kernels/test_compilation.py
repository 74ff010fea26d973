import subprocess
import sys

import numba
import pytest

from seqlab.kernels.loops import compilation


def loop(x):
    x[0] = 1


def test_loops_are_cached_where_seqlab_keeps_its_files(monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    assert compilation.compiled(loop).stats.cache_path.startswith(compilation._CACHE)
    assert numba.config.CACHE_DIR == ""


def test_the_users_own_cache_comes_first(monkeypatch, tmp_path):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    assert compilation.compiled(loop).stats.cache_path.startswith(str(tmp_path))
    assert str(tmp_path) == numba.config.CACHE_DIR


def test_the_cache_moves_with_its_variable(tmp_path):
    code = "from seqlab.kernels.loops import compilation; print(compilation._CACHE)"
    output = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"SEQLAB_CACHE": str(tmp_path), "PATH": ""},
    )
    assert output.stdout.startswith(str(tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["rnn", "gru", "lstm", "slstm", "linear_scan", "selective_scan"])
def test_a_long_step_takes_at_most_six_tenths_of_the_twins_memory(kind):
    memory = pytest.importorskip("bench.memory", reason="run pytest from the repository's root")
    ours, twin = (memory.peak_mib(kind, (8, 4096, 128), b) for b in ("fused", "reference"))
    if ours is None:
        pytest.skip("the system does not tell a process's peak memory")
    assert ours <= 0.6 * twin

"""Odd machines and odd places, with the command as people run it: it works, or one line says why.

Each case is a process of its own, in an environment, under a bound or in a folder of that kind.
"""

import os
import shutil
import subprocess
import sys
import time

import pytest

from tests.conftest import SMALL
from tests.reviews import write_reviews

resource = pytest.importorskip("resource", reason="bounds of processes are POSIX's")
pytestmark = pytest.mark.slow

COMMAND = [sys.executable, "-c", "from seqlab.cli import main; main()"]
PATIENCE = 600  # seconds


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_reviews(tmp_path_factory.mktemp("reviews") / "reviews.csv")


def bounded(which, most):
    """What a process of ours begins with: no more of a resource than this."""
    return lambda: resource.setrlimit(which, (most, most))


def run(*arguments, variables=None, without=(), **how):
    """What became of a command."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **(variables or {})}
    for name in without:
        environment.pop(name, None)
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        env=environment,
        timeout=PATIENCE,
        **how,
    )


def compare(data, folder, **how):
    return run("compare", data, *SMALL, "-o", folder, **how)


def worked(done, folder):
    """Whether a comparison came to its end and said so."""
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    assert (folder / "report.html").exists()
    assert b"to use it" in done.stdout


def said(done):
    """The one line (and its hint) of a command that could not go on."""
    words = done.stderr.decode(errors="replace")
    assert done.returncode not in (0, -signal_of("SIGSEGV"), -signal_of("SIGABRT")), words
    assert "Traceback" not in words
    assert "internal error" not in words
    errors = [line for line in words.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, words
    return errors[0]


def signal_of(name):
    import signal

    return int(getattr(signal, name))


ENVIRONMENTS = {
    "no home": ({}, ["HOME"]),
    "a home that is not there": ({"HOME": "/nonexistent/home"}, []),
    "a home that is a device": ({"HOME": "/dev/null"}, []),
    "no place for temporary files": ({"TMPDIR": "/nonexistent/tmp"}, []),
    "a cache that cannot be written": ({"XDG_CACHE_HOME": "/proc", "NUMBA_CACHE_DIR": "/proc"}, []),
    "the C locale": ({"LC_ALL": "C", "LANG": "C", "PYTHONIOENCODING": "ascii"}, []),
    "a Windows code page": ({"PYTHONIOENCODING": "cp1252"}, []),
    "Latin-1": ({"PYTHONIOENCODING": "latin-1"}, []),
    "a narrow terminal": ({"COLUMNS": "20"}, []),
    "no compiler": ({"NUMBA_DISABLE_JIT": "1"}, []),
}


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_a_comparison_in_an_odd_environment(name, data, tmp_path):
    variables, without = ENVIRONMENTS[name]
    folder = tmp_path / "study"
    worked(compare(data, folder, variables=variables, without=without), folder)


@pytest.mark.parametrize("most", [60_000, 200_000, 500_000, 1_500_000])
def test_files_that_may_not_grow_cost_nothing_that_is_finished(most, data, tmp_path):
    folder = tmp_path / "study"
    done = compare(data, folder, preexec_fn=bounded(resource.RLIMIT_FSIZE, most))
    if done.returncode:
        assert str(folder) in said(done)
    worked(compare(data, folder), folder)


@pytest.mark.parametrize("megabytes", [1000, 1300, 1500])
def test_a_bound_on_memory_ends_in_a_line_and_leaves_no_process(megabytes, data, tmp_path):
    folder = tmp_path / "study"
    bound = bounded(resource.RLIMIT_AS, megabytes * 2**20)
    done = compare(data, folder, preexec_fn=bound, start_new_session=True)
    if done.returncode:
        said(done)
    else:
        worked(done, folder)


def test_paths_with_odd_letters(data, tmp_path):
    place = tmp_path / "new\nline ~ [b] é"
    place.mkdir()
    shutil.copy(data, place / "a\nb [c].csv")
    folder = place / "out\nput"
    worked(compare(place / "a\nb [c].csv", folder), folder)
    done = run("predict", folder / "best", place / "a\nb [c].csv", "-o", place / "new\n.csv")
    assert done.returncode == 0, done.stderr
    assert (place / "new\n.csv").exists()


def test_a_folder_deleted_in_the_middle_is_one_line(data, tmp_path):
    folder = tmp_path / "study"
    process = subprocess.Popen(
        [*COMMAND, "compare", str(data), *SMALL, "-o", str(folder)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    end = time.monotonic() + PATIENCE
    while not list(folder.glob("runs/*/*")) and process.poll() is None and time.monotonic() < end:
        time.sleep(0.05)
    shutil.rmtree(folder, ignore_errors=True)
    _, words = process.communicate(timeout=PATIENCE)
    done = subprocess.CompletedProcess([], process.returncode, b"", words)
    assert str(folder) in said(done)
    worked(compare(data, folder), folder)


def test_the_log_of_workers_follows_no_link(data, tmp_path):
    """A link in its place would let a study write over a file of the user's."""
    folder, other = tmp_path / "study", tmp_path / "precious.txt"
    folder.mkdir()
    other.write_text("precious")
    (folder / "workers.log").symlink_to(other)
    done = compare(data, folder)
    assert other.read_text() == "precious"
    if done.returncode:
        said(done)

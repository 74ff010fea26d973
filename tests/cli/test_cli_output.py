"""What commands print: plans, verdicts, JSON and nothing else; and how fast they answer."""

import errno
import importlib
import json
import os
import subprocess
import sys
import time

import pytest

from tests.conftest import SMALL

SEQLAB = [sys.executable, "-m", "seqlab"]


def call(*arguments, **options):
    return subprocess.run(
        [*SEQLAB, *map(str, arguments)], capture_output=True, text=True, timeout=120, **options
    )


def test_version_and_help(seqlab):
    from seqlab import __version__

    assert seqlab("--version").out == f"seqlab {__version__}\n"
    for command in ("compare", "inspect", "predict", "report", "demo", "mixers", "datasets"):
        done = seqlab(command, "--help")
        assert done.status == 0
        assert f"Usage: seqlab {command}" in done.out


def test_help_needs_no_torch():
    """Half a second on an idle machine; what must not be imported is a steadier measure."""
    code = (
        "import sys; from seqlab.cli import run; run(['compare', '--help']);"
        "print([name for name in ('torch', 'pandas', 'sklearn', 'numba') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"
    begun = time.perf_counter()
    call("--help")
    assert time.perf_counter() - begun < 3


def test_lists(seqlab):
    assert "gru" in seqlab("mixers").out
    assert "characters" in seqlab("datasets").out
    assert json.loads(seqlab("mixers", "--json").out)["gru"]["streams"] is True
    assert json.loads(seqlab("datasets", "--json").out)["characters"]["task"] == "classify"


@pytest.mark.parametrize("command", ["compare", "inspect"])
def test_json_is_all_that_is_printed(command, seqlab, small_csv, study_folder, in_process):
    options = [*SMALL, "-o", study_folder] if command == "compare" else []
    done = seqlab(command, small_csv, *options, "--json")
    assert (done.status, done.err) == (0, "")
    assert json.loads(done.out)


def test_an_error_with_json_leaves_stdout_empty(seqlab):
    done = seqlab("compare", "nowhere.csv", "--json")
    assert done.error == 'no file or folder "nowhere.csv"'
    assert done.out == ""


def test_dry_run_trains_nothing_and_writes_nothing(seqlab, small_csv, here, monkeypatch):
    def refuse(*_):
        raise AssertionError("a dry run must start no process")

    monkeypatch.setattr("seqlab.study.pool._Worker", refuse)
    done = seqlab("compare", small_csv, *SMALL, "-o", "out", "--dry-run")
    assert (done.status, done.err) == (0, "")
    said = " ".join(done.out.split())
    for words in (
        "96 training, 12 validation, 12 test examples; accuracy decides",
        "1 network (rnn) and 1 baseline (majority); 3,000 parameters for each network",
        "1 configuration and 2 fresh seeds each",
        "Ctrl-C keeps what is done",
        "12 test examples tell next to nothing; --folds 5 tests all 120 and tells",
        "Nothing was trained (--dry-run).",
    ):
        assert words in said
    assert len(done.out[: done.out.index("Nothing")].strip().split("\n\n")) == 1
    assert list(here.iterdir()) == []
    more = " ".join(
        seqlab("compare", small_csv, *SMALL, "-o", "out", "--dry-run", "-v").out.split()
    )
    for words in ("contestant kind width parameters", "each run: 1 epoch at most; 1 at a time"):
        assert words in more
        assert words not in said


def test_plan_leaderboard_sentence_and_path(
    seqlab, small_csv, study_folder, in_process, monkeypatch
):
    monkeypatch.setenv("COLUMNS", "160")
    done = seqlab("compare", small_csv, *SMALL, "-o", study_folder)
    assert (done.status, done.err) == (0, "")
    said = " ".join(done.out.split())
    verdict = json.loads((study_folder / "verdict.json").read_text())
    for words in (
        "Ctrl-C keeps what is done",
        "contestant accuracy 95 % interval status",
        "always the most frequent class (majority)",
        verdict["headline"],
        f"read the report {(study_folder / 'report.html').as_uri()}",
        f"predict seqlab predict {study_folder / 'best'} NEW_DATA",
    ):
        assert words in said


def test_inspection_reads_as_advice(seqlab, small_csv):
    said = " ".join(seqlab("inspect", small_csv).out.split())
    for words in ("120 rows", "task: classify", "2 classes", "a comparison as it stands:"):
        assert words in said


def test_errors_through_a_shell(here):
    done = call("compare", "nowhere.csv")
    assert done.returncode == 2
    error, hint = done.stderr.splitlines()[-2:]  # a slow start may have been told before
    assert error == 'error: no file or folder "nowhere.csv"'
    assert hint.startswith("hint: ")
    assert done.stdout == ""


def test_debug_shows_where(here):
    done = call("compare", "nowhere.csv", "--debug")
    assert done.returncode != 0
    assert "Traceback" in done.stderr


def test_a_reader_that_leaves_is_no_error(small_csv, model_of_baseline):
    """`seqlab predict … | head -1` ends without a traceback."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*SEQLAB, "predict", str(model_of_baseline), str(small_csv)],
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(write)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert "error" not in done.stderr.lower()


@pytest.fixture
def model_of_baseline(study_folder):
    return study_folder / "best"


def test_a_bug_says_that_it_is_one(seqlab, small_csv, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("two\nlines")

    monkeypatch.setattr("seqlab.workbench.study.gather", fail)
    done = seqlab("compare", small_csv)
    assert done.status == 1
    assert done.err.splitlines() == [
        "error: internal error: RuntimeError: two",
        "hint: this is a bug in seqlab; --debug shows where it happened",
    ]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(28, "No space left on device"), "the disk is full"),
        (OSError(28, "No space left on device", "x.json"), "x.json: the disk is full"),
        (MemoryError(), "out of memory"),
        (
            RuntimeError("[enforce fail at alloc_cpu.cpp] can't allocate"),
            "out of memory",
        ),
        (ImportError("libtorch_cpu.so: failed to map segment"), "out of memory"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "out of memory"),
        (OSError(27, "File too large"), "a file may not be this large"),
        (PermissionError(13, "Permission denied", "x.csv"), "x.csv: permission denied"),
    ],
)
def test_what_the_machine_refuses(error, message, seqlab, small_csv, monkeypatch):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("seqlab.workbench.study.gather", fail)
    done = seqlab("compare", small_csv)
    assert done.error == message
    assert done.hint
    assert done.status == 1


def test_series_that_nothing_names_are_told_with_what_to_add(seqlab, here):
    rows = [
        f"m{n},{t},{t * n % 7}.5,{'worn' if n % 2 else 'good'}" for n in range(8) for t in range(9)
    ]
    (here / "machines.csv").write_text("machine,tick,volt,state\n" + "\n".join(rows) + "\n")
    done = seqlab("compare", "machines.csv")
    assert done.error == '"machines.csv": looks like 8 series with one "state" each'
    options = done.hint.removeprefix("add ").split()
    assert options == ["--task", "series", "--columns", "series=machine,label=state"]
    assert "task: series" in seqlab("inspect", "machines.csv", *options).out


def test_the_doctor_says_what_there_is(seqlab, tmp_path, monkeypatch):
    from seqlab.workbench import doctor

    kernels = importlib.import_module("seqlab.kernels.warm_up")
    monkeypatch.setattr(kernels, "warm_up", lambda: iter([("gru", 0.5)]))
    found = json.loads(seqlab("doctor", "--json").out)
    assert (
        f"torch {__import__('torch').__version__.partition('+')[0]}" in found["packages"]["found"]
    )
    assert {"threads", "kernels", "accelerator", "cache", "studies"} <= found.keys()
    said = seqlab("doctor")
    assert said.status == 0
    assert "kernels: 1 compiled" in said.out
    monkeypatch.setattr(doctor.os, "access", lambda *_: False)
    broken = seqlab("doctor")
    assert broken.status == 1
    assert "cannot be written" in broken.out

"""Streams as other programs leave them: other encodings, closed, read in part, full."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import SMALL

SEQLAB = [sys.executable, "-m", "seqlab"]
posix = pytest.mark.skipif(os.name == "nt", reason="shell and files of POSIX")


def complaints(text):
    """Standard error without the lines that tell who waits what is being done."""
    words = text.decode() if isinstance(text, bytes) else text
    return [line for line in words.splitlines() if not re.search(r" \(\d+ s\)$", line)]


def call(*arguments, **environment):
    return subprocess.run(
        [*SEQLAB, *map(str, arguments)],
        capture_output=True,
        timeout=120,
        env={**os.environ, **environment},
    )


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "utf-16"])
def test_output_in_any_encoding(encoding):
    done = call("mixers", PYTHONIOENCODING=encoding)
    assert (done.returncode, complaints(done.stderr.decode(encoding))) == (0, [])
    assert "O(T" in done.stdout.decode(encoding)


def test_json_in_another_encoding_is_the_same_document():
    plain, latin = (
        call("mixers", "--json", PYTHONIOENCODING=encoding) for encoding in ("utf-8", "latin-1")
    )
    assert not plain.stdout.isascii()
    assert json.loads(plain.stdout) == json.loads(latin.stdout)


def refuse(constant):
    raise AssertionError(f"{constant} is no JSON")


@pytest.mark.parametrize(
    "arguments",
    [
        ("compare", "DATA", *SMALL, "--dry-run", "--seeds", "1"),
        ("compare", "DATA", *SMALL, "--dry-run"),
        ("inspect", "DATA"),
        ("evaluate", "STUDY", "DATA"),
        ("predict", "STUDY", "DATA"),
        ("report", "STUDY"),
        ("mixers",),
        ("datasets",),
    ],
)
def test_json_is_strict(arguments, seqlab, small_csv, study_folder):
    places = {"DATA": small_csv, "STUDY": study_folder}
    done = seqlab(*(places.get(argument, argument) for argument in arguments), "--json")
    assert (done.status, done.err) == (0, "")
    assert json.loads(done.out, parse_constant=refuse)


def test_no_number_is_an_error_and_not_continued(seqlab):
    assert seqlab("predict-next", "98", "nan").error == "nan: not a finite number"
    assert seqlab("predict-next", "inf", "--json").out == ""


@posix
@pytest.mark.parametrize("shell", ["{} mixers | head -1", "{} mixers | true", "{} --help | true"])
def test_a_reader_may_leave(shell):
    line = shell.format(" ".join(SEQLAB))
    done = subprocess.run(["bash", "-o", "pipefail", "-c", line], capture_output=True, text=True)
    assert (done.returncode, complaints(done.stderr)) == (0, [])


@posix
def test_an_inspection_in_the_c_locale_with_streams_closed(small_csv):
    environment = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    line = f"{' '.join(SEQLAB)} inspect {small_csv} <&- 2>&-"
    done = subprocess.run(["bash", "-c", line], capture_output=True, env=os.environ | environment)
    assert done.returncode == 0
    assert "task: classify - " in done.stdout.decode("ascii")


@posix
def test_a_study_goes_on_when_its_reader_leaves(small_csv, tmp_path):
    options = map(str, [small_csv, *SMALL, "-o", tmp_path / "s"])
    command = " ".join([sys.executable, "-m", "tests.inprocess", "compare", *options])
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{command} | head -1"],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert (done.returncode, complaints(done.stderr)) == (0, [])
    assert (tmp_path / "s" / "report.html").exists()


@posix
@pytest.mark.parametrize(
    ("command", "closed"),
    [("mixers", "<&-"), ("mixers", ">&-"), ("mixers", "2>&-"), ("report", "<&- >&- 2>&-")],
)
def test_closed_streams_are_no_errors(command, closed, study_folder):
    data = study_folder if command == "report" else ""
    line = f"{' '.join(SEQLAB)} {command} {data} {closed}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True)
    assert (done.returncode, complaints(done.stderr)) == (0, [])


@posix
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_full_disk_behind_standard_output_is_one_line():
    line = f"{' '.join(SEQLAB)} mixers > /dev/full"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == "error: the disk is full"
    assert len(done.stderr.splitlines()) == 2

"""A folder full of traps: files beside the data that bear the names of modules are never run."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import seqlab
from seqlab.isolation import environment, leave_current_folder, python, python_module
from tests.reviews import write_reviews
from tests.study.test_study_folder import QUALITY

ROOT = Path(seqlab.__file__).parents[1]
NAMES = (
    *("abc", "ast", "bisect", "codecs", "copy", "csv", "ctypes", "enum", "errno", "filelock"),
    *("heapq", "inspect", "json", "llvmlite", "logging", "matplotlib", "numba", "numpy", "pandas"),
    *("pip", "platform", "queue", "random", "re", "rich", "safetensors", "select", "signal"),
    *("sitecustomize", "sklearn", "socket", "string", "subprocess", "tempfile", "threading"),
    *("token", "torch", "typer", "typing", "usercustomize", "uuid", "zipfile", "zlib"),
)
TRAP = """
import os
open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "SPRUNG"), "a").write(__name__ + " ")
"""
ARGUMENTS = [
    *("--candidates", "rnn", "--baselines", "majority", "--params", "3k", "--seeds", "2"),
    *("--trials", "1", "--epochs", "1", "--workers", "1", "-o", "study"),
]


def trapped(folder):
    """Fills a folder with traps."""
    folder.mkdir(exist_ok=True)
    for name in NAMES:
        (folder / f"{name}.py").write_text(TRAP)
    return folder


def sprung(folder):
    """Which traps were run."""
    marker = folder / "SPRUNG"
    return marker.read_text() if marker.exists() else ""


def seqlab_in(folder, start, *arguments, **variables):
    """Runs the command line in a folder."""
    done = subprocess.run(
        [*start, *arguments],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1", **variables},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# As the installed command does it, and as a module; its path is not clean until seqlab begins.
STARTS = {
    "command": python("-c", "from seqlab.cli import main; main()"),
    "module": [sys.executable, "-m", "seqlab"],
}


@pytest.mark.slow
def test_traps_beside_the_data_change_nothing(tmp_path):
    boards = {}
    for name, start in {"plain": STARTS["command"], **STARTS}.items():
        folder = tmp_path / name
        folder.mkdir() if name == "plain" else trapped(folder)
        write_reviews(folder / "reviews.csv", rows=120)
        variables = {"PYTHONPATH": str(ROOT)} if name == "module" else {}
        seqlab_in(folder, start, "inspect", "reviews.csv", **variables)
        seqlab_in(folder, start, "compare", "reviews.csv", *ARGUMENTS, **variables)
        words = ("predict", "study/best", "reviews.csv", "-o", "predicted.csv")
        seqlab_in(folder, start, *words, **variables)
        assert sprung(folder) == ""
        boards[name] = pd.read_csv(folder / "study" / "leaderboard.csv")[QUALITY]
    pd.testing.assert_frame_equal(boards["command"], boards["plain"])
    pd.testing.assert_frame_equal(boards["module"], boards["plain"])


@pytest.mark.parametrize("entry", ["", ".", "./", f"{ROOT}{os.pathsep}", f".{os.pathsep}{ROOT}"])
def test_processes_of_ours_spring_no_trap(entry, tmp_path, monkeypatch):
    """Whatever of PYTHONPATH means the current folder is not for them."""
    monkeypatch.chdir(trapped(tmp_path))
    monkeypatch.setenv("PYTHONPATH", entry)
    write_reviews(tmp_path / "reviews.csv", rows=40)
    for command in (python_module("seqlab", "--help"), python("-m", "pip", "--version")):
        done = subprocess.run(command, env=environment(), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert sprung(tmp_path) == ""


def test_processes_of_ours_have_this_very_seqlab(tmp_path, monkeypatch):
    """From wherever this process has it: another one on the path is not taken."""
    (tmp_path / "other" / "seqlab").mkdir(parents=True)
    (tmp_path / "other" / "seqlab" / "__init__.py").write_text("raise SystemExit('another')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "other"))
    done = subprocess.run(python_module("seqlab", "--help"), env=environment(), text=True)
    assert done.returncode == 0


def test_what_pythonpath_names_stays(tmp_path, monkeypatch):
    """Also the current folder, by its full path, and folders below it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["", "library", str(tmp_path), "."]))
    assert environment()["PYTHONPATH"].split(os.pathsep) == [
        str(tmp_path / "library"),
        str(tmp_path),
    ]


def test_a_current_folder_from_an_empty_entry_leaves_the_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), "/library", ""])
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    leave_current_folder()
    assert sys.path == [str(tmp_path), "/library", ""]
    monkeypatch.setenv("PYTHONPATH", f"/library{os.pathsep}")
    leave_current_folder()
    assert sys.path == ["/library"]


def test_a_deleted_current_folder_is_no_obstacle(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    monkeypatch.setenv("PYTHONPATH", f".{os.pathsep}{ROOT}")
    assert environment()["PYTHONPATH"] == str(ROOT)


def test_a_zipped_seqlab_starts_processes(tmp_path):
    """Its own modules come from the archive; the folder of neither is on the path."""
    import shutil

    archive = shutil.make_archive(str(tmp_path / "seqlab"), "zip", ROOT, "seqlab")
    code = (
        f"import sys; sys.path.insert(0, {archive!r}); from seqlab import isolation; "
        "print(*isolation.python_module('seqlab.study.channel'), sep=chr(0))"
    )
    command = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    done = subprocess.run(command.rstrip("\n").split("\0"), env=environment())
    assert archive in command
    assert done.returncode == 0

"""The wheel holds all that the package reads; wheel and sdist install and run elsewhere."""

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.packaging.declared import ROOT

BUILD = "from setuptools import build_meta; print(build_meta.build_{kind}({out!r}))"


def built(tree, kind):
    """The wheel or sdist that the build back end makes of the tree, without a network."""
    out = tree / "dist"
    code = BUILD.format(kind=kind, out=str(out))
    done = subprocess.run([sys.executable, "-c", code], cwd=tree, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return out / done.stdout.splitlines()[-1]


def test_the_wheel_holds_every_file_of_the_package(tree):
    with zipfile.ZipFile(built(tree, "wheel")) as wheel:
        names = set(wheel.namelist())
    files = {
        path.relative_to(tree).as_posix() for path in tree.glob("seqlab/**/*") if path.is_file()
    }
    assert files - names == set()
    assert "seqlab/py.typed" in names
    assert {name.partition("/")[0] for name in names if ".dist-info" not in name} == {"seqlab"}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["*.whl", "*.tar.gz"])
def test_what_is_built_runs_the_demo_in_an_empty_environment(tmp_path, tree, kind):
    folder = tmp_path / "env"
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    online = _pip(python, "download", "--no-deps", "-d", str(tmp_path / "probe"), "platformdirs")
    if online.returncode:
        pytest.skip("no package index can be reached")
    subprocess.run([sys.executable, "-m", "build", "-o", str(tmp_path), str(tree)], check=True)
    torch = os.environ.get("TORCH_PIP_ARGS", "").split()
    constraints = str(ROOT / "constraints.txt")
    for arguments in (["-c", constraints, *torch, "torch"], [str(*tmp_path.glob(kind))]):
        installed = _pip(python, "install", *arguments)
        assert installed.returncode == 0, installed.stderr[-3000:]
    program = python.with_name("seqlab")
    away = tmp_path / "elsewhere"
    away.mkdir()
    done = subprocess.run([program, "demo"], cwd=away, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert list(away.rglob("report.html"))


def _pip(python: Path, *arguments):
    command = [python, "-m", "pip", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, capture_output=True, text=True)

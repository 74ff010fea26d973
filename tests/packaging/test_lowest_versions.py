"""The lowest versions that pyproject.toml allows pass the fast suite."""

import os
import subprocess
import sys
import venv

import pytest

from tests.packaging.declared import ROOT, requirements


@pytest.mark.slow
def test_the_fast_suite_passes_with_the_lowest_versions(tmp_path, tree):
    if sys.version_info[:2] != (3, 11):
        pytest.skip("the lowest versions go with the lowest Python, 3.11")
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / ("Scripts" if os.name == "nt" else "bin") / "python"
    lowest = [f"{name}=={floor}" for name, floor in requirements("test").items()]
    (tmp_path / "lowest.txt").write_text("\n".join(lowest), encoding="utf-8")
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "-c", "lowest.txt"]
    probe = subprocess.run([*pip, "setuptools"], cwd=tmp_path, capture_output=True, text=True)
    if probe.returncode:
        pytest.skip("no package index can be reached")
    for arguments in ([*os.environ.get("TORCH_PIP_ARGS", "").split(), "torch"], [f"{tree}[test]"]):
        done = subprocess.run([*pip, *arguments], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    suite = [python, "-m", "pytest", "-n", "2", "-p", "no:cacheprovider"]
    done = subprocess.run(suite, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-6000:]

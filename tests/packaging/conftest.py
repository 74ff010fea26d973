import shutil

import pytest

from tests.packaging.declared import ROOT

SHIPPED = ("seqlab", "pyproject.toml", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of what is packaged, so that building leaves nothing in the project."""
    copy = tmp_path_factory.mktemp("tree")
    for name in SHIPPED:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
            shutil.copytree(ROOT / name, copy / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, copy / name)
    return copy

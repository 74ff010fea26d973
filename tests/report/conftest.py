import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))  # tests share modules, and are no package

from tests.report.browser import Page, find_chromium
from tests.report.golden import write_golden_study


@pytest.fixture(scope="session")
def golden(tmp_path_factory) -> Path:
    """A finished study that tests only read."""
    return write_golden_study(tmp_path_factory.mktemp("golden") / "study")


@pytest.fixture
def study(golden, tmp_path) -> Path:
    """A finished study that a test may change."""
    return Path(shutil.copytree(golden, tmp_path / "study"))


@pytest.fixture(scope="session")
def page(tmp_path_factory):
    executable = find_chromium()
    if executable is None:
        pytest.skip("no Chromium: install one, or name it in the CHROME variable")
    page = Page(executable, tmp_path_factory.mktemp("chromium"))
    yield page
    page.close()

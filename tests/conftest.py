import shutil

import pytest

from seqlab.cli import run, waiting
from tests import inprocess
from tests.reviews import write_reviews

# What makes a study small; the tests that extend it say more.
SMALL = [
    *("--candidates", "rnn", "--baselines", "majority", "--params", "3k"),
    *("--seeds", "2", "--trials", "1", "--epochs", "1", "--workers", "1"),
]


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """Nobody waits: on a busy machine a line about waiting would be among what commands print."""
    monkeypatch.setattr(waiting, "SILENT_SECONDS", 3600.0)


@pytest.fixture(scope="session")
def small_csv(tmp_path_factory):
    """Texts with two classes."""
    return write_reviews(tmp_path_factory.mktemp("data") / "small.csv")


@pytest.fixture(scope="session")
def finished(small_csv, tmp_path_factory):
    """A finished study, as the command line makes it (in this process), that tests only read."""
    folder = tmp_path_factory.mktemp("finished") / "study"
    with pytest.MonkeyPatch.context() as patched:
        inprocess.patch(patched)
        assert run(["compare", str(small_csv), *SMALL, "-o", str(folder)]) == 0
    return folder


@pytest.fixture
def study_folder(finished, tmp_path):
    """A finished study that a test may change."""
    return shutil.copytree(finished, tmp_path / "study")


@pytest.fixture
def in_process(monkeypatch):
    """Studies do their work in this process, which is quick; what they leave is the same."""
    inprocess.patch(monkeypatch)

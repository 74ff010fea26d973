import pytest

from tests.fuzz.contained import Commands


@pytest.fixture(scope="session")
def commands(tmp_path_factory):
    """One process for the commands of all tests: starting it takes seconds."""
    with Commands(tmp_path_factory.mktemp("commands")) as contained:
        yield contained

"""Servers of small contestants of every task, in this process."""

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("prometheus_client")
pytest.importorskip("httpx")

from fastapi.testclient import TestClient

from seqlab.serve.app import application
from seqlab.serve.limits import Limits
from seqlab.workbench.predictor import load
from tests.fuzz.data_files import write_all
from tests.fuzz.trained import DATA, write_trained


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """Task → the best/ folder of a small network."""
    folder = tmp_path_factory.mktemp("served")
    write_all(folder / "data")
    made = write_trained(folder / "best", folder / "data", baselines=False)
    return dict(zip(DATA, (best for _, best, _ in made), strict=True))


@pytest.fixture
def serving(trained):
    """A client of a server that is made with some limits."""
    open_clients = []

    def begin(task="classify", key=None, predictor=None, **limits):
        predictor = predictor or load(trained[task])
        app = application(predictor, Limits(**limits), key=key)
        client = TestClient(app, raise_server_exceptions=False)
        open_clients.append(client.__enter__())
        return client

    yield begin
    for client in open_clients:
        client.__exit__(None, None, None)


def text_rows(*texts):
    """The body that asks about texts."""
    return {"rows": [{"text": text} for text in texts]}

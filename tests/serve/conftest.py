"""Servers of small contestants of every task, in this process."""

import asyncio
import threading
from contextlib import ExitStack, contextmanager

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("prometheus_client")
pytest.importorskip("httpx2")

from fastapi.testclient import TestClient

from seqlab.serve.app import application
from seqlab.serve.limits import Limits
from seqlab.serve.running import listening, server_of
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


@pytest.fixture
def listening_at(trained):
    """The address of a server on a port, which the clients of other projects speak to."""
    with ExitStack() as stack:

        def begin(task, **limits):
            app = application(load(trained[task]), Limits(**limits))
            return stack.enter_context(running(app))

        yield begin


@contextmanager
def running(app):
    """An application on a free port, in a thread of its own."""
    address = listening("127.0.0.1", 0)
    begun = threading.Event()
    server = server_of(app, 5, begun.set)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[address])))
    thread.start()
    assert begun.wait(60)
    yield f"http://127.0.0.1:{address.getsockname()[1]}"
    server.should_exit = True
    thread.join(60)

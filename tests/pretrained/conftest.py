import socket

import pytest

from tests.pretrained import tiny


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory):
    """A tiny BERT that tests only read."""
    return tiny.bert(tmp_path_factory.mktemp("tiny") / "checkpoint")


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path_factory):
    """No network, and a cache of the tests' own."""

    def refuse(*args, **kwargs):
        raise AssertionError("a local name asked for the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setenv("SEQLAB_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))

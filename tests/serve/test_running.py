"""The server as a process: it listens, answers, and ends when it is told to."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from seqlab.errors import UserError
from seqlab.serve.running import listening


@pytest.fixture
def server(trained):
    """(process, port) of `seqlab serve` with a small model."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "seqlab", "serve", str(trained["classify"])]
    process = subprocess.Popen(
        [*command, "--port", str(port), "--limit", "body_seconds=1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    line = process.stdout.readline()
    assert line.startswith(f"gru (classify) at http://127.0.0.1:{port}")
    yield process, port
    process.kill()
    process.wait()


def connection(port, sent):
    """A connection with something sent on it."""
    client = socket.create_connection(("127.0.0.1", port), timeout=30)
    client.sendall(sent)
    return client


def received(client):
    """All that comes until the other side closes."""
    parts = []
    while part := client.recv(65536):
        parts.append(part)
    return b"".join(parts)


BODY = json.dumps({"rows": [{"text": "great fun"}]}).encode()
HEAD = (
    b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n"
)
WHOLE = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_bad_connections_and_an_orderly_end(server):
    process, port = server
    assert b"200 OK" in received(connection(port, WHOLE))
    # A body that never ends is told so after a second; others are answered all the while.
    slow = connection(port, HEAD + b"Content-Length: 1000\r\n\r\n" + b"{")
    assert b"200 OK" in received(connection(port, WHOLE))
    assert b"408 Request Timeout" in received(slow)
    whole = connection(port, WHOLE)
    whole.shutdown(socket.SHUT_WR)
    assert b"200 OK" in received(whole)
    half = connection(port, HEAD + b"Content-Length: 1000\r\n\r\n{")
    half.shutdown(socket.SHUT_WR)
    received(half)
    gone = connection(port, HEAD + b"Content-Length: 1000\r\n\r\n{")
    gone.close()
    assert b"400 Bad Request" in received(connection(port, b"nonsense\r\n\r\n"))
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=30) as answer:
        assert answer.status == 200
    # What has begun to arrive when the end is asked for is answered still.
    last = connection(port, HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY[:5])
    time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    last.sendall(BODY[5:])
    assert b"200 OK" in received(last)
    assert process.wait(30) == 0


def test_an_address_that_is_taken():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(UserError, match=f"--host 127.0.0.1 --port {port}: "):
            listening("127.0.0.1", port)

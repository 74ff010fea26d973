"""Whatever is sent: a status and one line; whoever asks properly beside it gets the same answer."""

import json
import random
import socket
import threading

import pytest

from tests.serve.test_running import HEAD, WHOLE, connection, received

PATHS = [
    *("/predict", "/predict/file", "/stream", "/v1/completions", "/v1/models/x", "/"),
    *("/v2/models/gru/infer", "/metrics", "/sessions", "/nothing", "/predict/../x", "/%00"),
]
VALUES = [
    *(None, True, -1, 0, 1e308, 2**70, "", "a", "😀" * 50, "\x00", "\ud800", "a " * 3000),
    *([], {}, [[]], [None], {"a": {}}, [1, "a"], [[0.5, None]] * 12, [[[1]]], "NaN", "../../etc"),
]
FIELDS = [
    *("rows", "text", "tokens", "series", "history", "model", "prompt", "inputs", "name"),
    *("shape", "datatype", "data", "max_tokens", "stream", "temperature", "stop", "seed", "src"),
]
STATUSES = {200, 201, 204, 307, 400, 404, 405, 408, 413, 415, 422, 429, 503, 504}


def value(rng, depth=0):
    """A value of any kind, nested at times."""
    kind = rng.random()
    if depth > 4 or kind < 0.5:
        return rng.choice(VALUES)
    if kind < 0.7:
        return [value(rng, depth + 1) for _ in range(rng.randrange(4))]
    return {rng.choice(FIELDS): value(rng, depth + 1) for _ in range(rng.randrange(4))}


GOOD = [
    {"rows": [{"text": "great fun"}]},
    {"model": "gru", "prompt": "the ", "max_tokens": 3},
    {"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["a"]}]},
]


def body(rng):
    """JSON that is right but for one value, of any kind, or damaged; or no JSON."""
    asked = json.loads(json.dumps(rng.choice(GOOD)))
    if rng.random() < 0.7:
        place = asked
        while isinstance(place, dict) and place:
            key = rng.choice(list(place))
            if rng.random() < 0.5 or not isinstance(place[key], dict | list):
                place[key] = value(rng)
                break
            place = place[key][0] if isinstance(place[key], list) and place[key] else place[key]
    content = json.dumps(asked if rng.random() < 0.8 else value(rng)).encode()
    if rng.random() < 0.3:
        at = rng.randrange(len(content) + 1)
        junk = rng.choice([b"\xff", b"[" * 200, b"\0", b"NaN", b'"', b"", rng.randbytes(20)])
        content = content[:at] + junk + content[at + rng.randrange(5) :]
    return content


def request(rng):
    """A request as bytes; its head may be strange, and its length wrong."""
    content = body(rng)
    method = rng.choice(["POST"] * 6 + ["GET", "PUT", "DELETE", "HEAD", "OPTIONS", "BREW"])
    kind = rng.choice(["application/json"] * 8 + ["text/csv", "text/plain", "", "a" * 300])
    length = len(content) if rng.random() < 0.9 else rng.choice([0, 1, len(content) + 3, 10**12])
    head = f"{method} {rng.choice(PATHS)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    head += f"Content-Type: {kind}\r\nContent-Length: {length}\r\n"
    if rng.random() < 0.1:
        head += rng.choice(["Inference-Header-Content-Length: 5\r\n", "X-API-Key: \xff\r\n"])
    return head.encode("latin-1") + b"\r\n" + content


def odd(address, rng):
    """What is wrong with the answer to one request; empty: nothing."""
    sent = request(rng)
    client = connection(int(address.rpartition(":")[2]), sent)
    try:
        client.shutdown(socket.SHUT_WR)  # half closed: no more will come
        answer = received(client)
    except ConnectionError:
        answer = b""
    finally:
        client.close()
    if not answer:  # a body that was announced and never came
        return ""
    head, _, content = answer.partition(b"\r\n\r\n")
    status = int(head.split()[1])
    if status not in STATUSES:
        return f"{status}: {sent[:400]!r} → {content[:200]!r}"
    if status >= 400 and (b"Traceback" in content or content.count(b"\n") > 1):
        return f"more than a line: {content[:300]!r}"
    return ""


def faults(address, count, seed):
    """Faults of so many requests, while a neighbour asks the same again and again."""
    port = int(address.rpartition(":")[2])
    answers, stop = set(), threading.Event()

    def neighbour():
        while not stop.is_set():
            told = received(connection(port, WHOLE)).partition(b"\r\n\r\n")
            answers.add((told[0].split()[1], told[2].partition(b'"milliseconds"')[0]))

    beside = threading.Thread(target=neighbour)
    beside.start()
    found = [odd(address, random.Random(f"{seed}/{number}")) for number in range(count)]
    stop.set()
    beside.join(60)
    assert len({status for status, _ in answers}) == 1, answers
    labels = {content.partition(b'"probability"')[0] for _, content in answers}
    assert len(labels) == 1, answers
    return [fault for fault in found if fault]


LIMITS = {"body_seconds": 0.5, "tokens": 20, "positions": 500, "deadline": 10}


@pytest.mark.parametrize("task", ["classify", "language"])
def test_a_sample_of_requests(listening_at, task):
    assert faults(listening_at(task, **LIMITS), 60, f"{task}/few") == []


@pytest.mark.slow
@pytest.mark.parametrize("task", ["classify", "language", "tag", "series", "translate"])
def test_thousands_of_requests(listening_at, task):
    address = listening_at(task, **LIMITS)
    assert faults(address, 1200, f"{task}/many") == []
    assert b" 200 " in received(
        connection(int(address.rpartition(":")[2]), b"GET /health HTTP/1.0\r\n\r\n")
    )


def test_a_body_that_says_it_is_endless(listening_at):
    port = int(listening_at("classify").rpartition(":")[2])
    head = HEAD + b"Content-Length: 1000000000000\r\n\r\n"
    assert b"413" in received(connection(port, head + b"{"))[:20]

"""Each limit is a status of its own, with one line that says what is accepted."""

import threading
import time

import pytest

from seqlab.serve.limits import Limits
from seqlab.workbench.predictor import load
from tests.serve.conftest import text_rows


def refused(response, status):
    """The message of a refusal, which is one line."""
    assert response.status_code == status, response.text
    message = response.json()["error"]
    assert "\n" not in message
    assert "Traceback" not in response.text
    return message


def test_a_large_body(serving):
    client = serving(body_bytes=200)
    assert client.post("/predict", json=text_rows("a")).status_code == 200
    large = text_rows("a" * 300)
    assert refused(client.post("/predict", json=large), 413) == "the body is larger than 200 bytes"
    chunks = client.post("/predict", content=iter([b"x" * 150] * 3))
    assert refused(chunks, 413) == "the body is larger than 200 bytes"


def test_many_rows(serving):
    client = serving(rows=2)
    message = refused(client.post("/predict", json=text_rows("a", "b", "c")), 413)
    assert message == "3 rows; accepted: at most 2"


def test_a_long_row(serving):
    client = serving(positions=10)
    message = refused(client.post("/predict", json=text_rows("a", "a" * 400)), 422)
    assert message == "row 2: 101 positions; accepted: at most 10"


@pytest.mark.parametrize(
    ("kind", "told"), [({}, "none"), ({"content-type": "text/plain"}, "text/plain")]
)
def test_another_media_type(serving, kind, told):
    response = serving().post("/predict", content=b'{"rows": [{"text": "a"}]}', headers=kind)
    assert refused(response, 415) == f"Content-Type: {told}; accepted: application/json"


BODIES = {
    "empty": (b"", "body: field required"),
    "cut": (b'{"rows": [', "the body: not JSON"),
    "no rows": (b'{"rows": []}', "body.rows: list should have at least 1 item"),
    "a list": (b"[1]", "body: input should be a valid dictionary"),
    "NaN": (b'{"rows": [{"text": NaN}]}', "the body: NaN is no number of JSON"),
    "invalid UTF-8": (b'{"rows": [{"text": "\xff"}]}', "the body: not JSON"),
    "half a pair": (b'{"rows": [{"text": "\\ud800"}]}', "the body: half of a surrogate pair"),
    "deep": (b"[" * 100_000 + b"]" * 100_000, "the body: nested deeper than 64 levels"),
    "another type": (
        b'{"rows": [{"text": 3}]}',
        "body.rows.0.text: input should be",
    ),
    "another field": (b'{"rows": [{"txt": "a"}]}', "body.rows.0.text: field required"),
    "more fields": (
        b'{"rows": [{"text": "a", "b": 1}]}',
        "body.rows.0.b: extra inputs are not permitted",
    ),
    "twice": (b'{"rows": [], "rows": []}', "the body: a name occurs twice in one object"),
    "huge number": (b'{"rows": [{"text": 1e999}]}', "the body: 1e999 is too large a number"),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_cannot_be_read(serving, name):
    body, told = BODIES[name]
    headers = {"content-type": "application/json"}
    message = refused(serving().post("/predict", content=body, headers=headers), 422)
    assert message.startswith(told)


def test_a_text_of_a_million_tokens(serving):
    message = refused(serving().post("/predict", json=text_rows("a " * 10**6)), 422)
    assert message == "row 1: 500,001 positions; accepted: at most 20,000"


def test_emoji_and_control_characters_are_texts(serving):
    response = serving().post("/predict", json=text_rows("😀👩‍👩‍👧", "\x00\x1b[31m", "", "\u202e"))
    assert response.status_code == 200
    assert len(response.json()["answers"]) == 4


def test_a_client_that_asks_too_often(serving):
    client = serving(rate=1)
    statuses = [client.get("/health").status_code for _ in range(4)]
    assert statuses == [200, 200, 429, 429]
    limited = client.get("/health")
    assert limited.headers["retry-after"] == "1"
    assert refused(limited, 429) == "more than 1 requests a second from one client"


@pytest.fixture
def held(trained):
    """A predictor that computes only once it is let."""
    predictor = load(trained["classify"])
    go, computing, raw = threading.Event(), threading.Event(), predictor.raw

    def waiting(examples):
        computing.set()
        go.wait(30)
        return raw(examples)

    predictor.raw = waiting
    predictor.go, predictor.computing = go, computing
    return predictor


def background(client, found):
    """A request in a thread of its own, whose response is kept."""

    def ask():
        found.append(client.post("/predict", json=text_rows("a")))

    thread = threading.Thread(target=ask)
    thread.start()
    return thread


def test_a_full_queue(serving, held):
    held.go.set()
    client = serving(predictor=held, queue=1)
    held.go.clear()
    held.computing.clear()
    found = []
    threads = [background(client, found)]
    held.computing.wait(10)
    threads.append(background(client, found))
    waiting = client.app.state.service.worker
    while not waiting.waiting:
        time.sleep(0.01)
    full = client.post("/predict", json=text_rows("a"))
    assert refused(full, 503) == "the queue is full: 1 requests wait"
    assert int(full.headers["retry-after"]) >= 1
    held.go.set()
    for thread in threads:
        thread.join()
    assert [response.status_code for response in found] == [200, 200]


def test_an_answer_that_is_late(serving, held):
    held.go.set()
    client = serving(predictor=held, deadline=0.2)
    held.go.clear()
    late = client.post("/predict", json=text_rows("a"))
    assert refused(late, 504) == "no answer within the deadline"
    held.go.set()
    assert client.post("/predict", json=text_rows("a")).status_code == 200


def test_what_would_wait_longer_than_it_may_is_refused_at_once(trained, held):
    from seqlab.serve.refusals import RefusedError
    from seqlab.serve.service import Service
    from tests.serve.test_predicting import Quiet

    worker = Service(held, Limits(), Quiet()).worker
    worker.speed = 10.0
    worker.submit([None], [100], 30)
    with pytest.raises(RefusedError, match="requests wait longer than this one may") as refusal:
        worker.submit([None], [1], 5)
    assert refusal.value.status == 503
    assert refusal.value.headers["Retry-After"] == "10"


def test_lag_counts_only_beside_a_full_queue():
    from seqlab.serve.guard import BATCH, Lag

    for waiting, told in ((BATCH, 0.6), (BATCH - 1, 0.0)):
        lag = Lag(lambda n=waiting: n)
        lag.seconds = 0.6
        assert lag.behind() == told


def test_a_guard_refuses_what_comes_too_late():
    import asyncio

    from seqlab.serve.counters import Counters
    from seqlab.serve.guard import Guard

    async def asked(behind, method="POST"):
        sent = []

        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 200, "headers": []})

        async def receive():
            return {"type": "http.request", "body": b""}

        async def send(message):
            sent.append(message)

        guard = Guard(app, Limits(deadline=2), Counters(), None, lambda: behind)
        scope = {"type": "http", "method": method, "path": "/predict", "headers": []}
        await guard(scope, receive, send)
        return sent[0]["status"]

    assert asyncio.run(asked(0.6)) == 503
    assert asyncio.run(asked(0.6, "GET")) == 200
    assert asyncio.run(asked(0.4)) == 200


def test_the_lag_of_an_event_loop_that_is_held_up():
    import asyncio

    from seqlab.serve.guard import Lag

    async def held_up():
        lag = Lag(lambda: 0)
        watching = asyncio.create_task(lag.watch())
        await asyncio.sleep(0)
        time.sleep(0.3)
        await asyncio.sleep(0.01)
        watching.cancel()
        return lag.seconds

    assert 0.2 < asyncio.run(held_up()) < 30


def test_an_api_key(serving):
    client = serving(key="secret")
    assert client.get("/health").status_code == 200
    assert client.get("/metrics").status_code == 401
    assert "API key" in refused(client.post("/predict", json=text_rows("a")), 401)
    for headers in ({"x-api-key": "secret"}, {"authorization": "Bearer secret"}):
        answered = client.post("/predict", json=text_rows("a"), headers=headers)
        assert answered.status_code == 200
    wrong = client.post("/predict", json=text_rows("a"), headers={"x-api-key": "secres"})
    assert wrong.status_code == 401


def test_what_is_not_there(serving):
    client = serving()
    assert refused(client.get("/nothing<script>"), 404) == "Not Found"
    assert refused(client.get("/predict"), 405) == "Method Not Allowed"


def test_a_bug_is_one_line(serving, held):
    held.go.set()
    client = serving(predictor=held)
    held.raw = None
    message = refused(client.post("/predict", json=text_rows("a")), 500)
    assert message == "internal error: TypeError; the log of the server has more"


def test_counts(serving):
    client = serving(rows=1)
    client.post("/predict", json=text_rows("a b c"))
    client.post("/predict", json=text_rows("a", "b"))
    text = client.get("/metrics").text
    for line in (
        'seqlab_requests_total{path="/predict",status="200"} 1.0',
        'seqlab_requests_total{path="/predict",status="413"} 1.0',
        'seqlab_request_seconds_count{path="/predict"} 2.0',
        'seqlab_rejected_total{status="413"} 1.0',
        "seqlab_in_flight 1.0",
        "seqlab_queue_length 0.0",
    ):
        assert line in text
    assert "seqlab_batch_rows_count" in text
    assert "seqlab_tokens_total" in text

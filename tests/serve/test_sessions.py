"""A session says after every reading what `POST /predict` says of all of them."""

import numpy as np
import pytest
import torch

from seqlab.model.pooling import Pooling
from seqlab.serve.sessions import Running
from seqlab.workbench.predictor import load

READINGS = np.random.default_rng(0).normal(size=(12, 2)).tolist()


def begin(client):
    opened = client.post("/sessions")
    assert opened.status_code == 201, opened.text
    return opened.json()["session"]


def test_a_session_is_the_whole_series_reading_by_reading(serving):
    client = serving("series")
    whole = client.post("/predict", json={"rows": [{"series": READINGS}]}).json()["answers"][0]
    name, answers = begin(client), []
    for piece in (READINGS[:1], READINGS[1:2], READINGS[2:9], READINGS[9:]):
        told = client.post(f"/sessions/{name}", json={"series": piece}).json()
        answers += told["answers"]
    assert told["position"] == len(answers) == 12
    assert answers[-1]["label"] == whole["label"]
    assert answers[-1]["probabilities"] == pytest.approx(whole["probabilities"], abs=1e-5)
    assert answers[0]["probabilities"] != pytest.approx(whole["probabilities"], abs=1e-5)


def test_sessions_do_not_know_each_other(serving):
    client = serving("series")
    first, second = begin(client), begin(client)
    alone = client.post(f"/sessions/{first}", json={"series": READINGS[:3]}).json()
    client.post(f"/sessions/{first}", json={"series": READINGS[3:6]})
    other = client.post(f"/sessions/{second}", json={"series": READINGS[:3]}).json()
    assert other == alone


def test_what_fails_leaves_a_session_as_it_was(serving):
    client = serving("series")
    name, same = begin(client), begin(client)
    for session in (name, same):
        client.post(f"/sessions/{session}", json={"series": READINGS[:3]})
    gap = client.post(f"/sessions/{name}", json={"series": [[0.5, None]]})
    assert gap.json()["error"].startswith("a missing value")
    wrong = client.post(f"/sessions/{name}", json={"series": [[0.5]]})
    assert wrong.status_code == 422
    after = [
        client.post(f"/sessions/{s}", json={"series": READINGS[3:4]}).json() for s in (name, same)
    ]
    assert after[0] == after[1]


@pytest.mark.parametrize("kind", ["last", "mean", "max"])
def test_running_pooling_is_pooling(kind):
    x = torch.randn(1, 9, 4)
    running, pooled, before, count = Running(kind), [], None, 0
    for piece in x[0].split([1, 3, 5]):
        some, before = running.pool(piece, count, before)
        pooled.append(some)
        count += len(piece)
    pooling = Pooling(kind, 4, None)
    expected = torch.cat([pooling(x[:, : t + 1], None) for t in range(9)])
    torch.testing.assert_close(torch.cat(pooled), expected)


def test_a_text_session_reads_on(serving, trained):
    client = serving("language")
    name = begin(client)
    client.post(f"/sessions/{name}", json={"text": "the gr"})
    in_two = client.post(f"/sessions/{name}", json={"text": "e"}).json()
    reader_scores = _scores(load(trained["language"]), "the gr", "e")
    likely = in_two["answers"][0]["next"]
    assert likely[0]["probability"] == pytest.approx(np.exp(reader_scores.max()), abs=1e-6)
    assert [one["probability"] for one in likely] == sorted(
        (one["probability"] for one in likely), reverse=True
    )


def _scores(predictor, *pieces):
    from seqlab.workbench.generating import Writer

    writer = Writer(predictor)
    reader = writer.reader()
    for piece in pieces:
        scores = reader.read(writer.task.vocabulary.encode(piece).ids.tolist())
    return scores


def test_limit_and_expiry(serving, monkeypatch):
    from seqlab.serve import sessions

    client = serving("series", sessions=2, session_seconds=100)
    first = begin(client)
    begin(client)
    full = client.post("/sessions")
    assert full.status_code == 503
    assert full.json()["error"] == "2 sessions are open"
    assert 95 <= int(full.headers["retry-after"]) <= 101
    assert client.delete(f"/sessions/{first}").status_code == 204
    assert client.delete(f"/sessions/{first}").status_code == 404
    third = begin(client)
    now = sessions.time.monotonic()
    monkeypatch.setattr(sessions.time, "monotonic", lambda: now + 101)
    assert client.post(f"/sessions/{third}", json={"series": READINGS}).status_code == 404


def test_a_session_is_no_longer_than_a_row(serving):
    client = serving("series", positions=12)
    name = begin(client)
    assert client.post(f"/sessions/{name}", json={"series": READINGS}).status_code == 200
    more = client.post(f"/sessions/{name}", json={"series": READINGS[:1]})
    assert more.json()["error"] == "a session reads at most 12 positions: begin another"


def test_models_that_cannot_say_why(serving):
    told = serving("classify").post("/sessions")
    assert told.status_code == 422
    assert told.json()["error"].endswith("not for the task classify")

"""Texts as they are written: the same as at once, and no longer than someone reads them."""

import http.client
import json
import time

import pytest

from seqlab.serve.completions import Choice
from seqlab.serve.writing import Piece
from seqlab.workbench.predictor import load

ASKED = {"model": "gru", "prompt": "the great ", "max_tokens": 12, "seed": 3}


def events(response):
    """What the events of a response say."""
    assert response.headers["content-type"].startswith("text/event-stream")
    blocks = [block for block in response.text.split("\n\n") if block.startswith("data: ")]
    return [block.removeprefix("data: ") for block in blocks]


def test_a_stream_is_what_is_written_at_once(serving):
    client = serving("language")
    whole = client.post("/v1/completions", json=ASKED).json()
    told = events(client.post("/v1/completions", json={**ASKED, "stream": True}))
    assert told[-1] == "[DONE]"
    chunks = [json.loads(one)["choices"][0] for one in told[:-1]]
    assert "".join(chunk["text"] for chunk in chunks) == whole["choices"][0]["text"]
    assert [chunk["finish_reason"] for chunk in chunks] == [None] * (len(chunks) - 1) + ["length"]
    assert whole["usage"]["completion_tokens"] == 12
    assert whole["usage"]["total_tokens"] == 12 + whole["usage"]["prompt_tokens"]


def test_the_writing_is_that_of_the_workbench(serving, trained):
    sampling = {"temperature": 0.8, "seed": 5}
    written = load(trained["language"]).generate("the great ", 9, **sampling)
    asked = {"text": "the great ", "max_tokens": 9, **sampling}
    told = [json.loads(one) for one in events(serving("language").post("/stream", json=asked))]
    assert "".join(one.get("text", "") for one in told) == written
    assert told[-1] == {"done": True}


def test_temperature_zero_is_greedy(serving):
    client = serving("language")
    texts = {
        client.post("/v1/completions", json={**ASKED, "temperature": 0, "seed": n}).json()[
            "choices"
        ][0]["text"]
        for n in range(3)
    }
    assert len(texts) == 1


def test_log_probabilities(serving):
    asked = {**ASKED, "logprobs": 3, "temperature": 0}
    choice = serving("language").post("/v1/completions", json=asked).json()["choices"][0]
    scores = choice["logprobs"]
    assert "".join(scores["tokens"]) == choice["text"]
    assert len(scores["token_logprobs"]) == len(scores["top_logprobs"]) == 12
    assert all(value < 0 for value in scores["token_logprobs"])
    for chosen, likely in zip(scores["token_logprobs"], scores["top_logprobs"], strict=True):
        assert chosen == pytest.approx(max(likely.values()))


@pytest.mark.parametrize(
    ("pieces", "stops", "told", "reason"),
    [
        (["ab", "cd", "ef"], ["ce"], ["a", "bc", "def"], "length"),
        (["ab", "cd", "ef"], ["bc"], ["a", ""], "stop"),
        (["ab", "c", "d"], ["xyz"], ["", "a", "bcd"], "length"),
        (["ab", "cd"], [], ["ab", "cd"], None),
    ],
)
def test_a_stop_is_no_part_of_the_text_even_over_several_pieces(pieces, stops, told, reason):
    choice = Choice(0, stops, logprobs=False)
    given = []
    for piece in pieces:
        given.append(choice.add(Piece(piece), most=3))
        if choice.reason:
            break
    assert given == told
    assert choice.reason == reason
    assert "".join(given) == choice.text


@pytest.mark.parametrize(
    ("change", "status", "told"),
    [
        ({"model": "other"}, 404, 'no model "other"; served here: "gru"'),
        ({"max_tokens": 10**6}, 422, "max_tokens = 1,000,000; accepted: at most 1,000"),
        ({"n": 3}, 422, "body.n: input should be 1"),
        ({"temperature": -1}, 422, "body.temperature: input should be greater than or equal to 0"),
        ({"prompt": "a" * 90_000}, 422, "a text of 22,500 positions; accepted: at most 20,000"),
        ({"suffix": "a"}, 422, "body.suffix: extra inputs are not permitted"),
    ],
)
def test_what_is_not_done_is_refused_as_clients_of_openai_read_it(serving, change, status, told):
    response = serving("language").post("/v1/completions", json={**ASKED, **change})
    assert response.status_code == status
    assert response.json()["error"]["message"] == told


def test_only_language_models_complete(serving):
    assert serving("classify").post("/v1/completions", json=ASKED).status_code == 404


def test_a_translation_in_pieces_is_the_greedy_one(serving, trained):
    from seqlab.workbench.translating import Translator

    source = "here dog sleeps now"
    (whole,) = Translator(load(trained["translate"]), beam=1).translate([source])
    told = events(serving("translate").post("/stream", json={"src": source}))
    assert "".join(json.loads(one).get("text", "") for one in told).strip() == whole
    blank = serving("translate").post("/stream", json={"src": "  "})
    assert blank.status_code == 422


def count(address, name):
    """A count of the server's."""
    client = http.client.HTTPConnection(address.removeprefix("http://"), timeout=30)
    client.request("GET", "/metrics")
    lines = client.getresponse().read().decode().splitlines()
    return float(next(line for line in lines if line.startswith(name)).split()[1])


def test_nothing_is_written_for_a_client_that_has_left(listening_at):
    address = listening_at("language", tokens=100_000)
    client = http.client.HTTPConnection(address.removeprefix("http://"), timeout=30)
    body = json.dumps({"text": "the ", "max_tokens": 100_000})
    client.request("POST", "/stream", body, {"content-type": "application/json"})
    response = client.getresponse()
    response.read(200)
    response.close()
    client.close()
    deadline = time.monotonic() + 20
    while count(address, "seqlab_in_flight") > 1:  # the question itself is one
        assert time.monotonic() < deadline, "still writing"
        time.sleep(0.02)
    made = count(address, "seqlab_written_tokens_total")
    time.sleep(0.3)
    assert count(address, "seqlab_written_tokens_total") == made < 100_000


def test_the_client_of_openai(listening_at):
    openai = pytest.importorskip("openai")
    address = listening_at("language")
    client = openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0)
    assert [model.id for model in client.models.list()] == ["gru"]
    whole = client.completions.create(**ASKED)
    parts = list(
        client.completions.create(**ASKED, stream=True, stream_options={"include_usage": True})
    )
    text = "".join(part.choices[0].text for part in parts if part.choices)
    assert text == whole.choices[0].text
    assert parts[-1].usage.completion_tokens == whole.usage.completion_tokens == 12
    both = client.completions.create(**{**ASKED, "prompt": ["the ", "a "]})
    assert [choice.index for choice in both.choices] == [0, 1]
    with pytest.raises(openai.NotFoundError, match="served here"):
        client.completions.create(**{**ASKED, "model": "other"})

"""POST /predict of every task: what OpenAPI shows works, and answers are those of `predict`."""

import threading

import numpy as np
import pandas as pd
import pytest

from seqlab.serve.limits import Limits
from seqlab.serve.service import Service
from seqlab.workbench.predictor import load
from tests.fuzz.trained import DATA
from tests.serve.conftest import text_rows


@pytest.mark.parametrize("task", DATA)
def test_the_example_of_the_schema_is_answered_as_the_schema_says(serving, task):
    client = serving(task)
    schema = client.get("/openapi.json").json()
    asked = schema["components"]["schemas"]["PredictRequest"]["properties"]["rows"]["examples"][0]
    response = client.post("/predict", json={"rows": asked})
    assert response.status_code == 200, response.text
    told = response.json()
    assert told["model"] == "gru"
    assert len(told["answers"]) == 1
    reference = schema["components"]["schemas"]["PredictResponse"]["properties"]["answers"]["items"]
    answer = schema["components"]["schemas"][reference["$ref"].rpartition("/")[2]]
    assert set(answer.get("required", ())) <= set(told["answers"][0])
    if answer.get("properties"):
        assert set(told["answers"][0]) <= set(answer["properties"])


def test_classes_are_those_of_predict(serving, trained):
    texts = ["great fun", "weak and slow", "the"]
    shown = load(trained["classify"]).predict(pd.DataFrame({"text": texts}))
    answers = serving().post("/predict", json=text_rows(*texts)).json()["answers"]
    assert [a["label"] for a in answers] == shown["predicted"].tolist()
    np.testing.assert_allclose(
        [a["probabilities"]["pos"] for a in answers], shown["p(pos)"], atol=1e-6
    )


def test_a_tag_has_the_characters_of_what_it_marks(serving):
    text = "Anna sees, Rome."
    rows = {"rows": [{"text": text}, {"tokens": ["Anna", "sees"]}]}
    by_text, by_tokens = serving("tag").post("/predict", json=rows).json()["answers"]
    assert [text[a:b] for a, b in by_text["offsets"]] == by_text["tokens"]
    assert by_text["tokens"] == ["Anna", "sees", ",", "Rome", "."]
    assert len(by_text["tags"]) == len(by_text["probabilities"]) == 5
    assert by_text["marks"]
    for mark in by_text["marks"]:
        assert mark["text"] == text[mark["start"] : mark["end"]]
    assert "offsets" not in by_tokens
    assert len(by_tokens["tags"]) == 2


def test_a_long_sequence_is_tagged_in_the_order_of_its_tokens(serving, trained):
    task = load(trained["tag"]).task
    words = [f"w{n}" for n in range(task.reader.longest + 5)]
    rows = {"rows": [{"tokens": ["a"]}, {"tokens": words}, {"tokens": ["b", "c"]}]}
    answers = serving("tag").post("/predict", json=rows).json()["answers"]
    assert [len(a["tags"]) for a in answers] == [1, len(words), 2]


def test_a_series_may_be_a_list_of_steps_of_every_channel_alone(serving):
    client = serving("series")
    wrong = client.post("/predict", json={"rows": [{"series": [0.5] * 12}]})
    assert wrong.status_code == 422
    assert wrong.json()["error"] == "row 1: each step of a series must have 2 numbers"
    gap = [[0.1, None]] * 12
    assert client.post("/predict", json={"rows": [{"series": gap}]}).status_code == 200


def test_a_row_that_cannot_be_read_is_named(serving):
    series = [[[0.1, 0.2]] * 12, [[0.1, 0.2]] * 5]
    refused = serving("series").post("/predict", json={"rows": [{"series": s} for s in series]})
    assert refused.status_code == 422
    assert refused.json()["error"] == "row 2: 5 steps, all of the training data have 12"


class Quiet:
    """Counts batches."""

    def __init__(self):
        self.batches = []

    def batch(self, requests, rows, positions):
        self.batches.append((requests, rows))

    def queue(self, waiting):
        pass


EACH = {
    "classify": [{"text": f"great fun {'slow ' * n}"} for n in range(12)],
    "tag": [{"tokens": ["Anna", "sees"] * (n + 1)} for n in range(12)],
    "translate": [{"src": f"here dog {'sleeps ' * n}"} for n in range(12)],
    "transcribe": [{"series": [[0.1 * n] * 8] * (4 + n)} for n in range(12)],
}


@pytest.mark.parametrize("task", EACH)
def test_answers_do_not_depend_on_the_batch(trained, task):
    meter, predictor = Quiet(), load(trained[task])
    service = Service(predictor, Limits(), meter)
    rows = [service.form.row.model_validate(row) for row in EACH[task]]
    alone = [service.form.compute(predictor.raw, [row])[0] for row in rows]
    futures = [service.worker.submit([row], [service.form.length(row)], 30) for row in rows]
    service.worker.start()  # all wait already: they become one batch
    together = [future.result()[0] for future in futures]
    service.worker.close()
    assert meter.batches == [(12, 12)]
    for one, other in zip(alone, together, strict=True):
        assert flat(one) == pytest.approx(flat(other), abs=1e-5)


def flat(value, name=""):
    """Nested data as names and numbers; texts keep their content in the name."""
    if isinstance(value, dict):
        return {k: v for key in value for k, v in flat(value[key], f"{name}/{key}").items()}
    if isinstance(value, list | tuple):
        pairs = [flat(one, f"{name}/{n}") for n, one in enumerate(value)]
        return {k: v for pair in pairs for k, v in pair.items()}
    return {name: value} if isinstance(value, float) else {f"{name}={value}": 0.0}


def test_a_request_that_fails_leaves_its_neighbours_their_answers(trained):
    predictor = load(trained["classify"])
    service = Service(predictor, Limits(), Quiet())
    compute = service.form.compute

    def failing(predict, rows):
        if any(row.text == "poison" for row in rows):
            raise RuntimeError("poisoned")
        return compute(predict, rows)

    service.form.compute = failing
    rows = [service.form.row(text=text) for text in ("good", "poison", "fine")]
    futures = [service.worker.submit([row], [1], 30) for row in rows]
    service.worker.start()
    assert futures[0].result()[0]["label"] in ("neg", "pos")
    with pytest.raises(RuntimeError, match="poisoned"):
        futures[1].result()
    assert futures[2].result()[0]["label"] in ("neg", "pos")
    service.worker.close()


def test_a_batch_holds_as_many_padded_positions_as_it_may(trained):
    meter = Quiet()
    service = Service(load(trained["classify"]), Limits(batch_positions=100), meter)
    row = service.form.row(text="a")
    for length in (10, 10, 40, 10, 10):
        service.worker.submit([row], [length], 30)
    many = service.worker.submit([row] * 25, [10] * 25, 30)  # more than a batch: in several
    service.worker.start()
    assert len(many.result()) == 25
    service.worker.close()
    # 40 positions make two others as long; with a third it would be 160 and more.
    assert meter.batches == [(4, 4), (1, 1), (1, 25)]


def test_all_is_computed_in_one_thread(trained):
    names = set()
    service = Service(load(trained["classify"]), Limits(), Quiet())
    service.worker.start()
    for _ in range(3):
        service.worker.call(lambda: names.add(threading.current_thread().name), 30).result()
    service.worker.close()
    assert names == {"inference"}


SHORTCUTS = {
    "classify": [{"text": "great fun"}, {"text": ""}],
    "regress": [{"text": "great fun"}, {"text": "a 😀"}],
    "translate": [{"src": "here dog"}, {"src": "sings"}],
}


@pytest.mark.parametrize("task", SHORTCUTS)
def test_the_short_way_to_examples_is_the_long_way(trained, task):
    from seqlab.serve.rows import Rows

    predictor = load(trained[task])
    form = Service(predictor, Limits(), Quiet()).form
    rows = [form.row.model_validate(row) for row in SHORTCUTS[task]]
    short, long = form.rows.examples(form.task, rows), Rows.examples(form.rows, form.task, rows)
    assert set(short.arrays) == set(long.arrays)
    pd.testing.assert_frame_equal(short.frame, long.frame[list(short.frame)], check_dtype=False)
    assert flat(form.answers.of(predictor.raw(short), short, rows)) == flat(
        form.answers.of(predictor.raw(long), long, rows)
    )


@pytest.mark.parametrize(
    ("task", "row"), [("translate", {"src": " "}), ("span", {"context": "", "question": "a"})]
)
def test_what_says_nothing_is_refused_where_it_must_be(serving, task, row):
    response = serving(task).post("/predict", json={"rows": [row]})
    assert response.status_code == 422
    assert response.json()["error"].endswith("is empty")

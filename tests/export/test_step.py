"""Position by position a step file says what one pass over all positions says."""

import json

import numpy as np
import pytest

from seqlab import registry
from seqlab.errors import UserError
from seqlab.export.exported import load_step
from seqlab.export.forms.choose import form_of
from seqlab.export.runtime import Session
from seqlab.export.step.conversion import compared, step_of
from seqlab.export.step.stepper import Stepper
from tests.export.conftest import prepared, untrained

LONG = 2000
STREAMING = [
    name
    for name in registry.names("mixers")
    if registry.card("mixers", name).get("recipes")  # others only read a memory
    and registry.card("mixers", name)["streams"]
    and name != "longformer"
]


def recipe_of(mixer):
    return next(iter(registry.card("mixers", mixer)["recipes"]))


@pytest.fixture(scope="module")
def language():
    return prepared("language", 40)


@pytest.fixture(scope="module")
def texts():
    return prepared("classify")


@pytest.mark.slow
@pytest.mark.parametrize("mixer", STREAMING)
def test_a_long_stream_is_exact(language, mixer):
    task, positions = language.task, language.test
    model = untrained(task, recipe_of(mixer), positions="none")
    form = form_of(task, model)
    step = step_of(form, model, positions, mixer)
    stepper = Stepper(Session(step.content), step.first)
    assert compared(stepper, model, form.arguments(positions, 2, LONG)[0]) <= 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
@pytest.mark.parametrize("positions", ["none", "sinusoidal", "learned"])
def test_every_pooling_is_kept_along(texts, pooling, positions):
    model = untrained(texts.task, "lstm", pooling=pooling, positions=positions)
    step = step_of(form_of(texts.task, model), model, texts.test, "lstm")
    assert step.counted == (positions != "none")
    assert step.difference < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("positions", ["none", "rotary", "alibi", "relative", "sinusoidal"])
def test_a_cache_grows_from_nothing(language, positions):
    model = untrained(language.task, "transformer", positions=positions)
    step = step_of(form_of(language.task, model), model, language.test, "transformer")
    assert all(value.shape[2] == 0 for value in step.first.values())
    assert step.difference < 1e-5


@pytest.mark.parametrize(
    ("task", "recipe", "fields", "message"),
    [
        ("classify", "bigru", {}, "reads whole sequences and cannot stream"),
        ("classify", "transformer", {}, "reads whole sequences and cannot stream"),
        ("classify", "gru", {"pooling": "attention"}, "needs all positions at once"),
        ("language", "longformer", {}, "counts its positions"),
    ],
)
def test_what_has_no_step_is_refused(task, recipe, fields, message, request):
    some = request.getfixturevalue({"classify": "texts"}.get(task, task))
    model = untrained(some.task, recipe, **fields)
    with pytest.raises(UserError, match=message):
        step_of(form_of(some.task, model), model, some.test, recipe)


def test_a_folder_without_a_step_says_how_to_get_one(exported_copy):
    path = exported_copy / "card.json"
    card = json.loads(path.read_text())
    del card["sha256"]["step.onnx"]
    path.write_text(json.dumps(card))
    with pytest.raises(UserError, match=r"has no step.onnx\n.*--step"):
        load_step(exported_copy)


def test_a_changed_step_is_refused(exported_copy):
    (exported_copy / "step.onnx").write_bytes(b"ONNX")
    with pytest.raises(UserError, match="its checksum differs"):
        load_step(exported_copy)


def test_a_stream_that_was_restarted_begins_anew(exported):
    stepper = load_step(exported)
    token = np.array([[2]])
    first, second = stepper.step(token), stepper.step(token)
    stepper.restart(2)
    again = stepper.step(np.array([[2], [2]]))
    assert not np.allclose(first, second)
    assert np.allclose(again, np.concatenate([first, first]))

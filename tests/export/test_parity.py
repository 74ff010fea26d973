"""Files compute what models compute, or are refused."""

from dataclasses import replace

import pytest

from seqlab import registry
from seqlab.errors import UserError
from seqlab.export.conversion import TRACED_LENGTH, TRACED_ROWS, checked, convert
from seqlab.export.forms.choose import form_of
from seqlab.export.forms.sequences import LENGTHS
from seqlab.export.onnx_file import NotTracedError, to_onnx, traced
from seqlab.export.parity import agreements, refuse
from seqlab.export.runtime import Session
from seqlab.study.recipes import recipes
from tests.export.conftest import prepared, untrained

EXACT = 1e-5


@pytest.fixture(scope="module")
def texts():
    return prepared("classify")


def form_for(texts, recipe, **fields):
    return form_of(texts.task, untrained(texts.task, recipe, **fields))


def holds(form, examples, name):
    """Every length at every batch size."""
    table = convert(form, examples, name).table
    assert {cell.length for cell in table} >= set(LENGTHS)
    assert {cell.rows for cell in table} == {1, 5, 32}
    assert max(cell.difference for cell in table) <= EXACT


def test_a_recurrence_in_both_directions_is_exact_at_every_length(texts):
    holds(form_for(texts, "bilstm", depth=2), texts.test, "bilstm")


@pytest.mark.slow
@pytest.mark.parametrize("recipe", sorted(set(recipes()) - {"transformer-6x8x512"}))
def test_every_recipe_is_exact_at_every_length(texts, recipe):
    if recipes()[recipe].tasks:
        pytest.skip("of another task")
    if "attention" in recipes()[recipe].model:
        pytest.skip("differs in a decoder alone")
    holds(form_for(texts, recipe), texts.test, recipe)


CASES = [
    (mixer, case)
    for mixer in registry.names("mixers")
    if registry.card("mixers", mixer).get("recipes")  # others only read a memory
    for case in registry.card("mixers", mixer).get("cases", [])
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mixer", "case"), CASES, ids=[f"{m}-{i}" for i, (m, _) in enumerate(CASES)]
)
def test_every_mixer_is_exact_under_all_its_settings(texts, mixer, case):
    first = next(iter(registry.card("mixers", mixer)["recipes"]))
    holds(form_for(texts, first, settings=case, positions="none"), texts.test, mixer)


@pytest.mark.slow
@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention"])
@pytest.mark.parametrize("positions", ["none", "sinusoidal", "learned"])
def test_every_pooling_and_position_is_exact(texts, pooling, positions):
    fields = {"pooling": pooling, "positions": positions}
    holds(form_for(texts, "gru", **fields), texts.test, pooling)


def test_a_frozen_shape_is_refused(texts):
    form = form_for(texts, "gru")
    arguments = form.arguments(texts.test, TRACED_ROWS, TRACED_LENGTH)
    fixed = [replace(port, axes={}) for port in form.inputs]
    session = Session(to_onnx(traced(form.network, arguments, fixed), fixed, form.outputs))
    table = agreements(form, session, texts.test)
    with pytest.raises(UserError, match=r"^gru: the file does not compute.*nothing was written"):
        refuse(table, "gru")
    assert all(cell.problem for cell in table if cell.rows != TRACED_ROWS)


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["gated-deltanet", "mlstm"])
def test_chunks_whose_number_is_frozen_are_refused(texts, recipe):
    form = form_for(texts, recipe)
    with pytest.raises((UserError, NotTracedError)):
        checked(form, form.network, texts.test, recipe)


def test_another_model_is_refused(texts):
    """What a check compares with must matter."""
    form, other = form_for(texts, "rnn"), form_for(texts, "rnn", pooling="mean")
    arguments = form.arguments(texts.test, TRACED_ROWS, TRACED_LENGTH)
    program = traced(form.network, arguments, form.inputs)
    session = Session(to_onnx(program, form.inputs, form.outputs))
    refuse(agreements(form, session, texts.test), "rnn")
    with pytest.raises(UserError, match="outputs differ by"):
        refuse(agreements(other, session, texts.test), "rnn")

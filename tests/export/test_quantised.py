"""Networks with 8-bit weights are smaller, and kept only where they predict as well."""

import numpy as np
import pytest

from seqlab.export.conversion import checked
from seqlab.export.forms.choose import form_of
from seqlab.export.quantised import quantised
from seqlab.export.scanning import traceable
from tests.export.conftest import prepared, untrained

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def texts():
    return prepared("classify", 400)


def in_eight_bits(texts, recipe, **fields):
    model = untrained(texts.task, recipe, width=128, **fields)
    form = form_of(texts.task, model)
    whole = checked(form, traceable(form.network), texts.test, recipe)
    return quantised(form, texts.task, whole.content, texts.test)


def test_the_weights_of_an_lstm_become_a_quarter(texts):
    small = in_eight_bits(texts, "lstm", depth=2)
    assert small.share <= 0.3
    assert small.kept == (small.standing.status in ("best", "tied", "negligible"))


def test_those_of_a_gru_stay_as_they_are(texts):
    assert not in_eight_bits(texts, "gru").kept


def test_one_that_predicts_worse_is_not_kept(texts, monkeypatch):
    """With predictions that are the opposite of the network's."""
    labels = texts.test.array("label")
    right = np.stack([labels == 0, labels == 1], axis=1).astype(float)
    said = iter([right, 1 - right])
    monkeypatch.setattr("seqlab.export.forms.sequences.SequenceForm.predict", lambda *_: next(said))
    small = in_eight_bits(texts, "lstm")
    assert small.standing.status == "worse"
    assert not small.kept

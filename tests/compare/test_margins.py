"""Margins as people write them: what each means for each kind of metric, and what is refused."""

import pytest

from seqlab import registry
from seqlab.compare.contestants import Margin
from seqlab.compare.margins import parts_of, read_margin, written
from seqlab.errors import UserError


def metric(name):
    return registry.load("metrics", name)()


@pytest.mark.parametrize(
    ("given", "name", "value", "relative"),
    [
        ("1pt", "accuracy", 0.01, False),
        (" 2.5 pt ", "macro-f1", 0.025, False),
        (".5pt", "accuracy", 0.005, False),
        ("0.01", "accuracy", 0.01, False),
        (0.03, "accuracy", 0.03, False),
        ("1e-3", "accuracy", 0.001, False),
        ("0", "accuracy", 0.0, False),
        ("2%", "accuracy", 0.02, True),
        ("2%", "mase", 0.02, True),
        ("0.02", "mase", 0.02, True),  # a share there, as the metric's own margin
        (0.05, "perplexity", 0.05, True),
        ("0.02", "bits-per-character", 0.02, False),
        ("3", "bleu", 3.0, False),
        ("2%", "bleu", 0.02, True),
    ],
)
def test_what_is_written_and_what_it_means(given, name, value, relative):
    margin = read_margin(given, metric(name))
    assert margin.value == pytest.approx(value)
    assert margin.relative is relative


@pytest.mark.parametrize(
    ("given", "name", "message", "hint"),
    [
        ("1", "accuracy", "--margin 1: that is the whole range", "write 1pt or 0.01"),
        (2, "accuracy", "--margin 2: that is the whole range", "write 2pt or 0.02"),
        ("100pt", "accuracy", "--margin 100pt: that is the whole range", "write 1pt or 0.01"),
        ("100", "accuracy", "--margin 100: that is the whole range", "write 1pt or 0.01"),
        ("100%", "accuracy", "--margin 100%: that is all of the best acc", "write 1% or 0.01"),
        ("2", "mase", "--margin 2: that is all of the best mase", "write 2% or 0.02"),
        ("120%", "bleu", "--margin 120%: that is all of the best bleu", "write 1% or 0.01"),
        ("1pt", "mase", "--margin 1pt: points are hundredths", "or 0.01 for the same"),
        ("1pt", "bleu", "--margin 1pt: points are hundredths", "or a number in units of bleu"),
        ("1 point", "accuracy", '--margin "1 point": expected a difference such as', ""),
        ("-1pt", "accuracy", '--margin "-1pt": expected', ""),
        ("1,5pt", "accuracy", '--margin "1,5pt": expected', ""),
        ("nan", "accuracy", '--margin "nan": expected', ""),
        (float("inf"), "accuracy", '--margin "inf": expected', ""),
        ("", "accuracy", '--margin "": expected', ""),
    ],
)
def test_what_is_refused_and_what_to_write_instead(given, name, message, hint):
    with pytest.raises(UserError) as error:
        read_margin(given, metric(name))
    assert error.value.message.startswith(message)
    assert hint in (error.value.hint or "")


def test_the_option_is_named():
    with pytest.raises(UserError, match=r"^--accept 1: that is"):
        read_margin(1, metric("accuracy"), "--accept")


@pytest.mark.parametrize("name", registry.names("metrics"))
def test_every_metrics_own_margin_can_be_written_and_read(name):
    own = Margin.of(metric(name))
    again = read_margin(written(own, metric(name)), metric(name))
    assert again.relative is own.relative
    assert again.value == pytest.approx(own.value)


def test_a_number_is_a_number():
    assert parts_of(0.5) == parts_of("0.5") == (0.5, "")

"""`seqlab predict-next`: counts on, draws it, and says where it cannot know."""

from __future__ import annotations

import json

import numpy as np
import pytest


def test_what_comes_next_within_what_was_learned(seqlab, here):
    said = seqlab("predict-next", 47, 48, 49, "--steps", 2, "--candidate", "rnn", "--json")
    facts = json.loads(said.out)
    assert facts["given"] == [47, 48, 49]
    np.testing.assert_allclose(facts["predicted"], [50, 51], atol=0.6)
    assert facts["counted"] == [50, 51]
    assert not any("extrapolation" in remark for remark in facts["remarks"])
    page = (here / facts["plot"]).read_text(encoding="utf-8")
    assert "predicted by rnn" in page
    assert page.count("<script") >= 1


def test_beyond_what_was_learned_it_says_so(seqlab, here):
    said = seqlab(
        "predict-next", 94, 97, 100, "--candidate", "rnn", "-o", "plots/next.html", "--window", 2
    )
    lines = said.out.splitlines()
    assert lines[0].startswith("94 97 100 → ")
    assert len(lines[0].split("→")[1].split()) == 5
    assert "100 lies outside 0 to 99" in said.out
    assert "do not count up by one" in said.out
    assert lines[-1] == "plot: plots/next.html"
    assert (here / "plots" / "next.html").exists()


def test_windows_normalised_by_themselves_go_on(seqlab, here):
    said = seqlab(
        "predict-next", 498, 499, 500, "--window", 3, "--by-window", "--candidate", "rnn", "--json"
    )
    facts = json.loads(said.out)
    np.testing.assert_allclose(facts["predicted"], np.arange(501, 506), atol=0.2)
    assert len(facts["remarks"]) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["1", "2", "--window", "4"], "--window 4: 2 numbers given"),
        (["1", "--train", "0-9"], '--train "0-9": expected two whole numbers such as 0..99'),
        (["1", "--train", "0..5"],
         "--train 0..5: 6 numbers; a window of 1 needs at least 8"),
        (["1", "--by-window"], "--by-window: a window of 1 has no spread of its own"),
        (["1", "--candidate", "lstn"], 'unknown candidate "lstn"; did you mean "lstm"?'),
    ],
)  # fmt: skip
def test_what_makes_no_sense(seqlab, here, arguments, message):
    assert seqlab("predict-next", *arguments).error == message
    assert not list(here.iterdir())

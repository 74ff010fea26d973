"""Policies on a record of which the best contestant is known."""

import numpy as np
import pytest

from bench.regret.__main__ import regret_of, table
from bench.regret.policies import Replay, policies
from bench.regret.record import SETTINGS, Record

SCORES = {"gru": 0.90, "lstm": 0.89, "transformer": 0.80, "rnn": 0.70}
FAMILIES = {"gru": ["recurrent"], "lstm": ["recurrent"], "rnn": ["recurrent"]}


def made(scores=SCORES, baseline=0.75, seconds=10):
    """A set on which the third setting of every family is 5 points better than the others."""
    draw = np.random.default_rng(3)

    def answers(score, seeds):
        right = (draw.random((seeds, 1000)) < score).astype(float)
        return np.stack([right, np.ones_like(right)], axis=2)  # right, and counted

    def score(family, number):
        return scores[family] - 0.05 * (number != 2)

    def trial(family, number, share):
        took = {"wall_seconds": seconds * share, "epochs": 10 * share}
        return {"valid": score(family, number), **took}

    names = [f"{family}/{number}" for family in scores for number in range(SETTINGS)]
    statistics = {n: answers(score(n.split("/")[0], int(n[-1])), 8) for n in names}
    statistics |= {"tfidf-lr": answers(baseline, 1), "majority": answers(0.5, 1)}
    pace = {
        "step": seconds / 10,
        "example": 0.0,
        "steps_per_epoch": 1,
        "valid": 1,
        "test": 1,
        "evaluations": 1,
    }
    return Record(
        name="made",
        metric="accuracy",
        seen=False,
        portfolio=1,
        epochs=10,
        paces=dict.fromkeys(scores, pace),
        families={
            **{f: FAMILIES.get(f, ["attention"]) for f in scores},
            "tfidf-lr": ["baselines"],
            "majority": ["baselines"],
        },
        trials={
            f: {
                role: [trial(f, n, share) for n in range(SETTINGS)]
                for role, share in (("short", 1 / 3), ("trial", 1.0))
            }
            for f in scores
        },
        valid={n: [float(v[:, 0].mean()) for v in values] for n, values in statistics.items()},
        seconds={n: float(seconds) if "/" in n else 1.0 for n in statistics},
        constant=["majority"],
        examples=1000,
        validation_examples=500,
        statistics=statistics,
    )


@pytest.fixture(scope="module")
def record():
    return made()


def choice(record, name):
    return policies()[name](Replay(record, np.random.default_rng(0)))


@pytest.mark.parametrize("name", ["seqlab, 10 minutes", "seqlab, no limit", "always GRU"])
def test_who_tunes_finds_the_best_setting_of_the_best_family(record, name):
    taken = choice(record, name).name
    assert taken in ("gru/2", "lstm/2")
    assert regret_of(record, taken) < 2


def test_a_race_is_cheaper_and_chooses_as_well(record):
    raced, whole = choice(record, "seqlab, no limit"), choice(record, "seqlab, no limit, unraced")
    assert raced.seconds < whole.seconds
    assert {raced.name, whole.name} <= {"gru/2", "lstm/2"}


@pytest.mark.parametrize(("seconds", "minutes"), [(10, 2), (30, 5), (60, 10)])
def test_a_limit_for_which_two_seeds_fit_is_kept(seconds, minutes):
    spent = choice(made(seconds=seconds), f"seqlab, {minutes} minutes").seconds
    assert spent < 1.15 * 60 * minutes


def test_regret_is_told_in_points_and_none_beside_the_best(record):
    best = max(record.statistics, key=lambda n: record.statistics[n][..., 0].mean())
    assert regret_of(record, best) == 0
    assert regret_of(record, "tfidf-lr") == pytest.approx(15, abs=4)
    assert regret_of(record, choice(record, "always Transformer").name) > 5
    assert choice(record, "always the best baseline").name == "tfidf-lr"


def test_a_record_is_read_as_it_was_stored(record, tmp_path, monkeypatch):
    monkeypatch.setattr("bench.regret.record.RECORDS", tmp_path)
    record.save()
    again = Record.load(tmp_path / "made.npz")
    assert again.valid == record.valid
    for name, values in record.statistics.items():
        np.testing.assert_array_equal(again.statistics[name], values)


def test_the_table_has_a_row_for_every_policy(record):
    rows = table([record], repetitions=1).splitlines()
    assert len(rows) == 2 + len(policies())

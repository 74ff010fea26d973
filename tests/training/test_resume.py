"""A training that is cut off anywhere and continued ends with the same weights, to the bit."""

import json
import random

import numpy as np
import pytest
import torch
from safetensors import safe_open

from seqlab.errors import UserError
from seqlab.training.checkpoints import FORMAT, Checkpoints, Interrupted
from seqlab.training.fit import fit
from tests.training.problems import Kill, KilledError, Line, line_model
from tests.training.streams import MIXERS, Streams, build, settings

KILLS = max(5, -(-100 // len(MIXERS)))  # each: a hundred in all


@pytest.mark.parametrize("number", range(len(MIXERS)), ids=MIXERS)
def test_every_mixer_resumes_exactly_from_random_kills(number, tmp_path):
    """With carried state where it streams, accumulation, averages, noise and dropout on."""
    spec = settings(number)

    def train(seed, *rest):
        """With random states of its own, which a checkpoint must put right."""
        model = build(MIXERS[number])
        torch.manual_seed(seed)
        np.random.seed(seed)
        return model, fit(model, Streams(), spec, *rest)

    whole, expected = train(5)
    kills = sorted(random.Random(number).choices(range(1, 12), k=KILLS))
    seed = 5
    for kill in kills:
        with pytest.raises(KilledError):
            train(seed, [Kill(kill)], Checkpoints(tmp_path, seconds=0))
        seed = 77 if any(tmp_path.iterdir()) else 5
    again, history = train(seed, [], Checkpoints(tmp_path, seconds=0))
    assert history.resumed
    for name, value in whole.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name
    assert [(r["train_loss"], r["valid"]) for r in expected.records] == [
        (r["train_loss"], r["valid"]) for r in history.records
    ]
    again, history = train(seed, [], Checkpoints(tmp_path, seconds=0))
    assert history.resumed[-1] == 11, "until it is in a safe place, it is not trained again"
    assert torch.equal(next(whole.parameters()), next(again.parameters()))


def test_resume_after_a_rollback_is_exact(tmp_path):
    """The last good point travels with the checkpoint, and so does the lowered rate."""
    spec = settings(0, accumulate=1, ema=None, steps=40, evaluations=8, patience=None)

    class Spoilt(Line):
        def batches(self, epoch):
            for number, batch in enumerate(super().batches(epoch)):
                if (epoch, number) == (4, 1) and not self.healed(epoch):
                    batch.inputs.fill_(float("nan"))
                yield batch

        def healed(self, epoch):
            self.visits = getattr(self, "visits", 0) + 1
            return self.visits > 1

    whole, objective = line_model(), Spoilt()
    expected = fit(whole, objective, spec)
    assert len(expected.rollbacks) == 1
    again, objective = line_model(), Spoilt()
    with pytest.raises(KilledError):
        fit(again, objective, spec, [Kill(23)], Checkpoints(tmp_path, seconds=0))
    again, objective.visits = line_model(), 1
    history = fit(again, objective, spec, [], Checkpoints(tmp_path, seconds=0))
    assert history.rollbacks == expected.rollbacks
    assert again.weight.item() == whole.weight.item()


def test_stop_finishes_the_step_and_leaves_a_checkpoint(tmp_path):
    asked = iter([False, False, True])
    checkpoints = Checkpoints(tmp_path, seconds=1e9, stop=lambda: next(asked))
    with pytest.raises(Interrupted, match="stopped after step 3 of 40"):
        fit(line_model(), Line(), settings(0, steps=40), [], checkpoints)
    assert Checkpoints(tmp_path).latest()["now"]["history"]["steps"] == 3


def write_some(folder, steps, **options):
    checkpoints = Checkpoints(folder, seconds=0, **options)
    with pytest.raises(KilledError):
        fit(line_model(), Line(), settings(0, steps=40), [Kill(steps + 1)], checkpoints)


def test_the_last_two_are_kept_and_a_damaged_one_is_passed_over(tmp_path):
    write_some(tmp_path, 5)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["step-000000004.safetensors", "step-000000005.safetensors"]
    last = tmp_path / names[1]
    last.write_bytes(last.read_bytes()[:-20])
    assert Checkpoints(tmp_path).latest()["now"]["history"]["steps"] == 4


def test_what_was_half_written_is_removed(tmp_path):
    (tmp_path / "step-000000009.writing").write_bytes(b"half")
    assert Checkpoints(tmp_path).latest() is None
    assert not any(tmp_path.iterdir())


def test_a_checkpoint_holds_no_pickle(tmp_path):
    write_some(tmp_path, 2)
    (_, path) = sorted(tmp_path.iterdir())
    with safe_open(path, framework="pt") as file:
        content = json.loads(file.metadata()["checkpoint"])
    assert content["version"] == FORMAT


def test_writing_rarely_takes_more_than_a_hundredth(tmp_path, monkeypatch):
    checkpoints = Checkpoints(tmp_path, seconds=0.001)
    now = iter([0.0, 2.0, 2.0])
    monkeypatch.setattr("seqlab.training.checkpoints.time.monotonic", lambda: next(now))
    checkpoints.write(1, {})
    assert checkpoints.next == 2.0 + 200.0


def test_checkpoints_of_others_are_refused_in_a_line(tmp_path):
    write_some(tmp_path, 2, identity="mine")
    with pytest.raises(UserError) as caught:
        Checkpoints(tmp_path, "yours").latest()
    assert "a checkpoint of another model, data or settings" in caught.value.message
    other = torch.nn.Linear(1, 2)
    with pytest.raises(UserError) as caught:
        fit(other, Line(), settings(0), [], Checkpoints(tmp_path, "mine"))
    assert caught.value.message == (
        "the checkpoint is of another model: weight has shape (1, 1), not (2, 1)"
    )


def test_checkpoints_of_other_versions_are_refused_in_a_line(tmp_path, monkeypatch):
    monkeypatch.setattr("seqlab.training.checkpoints.FORMAT", 1)
    write_some(tmp_path, 2)
    monkeypatch.undo()
    with pytest.raises(UserError, match=r"a checkpoint of version 1; accepted: 3"):
        Checkpoints(tmp_path).latest()

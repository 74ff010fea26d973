"""Sequences are cut to a length that grows, targets with them, and only where that is right."""

import pandas as pd
import pytest
import torch
from torch.nn import functional as F

from seqlab import registry
from seqlab.batch import Batch, Context
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.specs import TrainSpec
from seqlab.study.objective import TaskObjective
from seqlab.tasks.base import DataSpec, Sources
from seqlab.training.checkpoints import Checkpoints
from seqlab.training.fit import fit
from seqlab.training.length_warmup import LengthWarmup
from tests.reviews import reviews
from tests.training.problems import Kill, KilledError, ScriptedLoss
from tests.training.streams import Streams, build, settings

LONGEST = 40


class Long(Streams):
    """Streams of 40 positions without a carried state, which note how long their batches were."""

    def __init__(self):
        self.seen = []

    def batches(self, epoch):
        generator = torch.Generator().manual_seed(epoch)
        for _ in range(5):
            tokens = torch.randint(1, 11, (4, LONGEST + 1), generator=generator)
            mask = torch.arange(LONGEST) < torch.tensor([[40], [30], [9], [12]])
            yield Batch(tokens[:, :-1], tokens[:, 1:], Context(mask))

    def longest(self):
        return LONGEST

    def shortened(self, batch, length):
        return batch.cut(length, targets=True)

    def loss(self, model, batch, state=None):
        self.seen.append(batch.inputs.shape[1])
        logits = model(batch.inputs, batch.context)
        assert logits.shape[:2] == batch.targets.shape, "targets stand beside their inputs"
        value = F.cross_entropy(logits.flatten(0, 1), batch.targets.flatten())
        return ScriptedLoss(value, batch.targets.numel())


def spec_of(**changes):
    return settings(0, length_warmup=0.5, steps=12, **changes)


def test_lengths_grow_to_the_longest_and_then_nothing_is_cut():
    objective = Long()
    history = fit(build("gru"), objective, spec_of(accumulate=1))
    assert objective.seen[:6] == [8, 8, 16, 24, 24, 32]
    assert objective.seen[6:] == [40] * 6
    assert history.tokens < 12 * (40 + 30 + 9 + 12)
    plain = Long()
    fit(build("gru"), plain, spec_of(accumulate=1).with_(length_warmup=None))
    assert plain.seen == [40] * 12


def test_all_batches_of_a_step_have_its_length():
    objective = Long()
    fit(build("gru"), objective, spec_of(accumulate=2))
    assert objective.seen[:6] == [8, 8, 8, 8, 16, 16]


def test_sequences_that_are_short_are_left_whole():
    class Short(Long):
        def longest(self):
            return 5

    assert [LengthWarmup(Short(), spec_of(), 12).length(n) for n in (0, 5, 6)] == [8, 8, None]


@pytest.mark.parametrize("kill", [2, 5, 6, 9])
def test_a_training_that_is_killed_ends_with_the_same_weights(kill, tmp_path):
    def train(*rest):
        model = build("lstm")
        torch.manual_seed(5)
        fit(model, Long(), spec_of(), *rest)
        return model.state_dict()

    expected = train()
    with pytest.raises(KilledError):
        train([Kill(kill)], Checkpoints(tmp_path, seconds=0))
    again = train([], Checkpoints(tmp_path, seconds=0))
    assert all(torch.equal(again[name], value) for name, value in expected.items())


def test_what_is_cut_of_a_batch():
    mask = torch.arange(6) < torch.tensor([[6], [2], [4]])
    batch = Batch(torch.arange(18).view(3, 6), torch.arange(18).view(3, 6), Context(mask))
    cut = batch.cut(3, targets=True)
    assert cut.inputs.tolist() == cut.targets.tolist() == [[0, 1, 2], [6, 7, 8], [12, 13, 14]]
    assert cut.tokens == 8
    assert batch.cut(2, targets=False).context.mask is None, "nothing is padding any more"
    assert batch.cut(2, targets=False).targets is batch.targets
    assert batch.cut(6, targets=True) is batch


def prepared(task, frame, **fields):
    spec = DataSpec(**fields)
    return registry.load("tasks", task).prepare(Sources(Table(frame, "t")), spec, 0)[0]


def texts():
    return pd.DataFrame(reviews(120), columns=["text", "label"])


def numbers():
    frame = texts()
    frame["label"] = frame["text"].str.len() + 0.5
    return frame


def tags():
    rows = [
        {"sentence": n, "token": f"w{n % 7}{k}", "tag": "AB"[k % 2]}
        for n in range(80)
        for k in range(5 + n % 9)
    ]
    return pd.DataFrame(rows)


def pairs():
    frame = texts()
    frame["text2"] = frame["text"].str[::-1]
    return frame


def running_text():
    return pd.DataFrame({"text": [" ".join(frame) for frame in texts().to_numpy()] * 4})


CUT = {
    "texts": ("classify", texts, {}, "inputs"),
    "numbers": ("regress", numbers, {"columns": {"target": "label"}}, "inputs"),
    "tags": ("tag", tags, {}, "targets too"),
    "language": ("language", running_text, {}, "targets too"),
}


@pytest.mark.parametrize("case", CUT)
def test_batches_of_tasks_are_cut_and_learned_from(case):
    task, frame, fields, shortened = CUT[case]
    data = prepared(task, frame(), **fields)
    assert data.task.shortens == shortened
    objective = TaskObjective(data, data.train, TrainSpec(length_warmup=0.5, batch_size=8))
    batch = next(objective.batches(0))
    short = objective.shortened(batch, 4)
    assert objective.longest() >= batch.inputs.shape[1] > 4
    assert short.inputs.shape[1] == 4
    if shortened == "targets too":
        assert torch.equal(short.targets, batch.targets[:, :4])
    from seqlab.specs import ModelSpec
    from seqlab.study.building import build_model

    model = build_model(data.task, ModelSpec(mixer="gru", width=8))
    assert torch.isfinite(objective.loss(model, short).value)


REFUSED = {
    "pairs": ("classify", pairs, {"columns": {"text2": "text2"}}),
    "stateful": ("language", running_text, {"options": {"stateful": True}}),
}


@pytest.mark.parametrize("case", REFUSED)
def test_where_targets_would_be_wrong_it_is_refused_in_a_line(case):
    task, frame, fields = REFUSED[case]
    data = prepared(task, frame(), **fields)
    with pytest.raises(UserError) as caught:
        TaskObjective(data, data.train, TrainSpec(length_warmup=0.3))
    assert caught.value.message == (
        f"train.length_warmup = 0.3: {task} cannot cut these sequences, as their targets would be "
        "wrong"
    )
    assert caught.value.hint == (
        "accepted where single texts are classified or regressed, in tag, and in language without "
        "carried states"
    )


@pytest.mark.parametrize("task", ["forecast", "span", "series", "images", "translate"])
def test_other_tasks_do_not_allow_it(task):
    assert registry.load("tasks", task).shortens is None


@pytest.mark.parametrize("share", [0, 1, -0.5])
def test_shares_that_are_none_are_refused_in_a_line(share):
    with pytest.raises(UserError, match=rf"^train\.length_warmup = {share}: should be "):
        TrainSpec.read({"length_warmup": share}, "train")

"""Several processes train as one would: the same gradients, however their shares differ."""

import threading
from dataclasses import dataclass, field

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from seqlab.batch import Batch, Context
from seqlab.errors import UserError
from seqlab.model.sequence_model import SequenceModel
from seqlab.specs import ModelSpec, TrainSpec
from seqlab.training.ranks import Divided, Ranks, share
from seqlab.training.updates import Updates
from tests.training.problems import Line, ScriptedLoss, line_model
from tests.training.streams import MIXERS, WHOLE

TOKENS, IGNORED = 11, -1
SECONDS = 60.0


@dataclass(frozen=True)
class Threaded(Ranks):
    """Ranks that are threads of this process and meet in a list."""

    values: list = field(default_factory=list)
    barrier: threading.Barrier = None

    def sum(self, values):
        self.values[self.number] = values.clone()
        self.barrier.wait(SECONDS)
        total = sum(self.values[1:], self.values[0].clone())
        self.barrier.wait(SECONDS)
        return values.copy_(total)


class Sentences:
    """Positions with a class each; few count in the even rows, nearly all in the odd ones."""

    higher_is_better = False

    def __init__(self, lengths):
        generator = torch.Generator().manual_seed(1)
        T, rows = max(lengths), len(lengths)
        mask = torch.arange(T) < torch.tensor(lengths)[:, None]
        inputs = torch.randint(1, TOKENS, (rows, T), generator=generator) * mask
        targets = torch.where(mask, inputs % 3, IGNORED)
        targets[0::2, 1:] = IGNORED
        self.whole = Batch(inputs, targets, Context(None if mask.all() else mask))

    def loss(self, model, batch, state=None):
        logits = model(batch.inputs, batch.context)
        value = F.cross_entropy(logits.flatten(0, 1), batch.targets.flatten(), ignore_index=IGNORED)
        return ScriptedLoss(value, float((batch.targets >= 0).sum()))

    def batches(self, epoch):
        yield self.whole


class Repeated:
    """A feed of one batch."""

    def __init__(self, objective):
        self.batch = next(iter(objective.batches(0)))

    def next(self):
        return self.batch


def build(mixer):
    torch.manual_seed(3)
    spec = ModelSpec(mixer=mixer, width=16, residual=True, norm="pre", max_length=64, dropout=0.0)
    model = SequenceModel(
        spec, tokens=TOKENS, length=9, per_position=True, causal=mixer not in WHOLE
    )
    model.head = nn.Linear(16, 3)
    return model


def gradients(model, objective, own, **train):
    """Of one step on the objective's batch, with the loss and the tokens that it reports."""
    updates = Updates(model, objective, TrainSpec(clip_norm=None, **train), 1)
    updates.ranks = own
    loss, tokens = updates._gradients(Repeated(objective), 0)
    return [p.grad for p in updates.parameters], float(loss), tokens


def together(count, build, objective, **train):
    """What each of so many ranks has after a step together."""
    values, barrier, found = [None] * count, threading.Barrier(count), [None] * count

    def rank(number):
        own = Threaded(number, count, values, barrier)
        try:
            found[number] = gradients(build[number], Divided(objective, own), own, **train)
        except BaseException:
            barrier.abort()
            raise

    threads = [threading.Thread(target=rank, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@pytest.mark.parametrize("mixer", MIXERS)
def test_the_gradients_of_two_ranks_are_those_of_one_process(mixer):
    """With padding, and with seven times as many targets on one rank as on the other."""
    objective = Sentences([9, 3, 7, 8, 2, 9])
    counts = [float((share(objective.whole, Ranks(n, 2)).targets >= 0).sum()) for n in (0, 1)]
    assert counts[1] > 6 * counts[0]
    alone, loss, tokens = gradients(build(mixer), objective, Ranks())
    for given, said, read in together(2, [build(mixer) for _ in range(2)], objective):
        assert said == pytest.approx(loss, abs=1e-6)
        assert read == tokens
        for one, whole in zip(given, alone, strict=True):
            assert (one is None) == (whole is None)
            assert one is None or (one - whole).abs().max() <= 1e-5


@pytest.mark.parametrize("rows", [1, 2, 4])
def test_a_rank_without_an_example_takes_part_with_no_weight(rows):
    objective = Sentences([4, 3, 5, 2][:rows])
    alone, loss, tokens = gradients(build("gru"), objective, Ranks())
    for given, said, read in together(3, [build("gru") for _ in range(3)], objective):
        assert said == pytest.approx(loss, abs=1e-6)
        assert read == tokens
        assert all((a - b).abs().max() <= 1e-5 for a, b in zip(given, alone, strict=True))


def test_accumulated_batches_count_as_one_large_batch_on_ranks_too():
    objective = Sentences([9, 3, 7, 8])
    alone, _, _ = gradients(build("lstm"), objective, Ranks(), accumulate=3)
    for given, _, _ in together(2, [build("lstm") for _ in range(2)], objective, accumulate=3):
        assert all((a - b).abs().max() <= 1e-5 for a, b in zip(given, alone, strict=True))


def test_the_shares_of_a_batch_are_the_batch():
    whole = Sentences([9, 3, 7, 8, 5]).whole
    shares = [share(whole, Ranks(number, 2)) for number in range(2)]
    for number, one in enumerate(shares):
        assert torch.equal(one.inputs, whole.inputs[number::2])
        assert torch.equal(one.context.mask, whole.context.mask[number::2])
    assert sum(one.tokens for one in shares) == whole.tokens


def test_what_cannot_be_divided_is_refused():
    batch = Batch(torch.ones(4, 2), extra={"piece": torch.zeros(3)})
    with pytest.raises(UserError, match="reads long inputs in pieces"):
        share(batch, Ranks(0, 2))
    objective = Line()
    objective.batches = lambda epoch: iter([Batch(torch.ones(4, 2), continues=True)])
    with pytest.raises(UserError, match=r"options\.stateful = true: not accepted"):
        list(Divided(objective, Ranks(0, 2)).batches(0))


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ({"precision": "auto"}, "train.precision = auto: not accepted with 2 processes"),
        ({"mixup": 0.2}, "train.mixup = 0.2: not accepted"),
        ({"max_memory_mb": 900.0}, "train.max_memory_mb = 900.0: not accepted"),
        ({"device": "cuda"}, "processes on this machine, and 0 accelerators"),
    ],
)
def test_what_ranks_cannot_do_alike_is_refused(setting, told, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    with pytest.raises(UserError) as raised:
        Ranks(0, 2).refuse(TrainSpec(**setting))
    assert told in raised.value.message
    Ranks().refuse(TrainSpec(**setting))


def test_what_a_step_draws_depends_on_seed_step_and_rank():
    def drawn(number, seed, step):
        Ranks(number, 2).seed(seed, step)
        return float(torch.rand(()))

    places = [(0, 1, 2), (1, 1, 2), (0, 2, 2), (0, 1, 3)]
    assert len({drawn(*place) for place in places}) == len(places)
    assert drawn(0, 1, 2) == drawn(0, 1, 2)


def test_alone_nothing_is_drawn_anew():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    Ranks().seed(1, 2)
    assert torch.equal(torch.get_rng_state(), before)
    model = line_model()
    Ranks().alike(model)
    assert Ranks().any(True, False) == [True, False]
    assert Ranks().told({"a": 1}) == {"a": 1}

"""Lazy tables: dense where every row occurs, still where a row does not, exact when resumed."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from seqlab.batch import Batch
from seqlab.errors import UserError
from seqlab.specs import TrainSpec
from seqlab.training.checkpoints import Checkpoints
from seqlab.training.fit import fit
from seqlab.training.hooks import Hook
from tests.training.problems import Line, ScriptedLoss, line_model

ROWS, WIDTH = 12, 4


class Tokens:
    """Tokens to a number; each step has tokens from a range of its own."""

    higher_is_better = False

    def __init__(self, ranges=((0, ROWS),)):
        self.ranges = ranges

    def steps_per_epoch(self):
        return 8

    def batches(self, epoch):
        generator = torch.Generator().manual_seed(epoch)
        for step in range(8):
            low, high = self.ranges[step % len(self.ranges)]
            ids = torch.arange(low, high).repeat(3)
            yield Batch(ids[:, None], torch.randn(len(ids), generator=generator))

    def loss(self, model, batch, state=None):
        value = F.mse_loss(model(batch.inputs[:, 0]).squeeze(-1), batch.targets)
        return ScriptedLoss(value, len(batch.targets))

    def validate(self, model):
        return 1.0


def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Embedding(ROWS, WIDTH), nn.Linear(WIDTH, 1))


def spec(**changes):
    fields = {"steps": 24, "evaluations": 2, "patience": None, "learning_rate": 0.05}
    return TrainSpec(**{**fields, "lazy_embeddings": True, "weight_decay": 0.1, **changes})


OPTIMISERS = ("adamw", "adam", "sgd", "rmsprop", "lion", "muon")


@pytest.mark.parametrize("optimizer", OPTIMISERS)
@pytest.mark.parametrize("more", [{}, {"accumulate": 2, "clip_norm": 0.1, "clip_adaptive": 0.05}])
def test_where_every_row_occurs_it_is_the_dense_optimiser(optimizer, more):
    lazy, dense = model(), model()
    fit(lazy, Tokens(), spec(optimizer=optimizer, **more))
    fit(dense, Tokens(), spec(optimizer=optimizer, lazy_embeddings=False, **more))
    for one, other in zip(lazy.parameters(), dense.parameters(), strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("optimizer", OPTIMISERS)
def test_rows_that_do_not_occur_stay_as_they_are(optimizer):
    lazy, dense = model(), model()
    before = lazy[0].weight.detach().clone()
    fit(lazy, Tokens([(0, 5)]), spec(optimizer=optimizer))
    fit(dense, Tokens([(0, 5)]), spec(optimizer=optimizer, lazy_embeddings=False))
    assert torch.equal(lazy[0].weight[5:], before[5:])
    assert not torch.equal(lazy[0].weight[:5], before[:5])
    assert not torch.equal(dense[0].weight[5:], before[5:]), "which decays them"


class Watch(Hook):
    def __init__(self):
        self.seen = []

    def on_step_end(self, progress):
        self.seen.append(progress.model[0].weight.detach().clone())


def test_a_row_moves_in_the_steps_in_which_it_occurs_and_in_no_others():
    """Its momentum does not carry it on, and neither does decay."""
    watch = Watch()
    fit(model(), Tokens([(0, 6), (4, ROWS)]), spec(steps=8), [watch])
    moved = [
        (after != before).any(dim=1).nonzero().flatten().tolist()
        for before, after in zip(watch.seen, watch.seen[1:], strict=False)
    ]
    odd, even = list(range(4, ROWS)), list(range(6))
    assert moved == [odd, even, odd, even, odd, even, odd]


class KilledError(Exception):
    pass


class Kill(Hook):
    def on_step_end(self, progress):
        if progress.history.steps == 11:
            raise KilledError


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_resume_is_exact(optimizer, tmp_path):
    ranges, settings = [(0, 6), (4, ROWS)], spec(optimizer=optimizer, accumulate=2)
    whole, again = model(), model()
    fit(whole, Tokens(ranges), settings)
    with pytest.raises(KilledError):
        fit(again, Tokens(ranges), settings, [Kill()], Checkpoints(tmp_path, seconds=0))
    again = model()
    history = fit(again, Tokens(ranges), settings, [], Checkpoints(tmp_path, seconds=0))
    assert history.resumed
    for one, other in zip(whole.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_table_that_is_also_an_output_learns_at_all_rows():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.table = nn.Embedding(ROWS, WIDTH)

        def forward(self, ids):
            return (self.table(ids) @ self.table.weight.T)[:, :1]

    weights = []
    for lazy in (True, False):
        torch.manual_seed(0)
        tied = Tied()
        fit(tied, Tokens([(0, 5)]), spec(lazy_embeddings=lazy))
        weights.append(tied.table.weight)
    torch.testing.assert_close(*weights)


def test_models_without_a_table_are_refused_in_a_line():
    with pytest.raises(UserError) as caught:
        fit(line_model(), Line(), spec())
    assert caught.value.message == "train.lazy_embeddings = true: this model has no embedding table"

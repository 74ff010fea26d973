"""Number formats: where they apply, that weights stay float32, and that overflow is survived."""

import pytest
import torch

from seqlab.specs import TrainSpec
from seqlab.training.fit import fit
from seqlab.training.hooks import Hook
from tests.training.problems import Line, line_model


class Seen(Line):
    """Which dtype the model's product has while the loss is computed, and while it validates."""

    def __init__(self):
        super().__init__()
        self.training, self.validating = set(), set()

    def loss(self, model, batch, state=None):
        self.training.add(model(batch.inputs).dtype)
        return super().loss(model, batch, state)

    def validate(self, model):
        self.validating.add(model(torch.ones(2, 1)).dtype)
        return super().validate(model)


@pytest.mark.parametrize(
    ("precision", "dtype"),
    [
        ("float32", torch.float32),
        ("tf32", torch.float32),
        ("bfloat16", torch.bfloat16),
        ("float16", torch.float16),
    ],
)
def test_losses_are_lowered_and_weights_and_scores_are_not(precision, dtype):
    model, objective = line_model(), Seen()
    spec = TrainSpec(precision=precision, learning_rate=0.1, epochs=20, weight_decay=0)
    fit(model, objective, spec)
    assert objective.training == {dtype}
    assert objective.validating == {torch.float32}
    assert model.weight.dtype == torch.float32
    assert abs(model.weight.item() - 3) < 0.2


class Norms(Hook):
    def __init__(self):
        self.seen = []

    def on_step_end(self, progress):
        self.seen.append(float(progress.model.weight.grad.norm()))


def test_float16_gradients_are_scaled_and_scaled_back():
    """A loss so small that its gradients vanish in float16, unless they are scaled."""
    scaled, plain = Norms(), Norms()
    spec = TrainSpec(steps=3, clip_norm=None, evaluations=1, optimizer="sgd", learning_rate=1e-9)
    fit(line_model(), Line(gain=1e-7), spec.with_(precision="float16"), [scaled])
    fit(line_model(), Line(gain=1e-7), spec, [plain])
    assert scaled.seen == pytest.approx(plain.seen, rel=0.02)


def test_a_float16_step_that_overflows_is_left_out():
    model = line_model()
    before = model.weight.item()
    spec = TrainSpec(steps=1, precision="float16", learning_rate=0.1)
    history = fit(model, Line(gain=1e3), spec)  # times the first scale, beyond 65,504
    assert model.weight.item() == before
    assert history.steps == 1
    longer = fit(line_model(), Line(gain=1e3), spec.with_(steps=60, epochs=20))
    assert longer.best < abs(before - 3), "the scale comes down until steps are taken"


def test_tf32_lasts_as_long_as_the_training():
    class Products(Hook):
        def on_step_end(self, progress):
            self.during = torch.get_float32_matmul_precision()

    watch, before = Products(), torch.get_float32_matmul_precision()
    fit(line_model(), Line(), TrainSpec(precision="tf32", steps=1), [watch])
    assert watch.during == "high"
    assert torch.get_float32_matmul_precision() == before == "highest"

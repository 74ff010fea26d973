"""What a training settles by measuring: formats and compilation; once, and without a trace."""

import time

import pytest
import torch

from seqlab.specs import TrainSpec
from seqlab.training import choosing
from seqlab.training.checkpoints import Checkpoints
from seqlab.training.choosing import choose, remembered
from seqlab.training.fit import fit
from seqlab.training.hooks import Hook
from tests.training.problems import Line, line_model

STEPS = 20
AUTO = TrainSpec(precision="auto", steps=STEPS, evaluations=2, patience=None, learning_rate=0.01)
PAUSE = 0.01


@pytest.fixture(autouse=True)
def _(monkeypatch):
    monkeypatch.setattr(choosing, "SHORT_STEPS", STEPS)


def lowered():
    return torch.is_autocast_enabled("cpu")


class Paced(Line):
    """A loss that takes longer in one format than in the other, or is spoilt in one."""

    def __init__(self, slow=False, spoilt=None):
        super().__init__()
        self.slow, self.spoilt, self.formats = slow, spoilt, []

    def loss(self, model, batch, state=None):
        self.formats.append(lowered())
        if lowered() == self.slow:
            time.sleep(PAUSE)
        loss = super().loss(model, batch, state)
        if self.spoilt == lowered():
            loss.value = loss.value * float("nan")
        return loss


def test_the_faster_format_is_taken_and_used():
    objective = Paced(slow=False)
    history = fit(line_model(), objective, AUTO)
    choice = history.choices["precision"]
    assert choice["chosen"] == "bfloat16"
    assert choice["times_faster"]["bfloat16"] >= 1.2
    assert choice["why"].startswith("bfloat16 is ")
    assert objective.formats[-STEPS:] == [True] * STEPS


def test_a_format_that_is_not_worth_it_is_left():
    objective = Paced(slow=True)
    choice = fit(line_model(), objective, AUTO).choices["precision"]
    assert choice["chosen"] == "float32"
    assert choice["why"].endswith("times as fast as float32, and 1.2 is wanted")
    assert objective.formats[-STEPS:] == [False] * STEPS


def test_a_format_whose_loss_is_not_finite_is_left_however_fast():
    choice = fit(line_model(), Paced(slow=False, spoilt=True), AUTO).choices["precision"]
    assert choice["chosen"] == "float32"
    assert choice["why"] == "the loss is not finite in bfloat16"


def test_short_trainings_are_not_measured():
    objective = Paced()
    choice = fit(line_model(), objective, AUTO.with_(steps=9)).choices["precision"]
    assert choice["why"] == "9 steps are too few to measure others; 20 are enough"
    assert objective.formats == [False] * 9


def test_measuring_leaves_no_trace():
    """The same weights, to the bit, as a training in the format that was chosen."""

    class Noisy(Paced):
        def loss(self, model, batch, state=None):
            batch.inputs.add_(0.1 * torch.randn(len(batch.inputs), 1))
            return super().loss(model, batch, state)

    def trained(spec):
        model = line_model()
        torch.manual_seed(4)
        history = fit(model, Noisy(slow=False), spec)
        return model.weight.item(), [r["train_loss"] for r in history.records]

    assert trained(AUTO) == trained(AUTO.with_(precision="bfloat16"))


class KilledError(Exception):
    pass


class Kill(Hook):
    def on_step_end(self, progress):
        if progress.history.steps == 12:
            raise KilledError


def test_a_resumed_training_keeps_the_choice(tmp_path, monkeypatch):
    with pytest.raises(KilledError):
        fit(line_model(), Paced(slow=False), AUTO, [Kill()], Checkpoints(tmp_path, seconds=0))
    monkeypatch.setattr("seqlab.training.fit.choose", lambda *parts: pytest.fail("measured again"))
    objective = Paced(slow=True)  # now another format would win
    history = fit(line_model(), objective, AUTO, [], Checkpoints(tmp_path, seconds=0))
    assert history.resumed
    assert history.choices["precision"]["chosen"] == "bfloat16"
    assert set(objective.formats) == {True}


def test_a_study_measures_once(tmp_path):
    settle = remembered(tmp_path / "choices" / "a.json")
    first = settle(lambda: {"precision": {"chosen": "bfloat16"}})
    assert settle(lambda: pytest.fail("measured again")) == first
    objective = Paced(slow=True)
    history = fit(line_model(), objective, AUTO, settle=settle)
    assert history.choices == first
    assert set(objective.formats) == {True}


# -- compilation -------------------------------------------------------------------------------


class Compiled:
    """Stands for torch.compile: counts the calls and is as fast as the test wants."""

    def __init__(self, model, pause=0.0):
        self.calls = {True: 0, False: 0}  # by whether it trains

        def call(*args):
            self.calls[model.training] += 1
            time.sleep(pause)
            return model._call_impl(*args)

        model._compiled_call_impl = call


def compiling(monkeypatch, **options):
    made = []
    for module in ("choosing", "updates"):
        monkeypatch.setattr(
            f"seqlab.training.{module}.compile_model",
            lambda model: made.append(Compiled(model, **options)),
        )
    return made


def test_a_compiled_model_trains_and_is_judged_as_it_is(monkeypatch):
    made = compiling(monkeypatch)
    model = line_model()

    class Scored(Line):
        def validate(self, model):
            return float(((model(torch.ones(1, 1)) - 3) ** 2).item())

    history = fit(model, Scored(), TrainSpec(compile="on", steps=20, evaluations=2))
    assert history.choices["compile"]["chosen"] == "on"
    assert made[-1].calls == {True: 20, False: 0}
    assert model._compiled_call_impl is None, "forgotten once it is trained"


def test_a_compilation_that_fails_is_done_without(monkeypatch):
    def fails(model):
        def call(*args):
            raise RuntimeError("no working C++ compiler\nfound")

        model._compiled_call_impl = call

    monkeypatch.setattr(choosing, "compile_model", fails)
    history = fit(line_model(), Line(), TrainSpec(compile="on", steps=5))
    choice = history.choices["compile"]
    assert choice["chosen"] == "off"
    assert choice["why"] == "the compilation failed: RuntimeError: no working C++ compiler"
    assert history.steps == 5


def test_auto_compiles_where_the_rest_of_the_training_repays_it(monkeypatch):
    spec = TrainSpec(compile="auto", steps=1000)
    short = choose(line_model(), Line(), spec, 1000)["compile"]
    assert (short["chosen"], short["why"].split(" seconds ")[1]) == (
        "off",
        "of training are too short, 120 are enough",
    )
    monkeypatch.setattr(choosing, "LONG_SECONDS", 0.0)

    class Slow(Line):  # until it is compiled
        def loss(self, model, batch, state=None):
            time.sleep(PAUSE if model._compiled_call_impl is None else 0)
            return super().loss(model, batch, state)

    compiling(monkeypatch)
    taken = choose(line_model(), Slow(), spec, 1000)["compile"]
    assert taken["chosen"] == "on"
    assert taken["times_faster"]["on"] >= 1.2
    compiling(monkeypatch, pause=2 * PAUSE)
    left = choose(line_model(), Slow(), spec, 1000)["compile"]
    assert left["chosen"] == "off"
    assert left["why"].endswith("of compiling counted, and 1.2 is wanted")


@pytest.mark.slow
def test_a_real_compilation_trains_to_the_same_weights():
    from tests.training.streams import Streams, build, settings

    weights = []
    for compiled in ("off", "on"):
        model = build("attention")
        for module in model.modules():  # noise differs between the two
            if hasattr(module, "p"):
                module.p = 0.0
        history = fit(model, Streams(), settings(0, compile=compiled))
        weights.append(model.state_dict())
    assert history.choices["compile"]["chosen"] == "on", history.choices
    for name, value in weights[0].items():
        torch.testing.assert_close(value, weights[1][name], rtol=1e-3, atol=1e-4)

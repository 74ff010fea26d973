"""What every registered mixer must hold to; a new file is tested because it exists."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import pytest
import torch
from torch.func import functional_call

from seqlab import registry
from seqlab.batch import Context
from seqlab.errors import UserError
from seqlab.mixers.base import Mixer, StreamingMixer, setting_defaults
from seqlab.mixers.states import tensors_of
from seqlab.specs import ModelSpec

B, T, S = 2, 70, 5  # longer than any mixer's chunk; memory positions
GROUPS = {"recurrent", "attention", "modern", "classic", "control"}


class Case(NamedTuple):
    """One mixer under some settings, in one of its forms."""

    name: str
    settings: dict
    causal: bool

    def build(self, dtype=torch.float64, noise=0.1, **more) -> Mixer:
        """A seeded mixer; noise so that no parameter is left at a telling zero."""
        torch.manual_seed(0)
        cls = registry.load("mixers", self.name)
        settings = {**self.settings, **more}
        mixer = cls.build(width_of(self), causal=self.causal, **settings)
        with torch.no_grad():
            for parameter in mixer.parameters():
                parameter += noise * torch.randn_like(parameter)
        return mixer.to(dtype).eval()

    def __str__(self) -> str:
        settings = ",".join(f"{k}={v}" for k, v in self.settings.items())
        return f"{self.name}{'' if self.causal else '-whole'}{f'({settings})' * bool(settings)}"


def settings_of(name):
    return [{}, *registry.card("mixers", name).get("cases", ())]


def width_of(case):
    multiple = registry.load("mixers", case.name).width_multiple(**case.settings)
    return -(-16 // multiple) * multiple


def is_streaming(case):
    return isinstance(case.build(), StreamingMixer)


NAMES = registry.names("mixers")
STREAMING = [
    Case(name, settings, True)
    for name in NAMES
    if registry.card("mixers", name)["streams"]
    for settings in settings_of(name)
]
WHOLE = [
    case
    for name in NAMES
    for settings in settings_of(name)
    if not is_streaming(case := Case(name, settings, False))
]
ALL = STREAMING + WHOLE

streaming = pytest.mark.parametrize("case", STREAMING, ids=str)
every = pytest.mark.parametrize("case", ALL, ids=str)


def inputs(case, length=T, batch=B, dtype=torch.float64, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, length, width_of(case), generator=generator, dtype=dtype)


def context(case, batch=B, memory=S, dtype=torch.float64, **more):
    """What any mixer may ask for: a memory whose last position is padding."""
    real = torch.arange(memory).expand(batch, -1) < max(1, memory - 1)
    return Context(memory=inputs(case, memory, batch, dtype, seed=2), memory_mask=real, **more)


def rounded(exact):
    """The same context in single precision."""
    return dataclasses.replace(exact, memory=exact.memory.float())


def stepped(mixer, x, state):
    outputs = []
    for x_t in x.unbind(dim=1):
        y_t, state = mixer.step(x_t, state)
        outputs.append(y_t)
    return torch.stack(outputs, dim=1), state


def prefilled(mixer, x, state, sizes):
    outputs = []
    for part in x.split(sizes, dim=1):
        y, state = mixer.prefill(part, state)
        outputs.append(y)
    return torch.cat(outputs, dim=1), state


def close(a, b, tolerance=1e-10):
    torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)


@every
def test_keeps_shape_and_type(case):
    for dtype in (torch.float32, torch.float64):
        y = case.build(dtype)(inputs(case, dtype=dtype), context(case, dtype=dtype))
        assert y.shape == (B, T, width_of(case))
        assert y.dtype == dtype
        assert y.isfinite().all()


@every
def test_single_precision_agrees_with_double(case):
    single = case.build(torch.float32)(inputs(case).float(), rounded(context(case)))
    close(single.double(), case.build()(inputs(case), context(case)), 1e-3)


@every
def test_trains_in_mixed_precision(case):
    exact = case.build()(inputs(case), context(case))
    mixer, x = case.build(torch.float32), inputs(case).float().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        y = mixer(x, rounded(context(case)))
    y.float().sum().backward()
    assert x.grad.isfinite().all()
    # Eight bits of mantissa: up to a tenth of the spread is rounding and no mistake.
    assert (y.double() - exact).std() < 0.1 * exact.std()


@streaming
def test_stepping_equals_forward(case):
    mixer, x = case.build(), inputs(case)
    y, _ = stepped(mixer, x, mixer.begin(B, context(case)))
    close(y, mixer(x, context(case)))


@streaming
def test_any_split_of_prefill_is_the_same(case):
    """From a state that is not the first: other positions came before."""
    mixer, x = case.build(), inputs(case)
    _, state = mixer.prefill(inputs(case, 37, seed=3), mixer.begin(B, context(case)))
    whole, end = mixer.prefill(x, state)
    after = inputs(case, 1, seed=4)[:, 0]
    next_y, _ = mixer.step(after, end)
    splits = [prefilled(mixer, x, state, sizes) for sizes in ([1, 69], [64, 3, 3], [5, 60, 5])]
    for parts, other_end in (stepped(mixer, x, state), *splits):
        close(parts, whole)
        close(mixer.step(after, other_end)[0], next_y)


@streaming
def test_nothing_leaks_from_the_future(case):
    mixer, x = case.build(), inputs(case)
    y = mixer(x, context(case))
    for t in (1, 32, T - 1):
        changed = x.clone()
        changed[:, t:] += inputs(case, T - t, seed=5)
        other = mixer(changed, context(case))
        close(other[:, :t], y[:, :t], 1e-12)
        assert not torch.allclose(other[:, t], y[:, t])


@every
def test_padding_changes_nothing(case):
    """Neither values nor gradients, whatever the padding holds."""
    mixer = case.build()
    lengths = torch.tensor([T, 33, 1])
    mask = torch.arange(T) < lengths[:, None]
    x = torch.where(mask[..., None], inputs(case, batch=3), 100.0).requires_grad_()
    padded = context(case, batch=3, mask=mask)
    y = mixer(x, padded)
    y[mask].square().sum().backward()
    assert (x.grad[~mask] == 0).all()
    for b, length in enumerate(lengths):
        alone = Context(memory=padded.memory[b : b + 1], memory_mask=padded.memory_mask[b : b + 1])
        z = x[b : b + 1, :length].detach().requires_grad_()
        y_alone = mixer(z, alone)
        y_alone.square().sum().backward()
        close(y[b, :length], y_alone[0])
        close(x.grad[b, :length], z.grad[0], 1e-8)


@every
def test_a_sequence_of_padding_only_harms_nobody(case):
    mixer = case.build()
    mask = torch.tensor([[True] * T, [False] * T])
    x = inputs(case).requires_grad_()
    y = mixer(x, context(case, mask=mask))
    assert y.isfinite().all()
    y[mask].sum().backward()
    assert x.grad.isfinite().all()
    assert all(p.grad is None or p.grad.isfinite().all() for p in mixer.parameters())
    close(y[:1], mixer(x[:1], context(case, batch=1, mask=mask[:1])))


@every
def test_gradients_are_those_of_finite_differences(case):
    mixer = case.build()
    names, parameters = zip(*mixer.named_parameters(), strict=True)

    def run(x, *values):
        return functional_call(mixer, dict(zip(names, values, strict=True)), (x, context(case)))

    x = inputs(case, 6).requires_grad_()
    assert torch.autograd.gradcheck(run, (x, *parameters), fast_mode=True)


def long_cases():
    for case in ALL:
        quadratic = "T²" in registry.card("mixers", case.name)["complexity"]
        dense = case.settings.get("backend") == "reference"
        if not (quadratic and case.settings) and not dense:  # T² numbers for each head
            yield case


@pytest.mark.parametrize("case", long_cases(), ids=str)
def test_finite_at_length_4096(case):
    """As it is initialised: values, the gradient of the input, those of the parameters."""
    defaults = setting_defaults(registry.load("mixers", case.name))
    longest = {"max_length": 4096} if "max_length" in defaults else {}
    mixer = case.build(torch.float32, noise=0.0, **longest)
    x = inputs(case, 4096, batch=1, dtype=torch.float32).requires_grad_()
    y = mixer(x, context(case, batch=1, dtype=torch.float32))
    y.square().mean().backward()
    assert y.isfinite().all()
    assert x.grad.isfinite().all()
    assert all(p.grad is None or p.grad.isfinite().all() for p in mixer.parameters())


@streaming
def test_state_is_as_large_as_declared(case):
    mixer = case.build(torch.float32)
    for length in (1, 40):
        start = mixer.begin(3, context(case, 3, memory=length, dtype=torch.float32))
        _, state = mixer.prefill(inputs(case, length, 3, torch.float32), start)
        size = sum(t.numel() * t.element_size() for t in tensors_of(state))
        assert size == 3 * mixer.state_bytes(length)


@streaming
def test_states_are_not_mutated(case):
    mixer, x = case.build(), inputs(case)
    _, state = mixer.prefill(x, mixer.begin(B, context(case)))
    before = [t.clone() for t in tensors_of(state)]
    mixer.step(x[:, 0], state)
    mixer.prefill(x, state)
    for old, now in zip(before, tensors_of(state), strict=True):
        assert torch.equal(old, now)


class ForeignState(NamedTuple):
    """A state that no mixer made."""

    h: torch.Tensor


@streaming
def test_a_state_of_another_mixer_is_refused(case):
    mixer, x = case.build(), inputs(case)
    foreign = ForeignState(x[:, 0])
    for run in (lambda: mixer.step(x[:, 0], foreign), lambda: mixer.prefill(x, foreign)):
        with pytest.raises(UserError, match="given a state of type ForeignState, expected") as e:
            run()
        assert f'mixer "{case.name}"' in e.value.message


@streaming
def test_a_state_of_another_batch_size_is_refused(case):
    mixer, x = case.build(), inputs(case, batch=3)
    state = mixer.begin(B, context(case))
    for run in (lambda: mixer.step(x[:, 0], state), lambda: mixer.prefill(x, state)):
        with pytest.raises(UserError, match="a state for batch 2, but the input has batch 3"):
            run()


@every
def test_sequences_without_positions_are_refused(case):
    with pytest.raises(UserError, match="sequences without positions, expected at least 1"):
        case.build()(inputs(case, 0), context(case))


@every
def test_an_input_of_another_width_is_refused(case):
    width = width_of(case)
    with pytest.raises(UserError, match=rf"\(2, 70, {width + 1}\), expected .* {width}\)"):
        case.build()(torch.zeros(B, T, width + 1, dtype=torch.float64), context(case))


@every
def test_the_same_seed_gives_the_same_mixer(case):
    first, second = case.build(), case.build()
    for (name, a), b in zip(first.named_parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b), name
    assert torch.equal(first(inputs(case), context(case)), second(inputs(case), context(case)))


@every
def test_can_be_built_without_memory(case):
    """Sizing a model builds it on the meta device."""
    with torch.device("meta"):
        cls = registry.load("mixers", case.name)
        twin = cls.build(width_of(case), causal=case.causal, **case.settings)
    shapes = [p.shape for p in twin.parameters()]
    assert shapes == [p.shape for p in case.build().parameters()]


@every
def test_says_what_runs(case):
    assert case.build().backend in ("fused", "torch", "reference")


@pytest.mark.parametrize("name", NAMES)
def test_streaming_is_a_type(name):
    """What the card says, the type says; what cannot stream refuses to be causal."""
    cls = registry.load("mixers", name)
    if registry.card("mixers", name)["streams"]:
        assert isinstance(cls.build(16, causal=True), StreamingMixer)
    else:
        with pytest.raises(UserError, match=f'mixer "{name}" mixes all positions and cannot be'):
            cls.build(16, causal=True)


@pytest.mark.parametrize("name", NAMES)
def test_unknown_settings_are_refused(name):
    with pytest.raises(UserError, match=f'unknown setting of mixer "{name}" "colour"'):
        registry.load("mixers", name).build(16, causal=False, colour=1)


@pytest.mark.parametrize("name", NAMES)
def test_heads_that_do_not_divide_the_width_are_refused(name):
    cls = registry.load("mixers", name)
    if "heads" not in setting_defaults(cls):
        pytest.skip("has no heads")
    with pytest.raises(UserError, match=r"heads = 3 does not divide \d+; accepted: 1, 2, 4, 8, "):
        cls.build(16, causal=False, heads=3)


@pytest.mark.parametrize("name", NAMES)
def test_card(name):
    card = registry.card("mixers", name)
    assert set(card["groups"]) <= GROUPS
    assert card["groups"]
    assert all(card[key] for key in ("complexity", "state", "paper"))
    assert card["summary"].endswith(".")
    for fields in card["recipes"].values():
        spec = ModelSpec.read({"mixer": name, **fields}, "recipe")
        registry.load("mixers", name).build(spec.width, causal=False, **spec.settings)


def test_recipes_have_names_of_their_own():
    names = [r for name in NAMES for r in registry.card("mixers", name)["recipes"]]
    assert len(names) == len(set(names))

"""The modern mixers against their reference implementations, and against their equations.

Each oracle below is written from the equations alone: one position after the other, in float64.
"""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

from seqlab import registry
from seqlab.batch import Context
from seqlab.errors import UserError
from seqlab.mixers import mlstm
from seqlab.mixers.bag import Bag
from seqlab.mixers.gated_deltanet import GatedDeltaNet, delta_rule
from seqlab.mixers.mamba import Mamba
from seqlab.mixers.mamba2 import Mamba2
from seqlab.mixers.mingru import MinGRU
from seqlab.mixers.minlstm import MinLSTM
from seqlab.mixers.slstm import SLSTM
from seqlab.mixers.tcn import TCN

B, T, D = 2, 70, 16


def built(cls, dtype=torch.float64, noise=0.1, **settings):
    """A seeded mixer; noise so that no parameter is left at a telling zero."""
    torch.manual_seed(0)
    mixer = cls(D, **settings)
    with torch.no_grad():
        for parameter in mixer.parameters():
            parameter += noise * torch.randn_like(parameter)
    return mixer.to(dtype)


def inputs(dtype=torch.float64, width=D):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(B, T, width, generator=generator, dtype=dtype).requires_grad_()


def close(a, b, tolerance=1e-10):
    torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)


def gradients(y, sources):
    weights = torch.linspace(-1, 1, y.numel(), dtype=y.dtype).view_as(y)
    return torch.autograd.grad((y * weights).sum(), sources)


def agree(pair, x, forward=1e-10, backward=1e-10):
    """Values and input gradients of two functions."""
    ours, theirs = (run(x) for run in pair)
    close(ours, theirs, forward)
    close(gradients(ours, x), gradients(theirs, x), backward)


def whole(mixer):
    return lambda x: mixer(x, Context())


def over_time(step, state, *sequences):
    """Every output of step(state, *inputs_t) -> (state, output), stacked."""
    outputs = []
    for values in zip(*(s.unbind(1) for s in sequences), strict=True):
        state, y = step(state, *values)
        outputs.append(y)
    return torch.stack(outputs, dim=1)


# -- the equations, one position after the other ---------------------------------------------------


def convolved(taps, x):
    """SiLU of the causal convolution, tap by tap."""
    K = taps.weight.shape[0]
    padded = torch.cat((x.new_zeros(x.shape[0], K - 1, x.shape[2]), x), dim=1)
    windows = torch.stack([padded[:, t : t + K] for t in range(x.shape[1])], dim=1)
    return F.silu((windows * taps.weight).sum(2) + taps.bias)


def positive(x):
    return torch.where(x >= 0, x + 0.5, torch.sigmoid(x))


def mingru_oracle(mixer, x):
    w_h, w_z = mixer.w_candidate_and_z.weight.chunk(2)

    def step(h, u):
        z = torch.sigmoid(u @ w_z.T)
        h = (1 - z) * h + z * positive(u @ w_h.T)
        return h, h

    return over_time(step, x.new_zeros(B, D), convolved(mixer.convolution.taps, x))


def minlstm_oracle(mixer, x):
    w_h, w_f, w_i = mixer.w_candidate_and_gates.weight.chunk(3)

    def step(h, u):
        f, i = torch.sigmoid(u @ w_f.T), torch.sigmoid(u @ w_i.T)
        h = f / (f + i) * h + i / (f + i) * positive(u @ w_h.T)
        return h, h

    return over_time(step, x.new_zeros(B, D), convolved(mixer.convolution.taps, x))


def mamba_oracle(mixer, xi):
    E, N, R = mixer.inner, mixer.state, mixer.rank
    u, z = (xi @ mixer.w_in.weight.T).split(E, dim=-1)
    x = convolved(mixer.convolution.taps, u)
    delta, b, c = (x @ mixer.w_x.weight.T).split((R, N, N), dim=-1)
    delta = F.softplus(delta @ mixer.w_delta.weight.T + mixer.w_delta.bias)

    def step(h, x, delta, b, c):
        decay = torch.exp(-torch.exp(mixer.A_log) * delta[:, :, None])
        h = decay * h + torch.einsum("be,bn->ben", delta * x, b)
        return h, torch.einsum("ben,bn->be", h, c) + mixer.skip * x

    y = over_time(step, xi.new_zeros(B, E, N), x, delta, b, c)
    return (y * F.silu(z)) @ mixer.w_out.weight.T


def rms_norm(x, weight, eps=1e-6):
    return x / torch.sqrt((x**2).mean(-1, keepdim=True) + eps) * weight


def mamba2_oracle(mixer, xi):
    E, N, H = mixer.inner, mixer.state, mixer.heads
    z, u, delta = (xi @ mixer.w_in.weight.T).split((E, E + 2 * N, H), dim=-1)
    x, b, c = convolved(mixer.convolution.taps, u).split((E, N, N), dim=-1)
    delta = F.softplus(delta + mixer.bias_delta)

    def step(S, x, delta, b, c):
        x = x.view(B, H, E // H)
        decay = torch.exp(-delta * torch.exp(mixer.A_log))
        S = decay[:, :, None, None] * S + torch.einsum("bn,bh,bhp->bhnp", b, delta, x)
        y = torch.einsum("bhnp,bn->bhp", S, c) + mixer.skip[:, None] * x
        return S, y.flatten(1)

    y = over_time(step, xi.new_zeros(B, H, N, E // H), x, delta, b, c)
    return rms_norm(y * F.silu(z), mixer.norm_weight, 1e-5) @ mixer.w_out.weight.T


def gated_deltanet_oracle(mixer, x):
    H, d = mixer.heads, D // mixer.heads
    q, k, v = convolved(mixer.convolution.taps, x @ mixer.w_qkv.weight.T).split(D, dim=-1)
    decay, beta = (x @ mixer.w_decay_and_beta.weight.T).split(H, dim=-1)
    g = -torch.exp(mixer.A_log) * F.softplus(decay + mixer.bias_decay)
    beta = 2 * torch.sigmoid(beta)

    def unit(u):
        return u / torch.sqrt((u**2).sum(-1, keepdim=True) + 1e-6)

    def step(S, q, k, v, g, beta):
        q, k, v = (u.view(B, H, d) for u in (q, k, v))
        q, k = unit(q) / math.sqrt(d), unit(k)
        g, beta = (u[..., None, None] for u in (g.exp(), beta))
        erase = torch.eye(d, dtype=x.dtype) - beta * k[..., :, None] * k[..., None, :]
        S = erase @ (g * S) + beta * k[..., :, None] * v[..., None, :]
        return S, torch.einsum("bhkv,bhk->bhv", S, q)

    y = over_time(step, x.new_zeros(B, H, d, d), q, k, v, g, beta)
    y = rms_norm(y, mixer.norm.weight).flatten(2) * F.silu(x @ mixer.w_z.weight.T)
    return y @ mixer.w_out.weight.T


def mlstm_oracle(mixer, x):
    """Without a stabiliser: max(|n·q|, e^−m) is max(|n·q|, 1) of the true memory."""
    H, d = mixer.heads, D // mixer.heads
    q, k = (convolved(mixer.convolution.taps, x) @ mixer.w_qk.weight.T).split(D, dim=-1)
    v = x @ mixer.w_v.weight.T
    i, f = (x @ mixer.w_gates.weight.T + mixer.w_gates.bias).split(H, dim=-1)

    def step(state, q, k, v, i, f):
        C, n = state
        q, k, v = (u.view(B, H, d) for u in (q, k / math.sqrt(d), v))
        i, f = torch.exp(i)[..., None], torch.sigmoid(f)[..., None]
        C = f[..., None] * C + i[..., None] * k[..., :, None] * v[..., None, :]
        n = f * n + i * k
        scale = (n * q).sum(-1, keepdim=True).abs().clamp(min=1)
        return (C, n), torch.einsum("bhkv,bhk->bhv", C, q) / scale

    h = over_time(step, (x.new_zeros(B, H, d, d), x.new_zeros(B, H, d)), q, k, v, i, f)
    o = torch.sigmoid(x @ mixer.w_o.weight.T + mixer.w_o.bias)
    return (o * rms_norm(h, mixer.norm.weight).flatten(2)) @ mixer.w_out.weight.T


def slstm_oracle(mixer, x):
    """Without a stabiliser: it cancels in c / n."""
    H = mixer.w_hh.shape[1]
    u = convolved(mixer.convolution.taps, x)
    gates = torch.cat((mixer.w_if(u), mixer.w_zo(x)), dim=-1)

    def step(state, gates):
        c, n, h = state
        mixed = [torch.cat([h.view(B, H, -1)[:, j] @ w[j].T for j in range(H)], 1)
                 for w in mixer.w_hh]  # fmt: skip
        i, f, z, o = (g + r for g, r in zip(gates.split(D, dim=-1), mixed, strict=True))
        c = torch.sigmoid(f) * c + torch.exp(i) * torch.tanh(z)
        n = torch.sigmoid(f) * n + torch.exp(i)
        h = torch.sigmoid(o) * c / n
        return (c, n, h), h

    zeros = x.new_zeros(B, D)
    h = over_time(step, (zeros, zeros, zeros), gates).view(B, T, H, -1)
    normed = (h - h.mean(-1, keepdim=True)) / torch.sqrt(h.var(-1, False, True) + mixer.norm.eps)
    return normed.flatten(2) * mixer.norm.weight + mixer.norm.bias


def tcn_oracle(mixer, x):
    """Sums over positions, one tap at a time."""

    def layer(convolution, x):
        dilation, K = convolution.dilation[0], convolution.kernel_size[0]
        y = convolution.bias.expand_as(x).clone()
        for k in range(K):
            for t in range((K - 1 - k) * dilation, T):
                source = x[:, t - (K - 1 - k) * dilation]
                y[:, t] = y[:, t] + source @ convolution.weight[:, :, k].T
        return torch.relu(y)

    for first, second in zip(mixer.convolutions[::2], mixer.convolutions[1::2], strict=True):
        x = torch.relu(x + layer(second, layer(first, x)))
    return x


def causal_bag_oracle(mixer, x):
    means = torch.stack([x[:, : t + 1].mean(1) for t in range(T)], dim=1)
    return mixer.w_x(x) + mixer.w_mean(means)


ORACLES = {
    "mingru": (mingru_oracle, {"convolution": 4}),
    "minlstm": (minlstm_oracle, {"convolution": 4}),
    "mamba": (mamba_oracle, {}),
    "mamba2": (mamba2_oracle, {}),
    "gated-deltanet": (gated_deltanet_oracle, {"negative_eigenvalues": True}),
    "mlstm": (mlstm_oracle, {}),
    "slstm": (slstm_oracle, {}),
    "tcn": (tcn_oracle, {"levels": 3}),
}


@pytest.mark.parametrize("name", ORACLES)
def test_equals_its_equations(name, monkeypatch):
    monkeypatch.setattr(mlstm, "EPSILON", 0.0)
    oracle, settings = ORACLES[name]
    mixer = built(registry.load("mixers", name), **settings)
    agree((whole(mixer), lambda x: oracle(mixer, x)), inputs())


@pytest.mark.parametrize("name", ORACLES)
def test_single_precision_equals_the_equations(name):
    oracle, settings = ORACLES[name]
    mixer = built(registry.load("mixers", name), **settings)
    x = inputs()
    exact = oracle(mixer, x)
    slope = gradients(exact, x)
    single = x.detach().float().requires_grad_()
    rounded = mixer.float()(single, Context())
    close(rounded.double(), exact, 1e-5)
    close(gradients(rounded, single)[0].double(), slope[0], 1e-4)


@pytest.mark.parametrize("name", [name for name in ORACLES if name != "tcn"])
def test_the_reference_backend_computes_the_same(name):
    _, settings = ORACLES[name]
    cls = registry.load("mixers", name)
    readable = built(cls, backend="reference", **settings)
    assert readable.backend == "reference"
    agree((whole(built(cls, **settings)), whole(readable)), inputs())


def test_causal_bag_equals_its_equations():
    mixer = built(Bag).build(D, causal=True).double()
    agree((whole(mixer), lambda x: causal_bag_oracle(mixer, x)), inputs())


def test_order_does_not_matter_to_the_bag():
    mixer, x = built(Bag), inputs()
    order = torch.randperm(T, generator=torch.Generator().manual_seed(2))
    close(mixer(x[:, order], Context()), mixer(x, Context())[:, order])


def test_tcn_sees_as_far_as_it_says():
    mixer = built(TCN, kernel=3, levels=3, noise=0.3)
    x = inputs()
    slope = torch.autograd.grad(mixer(x, Context())[:, -1].sum(), x)[0].abs().sum((0, 2))
    seen = 1 + 2 * (3 - 1) * (2**3 - 1)
    assert (slope[:-seen] == 0).all()
    assert slope[-seen] > 0


# -- other implementations -------------------------------------------------------------------------


def test_mingru_equals_mingru_pytorch():
    theirs = pytest.importorskip("minGRU_pytorch.minGRU").minGRU(D).double()
    mixer = built(MinGRU)
    theirs.to_hidden_and_gate.weight.data = mixer.w_candidate_and_z.weight.data
    agree((whole(mixer), theirs), inputs())


def test_minlstm_equals_mingru_pytorch():
    """From an empty state: its carried one is transformed in parallel, but not in steps."""
    theirs = pytest.importorskip("minGRU_pytorch.minLSTM").minLSTM(D).double()
    mixer = built(MinLSTM)
    theirs.to_hidden_and_f_i_gate.weight.data = mixer.w_candidate_and_gates.weight.data
    agree((whole(mixer), theirs), inputs())


def hold(pairs):
    """Copy our parameters into a reference's."""
    with torch.no_grad():
        for theirs, ours in pairs:
            theirs.copy_(ours.view_as(theirs))


def test_mamba_equals_hugging_face():
    transformers = pytest.importorskip("transformers")
    module = pytest.importorskip("transformers.models.mamba.modeling_mamba")
    config = transformers.MambaConfig(hidden_size=D, state_size=8, num_hidden_layers=1)
    theirs = module.MambaMixer(config, 0)
    ours = built(Mamba, torch.float32, state=8)
    hold(
        [
            (theirs.in_proj.weight, ours.w_in.weight),
            (theirs.conv1d.weight, ours.convolution.taps.weight.T),
            (theirs.conv1d.bias, ours.convolution.taps.bias),
            (theirs.x_proj.weight, ours.w_x.weight),
            (theirs.dt_proj.weight, ours.w_delta.weight),
            (theirs.dt_proj.bias, ours.w_delta.bias),
            (theirs.A_log, ours.A_log),
            (theirs.D, ours.skip),
            (theirs.out_proj.weight, ours.w_out.weight),
        ]
    )
    agree((whole(ours), theirs), inputs(torch.float32), 1e-5, 1e-4)


@pytest.mark.parametrize("chunk", [16, 256])
def test_mamba2_equals_hugging_face(chunk):
    transformers = pytest.importorskip("transformers")
    module = pytest.importorskip("transformers.models.mamba2.modeling_mamba2")
    config = transformers.Mamba2Config(
        hidden_size=D, state_size=8, num_heads=4, head_dim=8, n_groups=1, chunk_size=chunk,
        num_hidden_layers=1,
    )  # fmt: skip
    theirs = module.Mamba2Mixer(config, 0)
    ours = built(Mamba2, torch.float32, heads=4, state=8)
    hold(
        [
            (theirs.in_proj.weight, ours.w_in.weight),
            (theirs.conv1d.weight, ours.convolution.taps.weight.T),
            (theirs.conv1d.bias, ours.convolution.taps.bias),
            (theirs.dt_bias, ours.bias_delta),
            (theirs.A_log, ours.A_log),
            (theirs.D, ours.skip),
            (theirs.norm.weight, ours.norm_weight),
            (theirs.out_proj.weight, ours.w_out.weight),
        ]
    )
    agree((whole(ours), theirs), inputs(torch.float32), 1e-5, 1e-4)


@pytest.mark.parametrize("form", ["chunk", "recurrent"])
@pytest.mark.parametrize("strength", [1.0, 2.0])
def test_delta_rule_equals_hugging_face(form, strength):
    """From a non-zero state; strength 2 makes eigenvalues negative."""
    module = pytest.importorskip("transformers.models.qwen3_next.modeling_qwen3_next")
    theirs = getattr(module, f"torch_{form}_gated_delta_rule")
    generator = torch.Generator().manual_seed(3)
    shape = (B, T, 2, 8)
    q, k, v = (torch.randn(shape, generator=generator) for _ in range(3))
    q, k = F.normalize(q, dim=-1), F.normalize(k, dim=-1)
    g = -torch.rand(shape[:3], generator=generator)
    beta = strength * torch.rand(shape[:3], generator=generator)
    S = torch.randn(B, 2, 8, 8, generator=generator)
    y, last = delta_rule(q * 8**-0.5, k, v, g, beta, S)
    expected = theirs(q, k, v, g=g, beta=beta, initial_state=S, output_final_state=True)
    close(y, expected[0], 1e-5)
    close(last, expected[1], 1e-5)


def test_gated_deltanet_equals_hugging_face():
    module = pytest.importorskip("transformers.models.qwen3_next.modeling_qwen3_next")
    config = pytest.importorskip("transformers").Qwen3NextConfig(
        hidden_size=D, linear_num_value_heads=4, linear_num_key_heads=4, linear_key_head_dim=4,
        linear_value_head_dim=4, num_hidden_layers=1,
    )  # fmt: skip
    theirs = module.Qwen3NextGatedDeltaNet(config, 0)
    ours = built(GatedDeltaNet, torch.float32)
    with torch.no_grad():
        ours.convolution.taps.bias.zero_()  # theirs has none
    # Theirs keeps q, k, v and z of a head together, and β before the decay.
    blocks = [w.view(4, 4, D) for w in (*ours.w_qkv.weight.chunk(3), ours.w_z.weight)]
    gates = [w.view(4, 1, D) for w in ours.w_decay_and_beta.weight.chunk(2)]
    hold(
        [
            (theirs.in_proj_qkvz.weight, torch.cat(blocks, dim=1)),
            (theirs.in_proj_ba.weight, torch.cat(gates[::-1], dim=1)),
            (theirs.conv1d.weight, ours.convolution.taps.weight.T),
            (theirs.dt_bias, ours.bias_decay),
            (theirs.A_log, ours.A_log),
            (theirs.norm.weight, ours.norm.weight),
            (theirs.out_proj.weight, ours.w_out.weight),
        ]
    )
    agree((whole(ours), theirs), inputs(torch.float32), 1e-5, 1e-4)


def memory_inputs(scale=1.0):
    generator = torch.Generator().manual_seed(4)
    q, k, v = (torch.randn(B, T, 2, 8, generator=generator, dtype=torch.float64) for _ in range(3))
    i, f = (
        scale * torch.randn(B, T, 2, generator=generator, dtype=torch.float64) for _ in range(2)
    )
    return q, k, v, i, f


@pytest.mark.parametrize("scale", [1.0, 10.0])
def test_matrix_memory_equals_xlstm_in_parallel(scale, monkeypatch):
    """Theirs begins with the stabiliser at −∞, which an ε of 0 makes the same."""
    backends = pytest.importorskip("xlstm.blocks.mlstm.backends")
    monkeypatch.setattr(mlstm, "EPSILON", 0.0)
    q, k, v, i, f = memory_inputs(scale)
    empty = (
        torch.zeros(B, 2, 8, 8).double(),
        *(torch.zeros(B, 2, *s).double() for s in [(8,), ()]),
    )
    h, _ = mlstm.matrix_memory(q, k / math.sqrt(8), v, i, F.logsigmoid(f), empty)
    heads_first = (u.transpose(1, 2) for u in (q, k, v, i[..., None], f[..., None]))
    expected = backends.parallel_stabilized_simple(*heads_first, eps=0.0)
    close(h.transpose(1, 2), expected)


def test_matrix_memory_equals_xlstm_in_steps():
    """The memory too, from one that is not empty."""
    backends = pytest.importorskip("xlstm.blocks.mlstm.backends")
    q, k, v, i, f = memory_inputs()
    generator = torch.Generator().manual_seed(5)
    C = torch.randn(B, 2, 8, 8, generator=generator, dtype=torch.float64)
    n, m = C[..., 0].abs(), C[..., 0, 0]
    h, memory = mlstm.matrix_memory(q, k / math.sqrt(8), v, i, F.logsigmoid(f), (C, n, m))
    state = (C, n[..., None], m[..., None, None])
    for t in range(T):
        rows = (u[:, t, :, None].clone() for u in (q, k, v))
        numbers = (u[:, t, :, None, None] for u in (i, f))
        expected, state = backends.recurrent_step_stabilized_simple(*state, *rows, *numbers)
        close(h[:, t], expected[:, :, 0])
    for ours, theirs in zip(memory, state, strict=True):
        close(ours, theirs.view_as(ours))


def test_slstm_cell_equals_xlstm():
    vanilla = pytest.importorskip("xlstm.blocks.slstm.src.vanilla.slstm")
    mixer = built(SLSTM, convolution=0, heads=1)
    x = inputs()
    gates = torch.cat((mixer.w_if(x), mixer.w_zo(x)), dim=-1)
    states, outputs = x.new_zeros(4, B, D), []
    for t in range(T):
        recurrent = states[0] @ mixer.w_hh.view(4 * D, D).T
        states, _ = vanilla.slstm_forward_pointwise(
            gates[:, t], recurrent, gates.new_zeros(1, 4 * D), states, {}
        )
        outputs.append(states[0])
    h = torch.stack(outputs, dim=1)
    close(mixer(x, Context()), mixer.norm(h.flatten(0, 1)).view(B, T, D))


# -- extremes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ORACLES)
def test_strong_gates_stay_finite(name):
    """Inputs a hundred times too large: saturated gates, decays of e^−1000 and more."""
    mixer = built(registry.load("mixers", name), torch.float32)
    x = (100 * inputs(torch.float32)).detach().requires_grad_()
    y = mixer(x, Context())
    y.square().mean().backward()
    assert y.isfinite().all()
    assert x.grad.isfinite().all()
    assert all(p.grad is None or p.grad.isfinite().all() for p in mixer.parameters())


@pytest.mark.parametrize("name", [name for name in ORACLES if name != "tcn"])
def test_half_precision_is_refused(name):
    mixer = built(registry.load("mixers", name), torch.float16)
    x = torch.zeros(B, 3, D, dtype=torch.float16)
    for run in (
        lambda: mixer(x, Context()),
        lambda: mixer.step(x[:, 0], mixer.initial_state(B)),
    ):
        with pytest.raises(UserError, match="accepted: float32, float64, bfloat16") as error:
            run()
        assert f'mixer "{name}" was given float16, which overflows' in error.value.message


@pytest.mark.parametrize("name", ORACLES)
def test_brain_floats_accumulate_in_single_precision(name):
    mixer = built(registry.load("mixers", name), torch.bfloat16)
    x = inputs(torch.bfloat16)
    y = mixer(x, Context())
    assert y.dtype == torch.bfloat16
    close(y.float(), mixer.float()(x.float(), Context()), 0.2)


@pytest.mark.parametrize(
    ("cls", "settings", "message"),
    [
        (MinGRU, {"convolution": -1}, '"mingru": convolution = -1; accepted: 0 or more'),
        (Mamba, {"state": 0}, '"mamba": state = 0; accepted: 1 or more'),
        (Mamba2, {"state": 0}, '"mamba2": state = 0; accepted: 1 or more'),
        (Mamba2, {"expansion": 0}, '"mamba2": expansion = 0; accepted: 1 or more'),
        (TCN, {"kernel": 1}, '"tcn": kernel = 1; accepted: 2 or more'),
        (TCN, {"levels": 0}, '"tcn": levels = 0; accepted: 1 or more'),
        (SLSTM, {"backend": "fast"}, 'unknown backend of mixer "slstm" "fast"'),
    ],
)
def test_settings_out_of_range_are_refused(cls, settings, message):
    with pytest.raises(UserError, match=message):
        cls(D, **settings)

"""The recurrent classics and attention against PyTorch, the papers' formulas and public code."""

import numpy as np
import pytest
import torch
from torch import nn

from seqlab.batch import Context
from seqlab.mixers import positions
from seqlab.mixers.attention import Attention
from seqlab.mixers.cross_attention import CrossAttention
from seqlab.mixers.gru import GRU
from seqlab.mixers.lstm import LSTM
from seqlab.mixers.rnn import RNN
from seqlab.reference import rnn_step, scaled_dot_product_attention

B, T, D, H = 3, 37, 12, 4
PRECISIONS = [(torch.float64, 1e-10, 1e-10), (torch.float32, 1e-5, 1e-4)]  # forward, gradients
precisions = pytest.mark.parametrize(("dtype", "forward", "gradient"), PRECISIONS, ids=str)


def close(a, b, tolerance):
    torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)


def noisy(module):
    """Parameters away from the zeros at which they may begin."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter += 0.3 * torch.randn_like(parameter)
    return module


def copied(mixer, theirs):
    """torch.nn's weights in ours: one bias is the sum of its two, but for the GRU."""
    with torch.no_grad():
        mixer.w_ih.copy_(theirs.weight_ih_l0)
        mixer.w_hh.copy_(theirs.weight_hh_l0)
        if isinstance(mixer, GRU):
            mixer.b_ih.copy_(theirs.bias_ih_l0)
            mixer.b_hh.copy_(theirs.bias_hh_l0)
        else:
            mixer.bias.copy_(theirs.bias_ih_l0 + theirs.bias_hh_l0)
    return mixer


def recurrent_pairs(dtype):
    torch.manual_seed(0)
    same = {"batch_first": True, "dtype": dtype}
    for activation in ("tanh", "relu"):
        theirs = nn.RNN(D, D, nonlinearity=activation, **same)
        yield copied(RNN(D, activation=activation).to(dtype), theirs), theirs
    for ours, kind in ((LSTM, nn.LSTM), (GRU, nn.GRU)):
        theirs = kind(D, D, **same)
        yield copied(ours(D).to(dtype), theirs), theirs


@precisions
def test_recurrent_classics_are_torchs(dtype, forward, gradient):
    for ours, theirs in recurrent_pairs(dtype):
        x = torch.randn(B, T, D, dtype=dtype)
        mine, other = x.clone().requires_grad_(), x.clone().requires_grad_()
        y, (z, _) = ours(mine, Context()), theirs(other)
        close(y, z, forward)
        y.square().sum().backward()
        z.square().sum().backward()
        close(mine.grad, other.grad, gradient)
        close(ours.w_hh.grad, theirs.weight_hh_l0.grad, gradient)
        close(ours.w_ih.grad, theirs.weight_ih_l0.grad, gradient)
        bias = ours.b_ih if isinstance(ours, GRU) else ours.bias
        close(bias.grad, theirs.bias_ih_l0.grad, gradient)


@precisions
def test_recurrent_classics_continue_from_a_state_as_torchs_do(dtype, forward, gradient):
    for ours, theirs in recurrent_pairs(dtype):
        x = torch.randn(B, T, D, dtype=dtype)
        state = [torch.randn(B, D, dtype=dtype) for _ in ours.initial_state(B)]
        packed = [s[None] for s in state]
        z, end = theirs(x, tuple(packed) if len(packed) > 1 else packed[0])
        y, ours_end = ours.prefill(x, type(ours.initial_state(B))(*state))
        close(y, z, forward)
        for a, b in zip(ours_end, end if len(packed) > 1 else (end,), strict=True):
            close(a, b[0], forward)


def test_rnn_is_the_numpy_version():
    torch.manual_seed(0)
    mixer = noisy(RNN(D)).double()
    x = torch.randn(B, T, D).double()
    h = np.zeros((B, D))
    y = mixer(x, Context()).detach()
    for t in range(T):
        h = rnn_step(x[:, t].numpy(), h, *(p.detach().numpy() for p in mixer.parameters()))
        np.testing.assert_allclose(y[:, t], h, atol=1e-12)


def test_gru_with_reset_before_the_product():
    """n = tanh(W_in x + b_in + W_hn (r ⊙ h) + b_hn), as the paper has it."""
    torch.manual_seed(0)
    mixer = noisy(GRU(D, reset="before")).double()
    x, h = torch.randn(B, D).double(), torch.randn(B, D).double()
    w_r, w_z, w_n = mixer.w_ih.chunk(3)
    u_r, u_z, u_n = mixer.w_hh.chunk(3)
    b_r, b_z, b_n = mixer.b_ih.chunk(3)
    c_r, c_z, c_n = mixer.b_hh.chunk(3)
    r = torch.sigmoid(x @ w_r.T + b_r + h @ u_r.T + c_r)
    z = torch.sigmoid(x @ w_z.T + b_z + h @ u_z.T + c_z)
    n = torch.tanh(x @ w_n.T + b_n + (r * h) @ u_n.T + c_n)
    close(mixer.step(x, type(mixer.initial_state(B))(h))[0], (1 - z) * n + z * h, 1e-12)


def test_lstm_peepholes():
    """The input and forget gates see the old cell, the output gate the new one."""
    torch.manual_seed(0)
    mixer = noisy(LSTM(D, peepholes=True)).double()
    x, h, c = (torch.randn(B, D).double() for _ in range(3))
    i, f, g, o = (x @ mixer.w_ih.T + h @ mixer.w_hh.T + mixer.bias).chunk(4, dim=1)
    p_i, p_f, p_o = mixer.peepholes
    new = torch.sigmoid(f + p_f * c) * c + torch.sigmoid(i + p_i * c) * g.tanh()
    y, state = mixer.step(x, type(mixer.initial_state(B))(h, c))
    close(state.c, new, 1e-12)
    close(y, torch.sigmoid(o + p_o * new) * new.tanh(), 1e-12)


@pytest.mark.parametrize("backend", ["reference", "torch"])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("kv_heads", [4, 2, 1])
def test_attention_by_brute_force(backend, causal, kv_heads):
    """Head by head with the NumPy version; a padded key is seen by nobody."""
    torch.manual_seed(0)
    mixer = noisy(Attention.build(D, causal=causal, kv_heads=kv_heads, backend=backend)).double()
    x = torch.randn(B, T, D).double()
    mask = torch.arange(T) < torch.tensor([[T], [20], [1]])
    real = mask[:, None].expand(-1, T, -1)
    visible = (real & torch.ones(T, T).tril().bool() if causal else real).numpy()
    d = D // H
    q, k, v = torch.split(mixer.qkv(x), [D, kv_heads * d, kv_heads * d], dim=-1)
    outputs = []
    for head in range(H):
        shared = head * kv_heads // H
        one_q, one_k, one_v = (
            u[..., h * d : (h + 1) * d].detach().numpy()
            for u, h in ((q, head), (k, shared), (v, shared))
        )
        o, weights = scaled_dot_product_attention(one_q, one_k, one_v, visible)
        outputs.append(torch.from_numpy(o))
        seen = mixer.weights(x, Context(mask=mask))[:, head].detach()
        np.testing.assert_allclose(seen[mask], weights[mask], atol=1e-12)
    y = mixer.out(torch.cat(outputs, dim=-1))
    close(mixer(x, Context(mask=mask))[mask], y[mask], 1e-10)


@precisions
def test_attention_is_torchs(dtype, forward, gradient):
    torch.manual_seed(0)
    theirs = noisy(nn.MultiheadAttention(D, H, batch_first=True, dtype=dtype))
    ours = Attention(D, heads=H).to(dtype)
    with torch.no_grad():
        ours.qkv.weight.copy_(theirs.in_proj_weight)
        ours.qkv.bias.copy_(theirs.in_proj_bias)
        ours.out.load_state_dict(theirs.out_proj.state_dict())
    x = torch.randn(B, T, D, dtype=dtype, requires_grad=True)
    mask = torch.arange(T) < torch.tensor([[T], [20], [1]])
    y = ours(x, Context(mask=mask))[mask]
    (ours_grad,) = torch.autograd.grad(y.square().sum(), x)
    z = theirs(x, x, x, key_padding_mask=~mask)[0][mask]
    (theirs_grad,) = torch.autograd.grad(z.square().sum(), x)
    close(y, z, forward)
    close(ours_grad, theirs_grad, gradient)


@precisions
def test_cross_attention_is_torchs(dtype, forward, gradient):
    torch.manual_seed(0)
    theirs = noisy(nn.MultiheadAttention(D, H, batch_first=True, dtype=dtype))
    ours = CrossAttention(D, heads=H).to(dtype)
    with torch.no_grad():
        weights, biases = theirs.in_proj_weight, theirs.in_proj_bias
        ours.query.weight.copy_(weights[:D])
        ours.query.bias.copy_(biases[:D])
        ours.key_value.weight.copy_(weights[D:])
        ours.key_value.bias.copy_(biases[D:])
        ours.out.load_state_dict(theirs.out_proj.state_dict())
    x, memory = torch.randn(B, T, D, dtype=dtype), torch.randn(B, 9, D, dtype=dtype)
    mask = torch.arange(9) < torch.tensor([[9], [5], [1]])
    context = Context(memory=memory, memory_mask=mask)
    z, weights = theirs(x, memory, memory, key_padding_mask=~mask, average_attn_weights=False)
    close(ours(x, context), z, forward)
    close(ours.weights(x, context), weights, forward)


def test_sinusoidal_positions_by_formula():
    table = positions.sinusoidal(5, 6, offset=2, dtype=torch.float64)
    for t in range(5):
        for i in range(3):
            angle = (t + 2) / 10000 ** (2 * i / 6)
            close(table[t, 2 * i], torch.tensor(np.sin(angle)), 1e-12)
            close(table[t, 2 * i + 1], torch.tensor(np.cos(angle)), 1e-12)
    assert positions.sinusoidal(3, 5).shape == (3, 5)


def test_rotary_scores_depend_on_distance_alone():
    torch.manual_seed(0)
    q, k = torch.randn(2, 1, H, 1, 8, dtype=torch.float64)
    at = [
        (positions.rotate(q, t) * positions.rotate(k, s)).sum(-1)
        for t, s in ((5, 2), (105, 102), (4096, 4093))
    ]
    close(at[0], at[1], 1e-10)
    close(at[0], at[2], 1e-10)


def test_rotary_is_llamas():
    llama = pytest.importorskip("transformers.models.llama.modeling_llama")
    torch.manual_seed(0)
    x = torch.randn(2, H, T, 8, dtype=torch.float64)
    config = llama.LlamaConfig(hidden_size=8 * H, num_attention_heads=H, head_dim=8)
    offset = 11
    embed = llama.LlamaRotaryEmbedding(config)
    cos, sin = embed(x.float(), torch.arange(offset, offset + T)[None])
    theirs, _ = llama.apply_rotary_pos_emb(x.float(), x.float(), cos, sin)
    close(positions.rotate(x.float(), offset), theirs, 1e-5)


def test_alibi_slopes_of_the_paper():
    """Eight heads: 1/2 … 1/256; twelve heads: those and every other one of sixteen."""
    close(positions.alibi_slopes(8), torch.tensor([2.0**-h for h in range(1, 9)]), 1e-7)
    extra = [2.0 ** -(h / 2) for h in (1, 3, 5, 7)]
    close(positions.alibi_slopes(12)[8:], torch.tensor(extra), 1e-7)
    bias = positions.Alibi(1)(positions.distances(2, 3))
    close(bias[0], -(2.0**-8) * torch.tensor([[1.0, 0, 1], [2, 1, 0]]), 1e-9)


def test_relative_buckets_of_the_paper():
    """Every distance up to 15 has its own; 127 and beyond share the last; sides differ."""
    t5 = positions.RelativeBias(2)
    near = t5.bucket(torch.arange(16))
    assert near.tolist() == list(range(16))
    assert (t5.bucket(torch.tensor([128, 500])) == 31).all()
    assert (t5.bucket(-torch.arange(1, 16)) == near[1:] + 32).all()
    far = t5.bucket(torch.arange(16, 128))
    assert (far.diff() >= 0).all()
    assert far.unique().tolist() == list(range(16, 32))


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_dropout_of_weights_only_in_training(dropout):
    torch.manual_seed(0)
    mixer, x = Attention(D, dropout=dropout), torch.randn(B, T, D)
    still = mixer.eval()(x, Context())
    assert torch.equal(still, mixer(x, Context()))
    assert torch.allclose(mixer.train()(x, Context()), still) == (dropout == 0.0)

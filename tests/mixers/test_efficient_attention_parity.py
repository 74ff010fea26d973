"""Longformer, Linformer and linear attention against exact oracles and public code."""

import math

import pytest
import torch
from torch import nn

from seqlab.batch import Context
from seqlab.errors import UserError
from seqlab.mixers.attention import Attention
from seqlab.mixers.cross_attention import CrossAttention
from seqlab.mixers.linear_attention import LinearAttention
from seqlab.mixers.linformer import Linformer
from seqlab.mixers.longformer import Longformer

B, T, D, H = 2, 96, 16, 4
LENGTHS = torch.tensor([[T], [41]])
MASK = torch.arange(T) < LENGTHS


def close(a, b, tolerance=1e-10):
    torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)


def made(cls, causal=False, **settings):
    torch.manual_seed(0)
    mixer = cls.build(D, causal=causal, **settings).double()
    with torch.no_grad():
        for parameter in mixer.parameters():
            parameter += 0.2 * torch.randn_like(parameter)
    return mixer, torch.randn(B, T, D).double()


def softmax_attention(q, k, v, mask):
    scores = (q @ k.mT / math.sqrt(q.shape[-1])).masked_fill(~mask, -torch.inf)
    return scores.softmax(dim=-1) @ v


def in_heads(u):
    return u.unflatten(-1, (H, -1)).transpose(1, 2)


def longformer_oracle(mixer, x, mask, chosen, dilations, before, after):
    """Dense attention under the same mask, and the global rows by their own projections."""
    q, k, v = (in_heads(u) for u in mixer.qkv(x).chunk(3, dim=-1))
    t = torch.arange(x.shape[1])
    distance = t[:, None] - t
    step = torch.tensor(dilations)[:, None, None]
    near = (distance <= before * step) & (distance >= -after * step) & (distance % step == 0)
    causal = distance >= 0 if after == 0 else torch.ones_like(distance, dtype=torch.bool)
    visible = (near | (chosen[:, None, None] & causal)) & mask[:, None, None]
    visible |= torch.eye(x.shape[1], dtype=torch.bool)  # padding sees itself
    o = softmax_attention(q, k, v, visible)
    if after:
        rows = softmax_attention(
            in_heads(mixer.global_query(x)),
            *(in_heads(u) for u in mixer.global_key_value(x).chunk(2, dim=-1)),
            mask[:, None, None],
        )
        o = torch.where(chosen[:, None, :, None], rows, o)
    return mixer.out(o.transpose(1, 2).flatten(2))


@pytest.mark.parametrize("window", [2, 6, 64, 500])
@pytest.mark.parametrize("dilation", [1, 3, [1, 2, 2, 5]], ids=str)
@pytest.mark.parametrize("backend", ["auto", "reference"])
def test_longformer_is_dense_attention_under_its_mask(window, dilation, backend):
    """Windows longer than the sequence are no trouble: they see all of it."""
    mixer, x = made(Longformer, window=window, dilation=dilation, backend=backend)
    chosen = torch.zeros(B, T, dtype=torch.bool)
    chosen[0, [3, 50]] = True
    chosen[1, 7] = True
    dilations = [dilation] * H if isinstance(dilation, int) else dilation
    y = mixer(x, Context(mask=MASK, global_positions=chosen))
    oracle = longformer_oracle(mixer, x, MASK, chosen, dilations, window // 2, window // 2)
    close(y[MASK], oracle[MASK])


@pytest.mark.parametrize("window", [1, 2, 7, 64, 500])
@pytest.mark.parametrize("dilation", [1, [1, 2, 2, 5]], ids=str)
def test_causal_longformer_is_dense_attention_under_its_mask(window, dilation):
    mixer, x = made(Longformer, True, window=window, dilation=dilation, global_tokens=2)
    chosen = (torch.arange(T) < 2).expand(B, -1)
    dilations = [dilation] * H if isinstance(dilation, int) else dilation
    oracle = longformer_oracle(mixer, x, MASK, chosen, dilations, window - 1, 0)
    close(mixer(x, Context(mask=MASK))[MASK], oracle[MASK])


def test_longformer_with_a_window_over_everything_is_attention():
    mixer, x = made(Longformer, window=2 * T, global_tokens=0)
    q, k, v = (in_heads(u) for u in mixer.qkv(x).chunk(3, dim=-1))
    o = softmax_attention(q, k, v, torch.ones(T, T, dtype=torch.bool))
    close(mixer(x, Context()), mixer.out(o.transpose(1, 2).flatten(2)))


@pytest.mark.parametrize("chosen", [[], [0], [0, 31, 60]], ids=str)
def test_longformer_is_hugging_faces(chosen):
    """In float32, since theirs takes its softmax there."""
    theirs = pytest.importorskip("transformers.models.longformer.modeling_longformer")
    config = theirs.LongformerConfig(
        hidden_size=D,
        num_attention_heads=H,
        attention_window=[8],
        num_hidden_layers=1,
        attention_probs_dropout_prob=0.0,
    )
    torch.manual_seed(0)
    layer = theirs.LongformerSelfAttention(config, 0).eval()
    mixer = Longformer(D, heads=H, window=8)
    with torch.no_grad():
        nn.init.eye_(mixer.out.weight)
        for ours, names in (
            (mixer.qkv, ("query", "key", "value")),
            (mixer.global_query, ("query_global",)),
            (mixer.global_key_value, ("key_global", "value_global")),
        ):
            parts = [getattr(layer, name) for name in names]
            ours.weight.copy_(torch.cat([p.weight for p in parts]))
            ours.bias.copy_(torch.cat([p.bias for p in parts]))
    x = torch.randn(B, T, D)
    is_global = torch.zeros(B, T, dtype=torch.bool)
    is_global[:, chosen] = True
    is_global &= MASK
    marks = torch.where(MASK, 0.0, -10000.0) + 10000.0 * is_global
    z = layer(
        x,
        attention_mask=marks,
        is_index_masked=marks < 0,
        is_index_global_attn=marks > 0,
        is_global_attn=bool(chosen),
    )[0]
    y = mixer(x, Context(mask=MASK, global_positions=is_global))
    close(y[MASK], z[MASK], 1e-5)


@pytest.mark.parametrize("length", [T, 50])
def test_linformer_is_the_public_ones(length):
    public = pytest.importorskip("linformer")
    torch.manual_seed(0)
    theirs = public.LinformerSelfAttention(D, T, k=8, heads=H).double()
    ours = Linformer(D, heads=H, rank=8, max_length=T).double()
    with torch.no_grad():
        ours.qkv.weight.copy_(
            torch.cat([m.weight for m in (theirs.to_q, theirs.to_k, theirs.to_v)])
        )
        ours.mix_keys.copy_(theirs.proj_k.T)
        ours.mix_values.copy_(theirs.proj_v.T)
        ours.out.load_state_dict(theirs.to_out.state_dict())
    x = torch.randn(B, length, D).double()
    close(ours(x, Context()), theirs(x))


def test_linformer_mixes_all_positions():
    """Documented, not hidden: the first output changes with the last input."""
    mixer, x = made(Linformer, max_length=T)
    changed = x.clone()
    changed[:, -1] += 1
    assert not torch.allclose(mixer(x, Context())[:, 0], mixer(changed, Context())[:, 0])
    with pytest.raises(UserError, match='"linformer" mixes all positions and cannot be causal'):
        Linformer.build(D, causal=True)


@pytest.mark.parametrize("shared", [False, True])
def test_linformer_weights_are_over_mixtures(shared):
    mixer, x = made(Linformer, rank=8, max_length=T, shared_kv=shared)
    weights = mixer.weights(x, Context(mask=MASK))
    assert weights.shape == (B, H, T, 8)
    close(weights.sum(-1), torch.ones(B, H, T).double())
    assert (mixer.mix_values is None) == shared


def linear_oracle(mixer, x, visible, decay):
    """O(T²): the feature map's scores one by one."""
    q, k, v = (in_heads(u) for u in mixer.qkv(x).chunk(3, dim=-1))
    q, k = (torch.where(u > 0, u + 1, u.exp()) for u in (q, k))
    scores = (q @ k.mT) * visible * decay
    o = scores @ v
    if mixer.norm is None:
        o = o / (scores.sum(dim=-1, keepdim=True) + 1e-6)
    else:
        o = o / math.sqrt(D / H)
        o = o * (o.square().mean(-1, keepdim=True) + torch.finfo(o.dtype).eps).rsqrt()
        o = o * mixer.norm.weight
    return mixer.out(o.transpose(1, 2).flatten(2))


@pytest.mark.parametrize("normaliser", [True, False])
@pytest.mark.parametrize("gated", [True, False])
def test_causal_linear_attention_by_brute_force(normaliser, gated):
    mixer, x = made(LinearAttention, True, normaliser=normaliser, gated=gated)
    decay = 1.0
    if gated:
        gamma = torch.sigmoid(mixer.gate(x)) ** (1 / 16)  # (B, T, H)
        decay = torch.ones(B, H, T, T).double()
        for t in range(T):
            for s in range(t):
                decay[:, :, t, s] = gamma[:, s + 1 : t + 1].prod(dim=1)
    visible = torch.ones(T, T).tril()
    close(mixer(x, Context()), linear_oracle(mixer, x, visible, decay))


@pytest.mark.parametrize("normaliser", [True, False])
def test_linear_attention_over_all_positions_by_brute_force(normaliser):
    mixer, x = made(LinearAttention, normaliser=normaliser)
    visible = MASK[:, None, None].expand(-1, H, T, -1)
    oracle = linear_oracle(mixer, x, visible, 1.0)
    close(mixer(x, Context(mask=MASK))[MASK], oracle[MASK])


def test_linear_attention_with_strong_gates_stays_exact():
    """Gates near 0 over many chunks: nothing over- or underflows into the result."""
    mixer, x = made(LinearAttention, True, gated=True)
    with torch.no_grad():
        mixer.gate.bias.fill_(-300.0)
    state, outputs = mixer.initial_state(B), []
    for x_t in x.unbind(dim=1):
        y_t, state = mixer.step(x_t, state)
        outputs.append(y_t)
    y = mixer(x, Context())
    assert y.isfinite().all()
    close(y, torch.stack(outputs, dim=1))


@pytest.mark.parametrize("causal", [False, True])
def test_half_precision_is_refused_where_sums_over_time_overflow(causal):
    mixer, x = made(LinearAttention, causal)
    with pytest.raises(UserError, match=r"float16, which overflows .* accepted: float32"):
        mixer.half()(x.half(), Context())


def test_longer_than_linformers_mixtures():
    mixer, _ = made(Linformer, max_length=50)
    message = "a sequence of 51 positions is longer than max_length = 50"
    with pytest.raises(UserError, match=message):
        mixer(torch.zeros(1, 51, D).double(), Context())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"window": 7}, "window = 7 is odd; accepted: even numbers from 2"),
        ({"window": 0}, "window = 0; accepted: 1 or more"),
        ({"dilation": 0}, "dilation = 0; accepted: 1 or more"),
        ({"dilation": [1, 2]}, r"\[1, 2\] is for 2 heads; accepted: one number, or a list of 4"),
        ({"global_tokens": -1}, "global_tokens = -1; accepted: 0 or more"),
    ],
)
def test_settings_that_longformer_refuses(settings, message):
    with pytest.raises(UserError, match=message):
        Longformer.build(D, causal=False, **settings)


def test_global_positions_where_there_can_be_none():
    context = Context(global_positions=torch.ones(B, T, dtype=torch.bool))
    causal, x = made(Longformer, True)
    with pytest.raises(UserError, match="the causal form takes no global positions"):
        causal(x, context)
    without, x = made(Longformer, global_tokens=0)
    with pytest.raises(UserError, match="global_tokens = 0 leaves out their projections"):
        without(x, context)


def test_memories_that_cross_attention_refuses():
    mixer, x = made(CrossAttention, True)
    with pytest.raises(UserError, match="reads a memory, and the context holds none"):
        mixer(x, Context())
    with pytest.raises(UserError, match="reads a memory, and the context holds none"):
        mixer.initial_state(B)
    with pytest.raises(UserError, match=r"memory of shape \(2, 5, 3\), expected \(2, memory posi"):
        mixer(x, Context(memory=torch.zeros(B, 5, 3)))


def test_heads_that_leave_odd_widths_refuse_rotary_positions():
    with pytest.raises(UserError, match=r"heads of an even width, .* heads = 4 gives 3"):
        Attention(12, heads=4, positions="rotary")
    assert Attention.width_multiple(heads=4, positions="rotary") == 8
    with pytest.raises(UserError, match="kv_heads = 3 does not divide 4; accepted: 1, 2, 4"):
        Attention(12, heads=4, kv_heads=3)

"""Every listing runs in seconds, prints something, and does what it says."""

import runpy
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from seqlab import reference

FOLDER = Path(__file__).parents[2] / "examples"
SECONDS = 15.0  # of processor time, on one thread


def run(name):
    return runpy.run_path(str(FOLDER / f"{name}.py"), run_name="__main__")


@pytest.fixture(autouse=True)
def one_thread():
    before, state = torch.get_num_threads(), torch.random.get_rng_state()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
    torch.random.set_rng_state(state)


CHECKS = {}


def checks(function):
    CHECKS[function.__name__] = function
    return function


@checks
def lstm_step(made):
    """PyTorch's own cell, whose gates stand in the same order, with the same weights."""
    cell = torch.nn.LSTMCell(made["inputs"], made["units"])
    with torch.no_grad():
        for name, value in (("weight_ih", "w_x"), ("weight_hh", "w_h"), ("bias_ih", "b")):
            getattr(cell, name).copy_(torch.tensor(made[value]))
        cell.bias_hh.zero_()
        state = None
        for t in range(made["steps"]):
            state = cell(torch.tensor(made["x"][:, t], dtype=torch.float32), state)
    np.testing.assert_allclose(state[0].numpy(), made["states"][:, -1], rtol=1e-4, atol=1e-5)


@checks
def vanishing(made):
    norms = made["norms"]
    assert norms[0] == 1.0
    assert norms[-1] < 1e-4 < 0.3 < made["of_cell"]


@checks
def rnn_step(made):
    x, h = made["x"], np.zeros((made["batch"], made["units"]))
    for t in range(made["steps"]):
        h = reference.rnn_step(x[:, t], h, made["w_x"], made["w_h"], made["b"])
    assert np.allclose(made["states"][:, -1], h)


@checks
def attention(made):
    x = torch.from_numpy(made["x"])
    wanted = torch.nn.functional.scaled_dot_product_attention(x, x, x, is_causal=True)
    assert np.allclose(made["output"], wanted.numpy())


@checks
def clipping(made):
    assert np.allclose(np.concatenate([g.ravel() for g in made["value"]]), [1.0, 0.3, 1.0])
    whole = np.concatenate([g.ravel() for g in made["norm"]])
    assert np.linalg.norm(whole) == pytest.approx(1)
    assert whole[0] / whole[2] == pytest.approx(3 / 4), "the direction stays"
    zero = made["by_norm"]([np.zeros(2)], 1.0)
    assert np.isfinite(zero[0]).all()


@checks
def sentiment(made):
    assert made["accuracy"]["RNN"] > 0.9
    assert made["accuracy"]["LSTM"] > 0.9


@checks
def stacked_lstm(made):
    assert made["error"] < 0.6 * made["last_value"]


@checks
def next_number(made):
    assert made["inside"] == pytest.approx(51, abs=1)
    assert made["rolled"][0] == pytest.approx(101, abs=3)
    assert made["rolled"][-1] < 110, "it does not count beyond what it has seen"


@checks
def transformer(made):
    assert made["accuracy"] > 0.95
    table = made["positions"](50, 16)
    assert torch.allclose(table[:, 0], torch.arange(50.0).sin(), atol=1e-5)
    assert torch.allclose(table[:, 3], (torch.arange(50) * 10000 ** (-2 / 16)).cos(), atol=1e-4)
    torch_heads = torch.nn.MultiheadAttention(16, 4, batch_first=True)
    heads = made["MultiHead"](16, 4)
    for part, weight, bias in zip(
        (heads.q, heads.k, heads.v),
        torch_heads.in_proj_weight.chunk(3),
        torch_heads.in_proj_bias.chunk(3),
        strict=True,
    ):
        part.weight.data, part.bias.data = weight.data, bias.data
    heads.out.load_state_dict(torch_heads.out_proj.state_dict())
    x, memory = torch.randn(2, 5, 16), torch.randn(2, 7, 16)
    assert torch.allclose(heads(x, memory), torch_heads(x, memory, memory)[0], atol=1e-5)
    model, ids = made["model"], torch.randint(1, 12, (1, 6))
    changed = ids.clone()
    changed[0, -1] = 1 + ids[0, -1] % 11
    before, after = (model(ids, target)[0, :-1] for target in (ids, changed))
    assert torch.allclose(before, after, atol=1e-5), "the future is not seen"


@checks
def masked_batches(made):
    ids = torch.randint(made["FIRST"], made["VOCABULARY"], (200, 500))
    ids[:, 400:] = made["PAD"]
    ids[:, 0] = made["CLS"]
    inputs, targets = made["masked"](ids, torch.Generator().manual_seed(1))
    chosen = targets != -100
    assert not chosen[:, 400:].any()
    assert not chosen[:, 0].any()
    assert chosen[:, 1:400].float().mean().item() == pytest.approx(0.15, abs=0.01)
    assert (targets[chosen] == ids[chosen]).all()
    assert (inputs[~chosen] == ids[~chosen]).all()
    masked = (inputs[chosen] == made["MASK"]).float().mean().item()
    same = (inputs[chosen] == ids[chosen]).float().mean().item()
    assert masked == pytest.approx(0.8, abs=0.02)
    assert same == pytest.approx(0.1 + 0.1 / 96, abs=0.02)
    assert made["attended"].sum(1).tolist() == [6, 4, 9]


def test_every_listing_is_checked():
    assert {path.stem for path in FOLDER.glob("*.py")} == set(CHECKS)


@pytest.mark.parametrize("name", CHECKS)
def test_listing(name, capsys):
    begun = time.process_time()
    made = run(name)
    assert time.process_time() - begun < SECONDS
    assert capsys.readouterr().out
    CHECKS[name](made)

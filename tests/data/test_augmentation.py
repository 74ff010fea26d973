"""Augmentation: what changes, how much, and what never does."""

import numpy as np
import pytest

from seqlab.data.augmentation import augment_tokens, augment_values
from seqlab.data.augmentation_words import read_synonyms, rewritten
from seqlab.data.tokens import UNKNOWN, TokenSpec, train_tokenizer
from seqlab.errors import UserError
from seqlab.specs import Augmentation, TrainSpec

B, T = 200, 30
IDS = np.arange(2, 2 + B * T).reshape(B, T)
MASK = np.arange(T) < np.linspace(5, T, B).astype(int)[:, None]
TIMES = np.sin(np.linspace(0, 6, T))
SERIES = np.stack([np.stack([TIMES + i, 2 * TIMES], 1) for i in range(B)]).astype(np.float32)


def tokens(kind, **fields):
    synonyms = {int(i): np.array([-5]) for i in IDS[:, 0]}
    return augment_tokens(
        np.where(MASK, IDS, 0), MASK, Augmentation(kind=kind, **fields), rng(), synonyms
    )


def values(kind, **fields):
    out = augment_values(SERIES, MASK, Augmentation(kind=kind, **fields), rng())
    assert out.dtype == np.float32
    return out


def rng():
    return np.random.default_rng(0)


def test_token_dropout_hides_a_share_of_real_tokens():
    out = tokens("token_dropout", rate=0.2)
    hidden = out == UNKNOWN
    assert not hidden[~MASK].any()
    assert hidden[MASK].mean() == pytest.approx(0.2, abs=0.02)
    assert np.array_equal(out[~hidden], np.where(MASK, IDS, 0)[~hidden])


def test_swap_changes_order_alone():
    out = tokens("swap", rate=0.2)
    assert (out[~MASK] == 0).all()
    moved = out != np.where(MASK, IDS, 0)
    assert 0.2 < moved[MASK].mean() < 0.45
    assert all(sorted(a) == sorted(b) for a, b in zip(out, np.where(MASK, IDS, 0), strict=True))


def test_synonyms_stand_for_their_words_alone():
    out = tokens("synonyms", rate=0.5, words="list.csv")
    assert (out[:, 0] == -5).mean() == pytest.approx(0.5, abs=0.1)
    assert np.array_equal(out[:, 1:], np.where(MASK, IDS, 0)[:, 1:])


def test_a_share_of_the_examples():
    changed = (tokens("token_dropout", rate=1.0, share=0.3) == UNKNOWN).any(axis=1)
    assert changed.mean() == pytest.approx(0.3, abs=0.08)
    changed = (values("jitter", rate=0.5, share=0.3) != SERIES).any(axis=(1, 2))
    assert changed.mean() == pytest.approx(0.3, abs=0.08)


@pytest.mark.parametrize("kind", ["jitter", "scaling", "time_warping", "window_slicing", "masking"])
def test_series_change_where_they_are_real(kind):
    out = values(kind, rate=0.3)
    assert np.array_equal(out[~MASK], SERIES[~MASK])
    assert (out[MASK] != SERIES[MASK]).any(axis=1).mean() > 0.2
    assert np.isfinite(out).all()


def test_jitter_is_a_share_of_the_spread():
    noise = values("jitter", rate=0.3) - SERIES
    spread = SERIES[-1].std(axis=0)
    assert noise[-50:].std(axis=(0, 1)) == pytest.approx(0.3 * spread, rel=0.1)


def test_scaling_is_one_factor_a_channel():
    before, after = SERIES[-1], values("scaling", rate=0.3)[-1]
    factor = after[10] / before[10]
    assert (factor != 1).all()
    assert after == pytest.approx(before * factor, rel=1e-4, abs=1e-6)


def test_warping_keeps_both_ends_and_the_order_of_values():
    line = np.broadcast_to(np.arange(T, dtype=np.float32)[:, None], (B, T, 1)).copy()
    everywhere = np.ones((B, T), bool)
    out = augment_values(line, everywhere, Augmentation(kind="time_warping", rate=0.5), rng())
    assert np.allclose(out[:, 0], 0)
    assert np.allclose(out[:, -1], T - 1, atol=1e-4)
    assert (np.diff(out[..., 0]) > 0).all()
    assert np.abs(out - line).max() > 1


def test_slicing_stretches_a_window():
    line = np.broadcast_to(np.arange(T, dtype=np.float32)[:, None], (B, T, 1)).copy()
    everywhere = np.ones((B, T), bool)
    out = augment_values(line, everywhere, Augmentation(kind="window_slicing", rate=0.4), rng())
    assert (out[:, -1] - out[:, 0]) == pytest.approx(np.full((B, 1), 0.6 * (T - 1)), rel=1e-3)


def test_masking_holds_a_stretch_at_the_mean():
    out = values("masking", rate=0.5)[-1]
    held = (out == SERIES[-1].mean(axis=0)).all(axis=1)
    assert held.sum() == 15
    assert np.diff(np.flatnonzero(held)).max() == 1


def test_the_same_seed_gives_the_same():
    for kind in ("token_dropout", "swap"):
        assert np.array_equal(tokens(kind), tokens(kind))
    assert np.array_equal(values("jitter"), values("jitter"))


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(["good fine great film"] * 3, TokenSpec())


def test_word_lists(tokenizer, tmp_path):
    path = tmp_path / "words.csv"
    path.write_text("good, fine, splendid\nunheard,great\n")
    good, fine = (int(tokenizer.encode_batch([w])[0][0]) for w in ("good", "fine"))
    found = read_synonyms(str(path), tokenizer)
    assert {k: v.tolist() for k, v in found.items()} == {good: [fine]}


def test_word_lists_that_are_of_no_use(tokenizer, tmp_path):
    path = tmp_path / "words.csv"
    with pytest.raises(UserError, match=r"train\.augment: words = .*no such file"):
        read_synonyms(str(path), tokenizer)
    path.write_text("unheard,of\n")
    with pytest.raises(UserError, match="no word of the list and of a synonym is in the vocab"):
        read_synonyms(str(path), tokenizer)


def test_hooks():
    assert rewritten("tests.data.test_augmentation:louder", ["a", "b"], 3) == ["A3", "B3"]
    with pytest.raises(UserError, match="augmentation:missing"):
        rewritten("tests.data.test_augmentation:missing", ["a"], 0)
    with pytest.raises(UserError, match="gave 1 texts for 2"):
        rewritten("tests.data.test_augmentation:fewer", ["a", "b"], 0)


def louder(texts, seed):
    return [f"{text.upper()}{seed}" for text in texts]


def fewer(texts, seed):
    return texts[1:]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"kind": "synonyms"},
            "train.augment.0.words = None: the word list of synonyms, and only theirs",
        ),
        (
            {"kind": "swap", "hook": "a:b"},
            "train.augment.0.hook = 'a:b': \"module:function\" of rewrite",
        ),
        ({"kind": "swap", "rat": 1}, 'unknown setting in train.augment.0 "rat"; did you mean'),
        ({"kind": "swap", "rate": 0}, "train.augment.0.rate = 0: should be greater than 0"),
        ({"kind": "flip"}, "train.augment.0.kind = 'flip': should be 'token_dropout', 'swap'"),
    ],
)
def test_mistakes_are_one_line(given, said):
    with pytest.raises(UserError) as caught:
        TrainSpec.read({"augment": [given]}, "train")
    assert caught.value.message.startswith(said)

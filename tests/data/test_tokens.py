"""Tokenisers: what they learn, what they do with what they never saw, and saving them."""

from __future__ import annotations

import numpy as np
import pytest
import tokenizers

from seqlab.data.tokens import PAD, UNKNOWN, Tokenizer, TokenSpec, train_tokenizer
from seqlab.errors import UserError

TEXTS = ["The cat sat on the mat.", "the dog sat", "A rare word: zyzzyva", "the cat, the dog"] * 2
KINDS = ("word", "bpe", "character")


def train(kind="word", **settings):
    return train_tokenizer(TEXTS, TokenSpec(kind=kind, **settings))


@pytest.mark.parametrize("kind", KINDS)
def test_saved_and_loaded_it_encodes_the_same(kind, tmp_path):
    tokenizer = train(kind)
    tokenizer.save(tmp_path / "tokenizer.json")
    loaded = Tokenizer.load(tmp_path / "tokenizer.json")
    texts = [*TEXTS, "something <pad> <unk> new", "", "日本"]
    for one, other in zip(tokenizer.encode_batch(texts), loaded.encode_batch(texts), strict=True):
        assert one.dtype == np.int32
        assert one.tolist() == other.tolist()
    assert loaded.spec.kind == kind
    assert loaded.vocabulary_size == tokenizer.vocabulary_size
    assert (
        tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json")).token_to_id("<unk>") == 1
    )


@pytest.mark.parametrize("kind", KINDS)
def test_texts_never_hold_padding(kind):
    (ids,) = train(kind).encode_batch(["the <pad> cat"])
    assert PAD not in ids
    assert len(ids)


def test_words():
    tokenizer = train()
    assert tokenizer.tokens("The cat SAT") == ["the", "cat", "sat"]
    assert tokenizer.encode_batch(["the unheard", ""])[0][1] == UNKNOWN
    assert len(tokenizer.encode_batch([""])[0]) == 0
    assert train(lowercase=False).tokens("The the") == ["The", "the"]
    assert train(vocabulary=5).vocabulary_size == 5
    assert train(min_frequency=3).vocabulary_size < tokenizer.vocabulary_size


def test_byte_pairs_know_every_text():
    tokenizer = train("bpe", vocabulary=300)
    assert tokenizer.vocabulary_size <= 300
    (ids,) = tokenizer.encode_batch(["日本 zyx"])
    assert UNKNOWN not in ids
    assert tokenizer.core.decode(ids.tolist()).strip() == "日本 zyx"
    with pytest.raises(UserError, match="vocabulary = 100: a BPE vocabulary holds at least 258"):
        train("bpe", vocabulary=100)


def test_characters_keep_spaces_and_case():
    tokenizer = train("character")
    assert tokenizer.tokens("The c") == ["T", "h", "e", " ", "c"]
    assert tokenizer.encode_batch(["é"])[0].tolist() == [UNKNOWN]


@pytest.mark.parametrize("kind", KINDS)
def test_the_vocabulary_does_not_depend_on_chance(kind):
    assert train(kind).core.to_str() == train(kind).core.to_str()


def test_what_cannot_be_learned_or_read(tmp_path):
    with pytest.raises(UserError, match="all training texts are empty"):
        train_tokenizer(["", " "], TokenSpec())
    with pytest.raises(UserError, match="no tokenizer"):
        Tokenizer.load(tmp_path / "tokenizer.json")
    train().save(tmp_path / "tokenizer.json")
    text = (tmp_path / "tokenizer.json").read_text()
    for damaged in (text[: len(text) // 2], "{}", text.replace('"type":"WordLevel"', '"type":"?"')):
        (tmp_path / "tokenizer.json").write_text(damaged)
        with pytest.raises(UserError, match="is not a readable tokenizer"):
            Tokenizer.load(tmp_path / "tokenizer.json")

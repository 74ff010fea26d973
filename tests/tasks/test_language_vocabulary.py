"""Vocabularies lose nothing: the pieces of a text are the text, and sizes add up."""

from __future__ import annotations

from collections import Counter

import pytest

from seqlab.errors import UserError
from seqlab.tasks.language_modelling.vocabulary import UNKNOWN, WORDS, PieceVocabulary, learn
from tests.tasks.language_data import prose

STRANGE = "żółć  漢字 😀\t\r x\x0b\u2028y don’t <unk> @-@ \ud800 the\n\n cat"


@pytest.mark.parametrize("kind", ["character", "word", "bpe"])
@pytest.mark.parametrize("text", [prose(80), STRANGE.replace("\ud800", ""), " ", "\n"])
def test_sizes_add_up_to_the_text(kind, text):
    vocabulary = learn([prose(400)], kind, 300)
    encoded = vocabulary.encode(text)
    assert encoded.characters.sum() == len(text)
    assert encoded.bytes.sum() == len(text.encode())
    assert len(encoded.ids) == len(encoded.characters) == len(encoded.bytes)


@pytest.mark.parametrize("kind", ["character", "word", "bpe"])
def test_what_was_learned_comes_back_exactly(kind, tmp_path):
    text = prose(400)
    vocabulary = learn([text], kind, 300)
    ids = vocabulary.encode(text).ids
    assert vocabulary.decode(ids.tolist()) == text
    decode = vocabulary.decoder()
    assert "".join(decode(i) for i in ids.tolist()) == text
    vocabulary.save(tmp_path / "v.json")
    again = PieceVocabulary.load(tmp_path / "v.json")
    assert len(again) == len(vocabulary)
    assert again.encode(STRANGE[:20]).ids.tolist() == vocabulary.encode(STRANGE[:20]).ids.tolist()


def test_pairs_know_every_text_and_half_characters_wait():
    vocabulary = learn([prose(400)], "bpe", 300)
    text = "漢字 😀"
    ids = vocabulary.encode(text).ids.tolist()
    assert UNKNOWN not in ids
    assert vocabulary.unknown(text) == []
    decode = vocabulary.decoder()
    pieces = [decode(i) for i in ids]
    assert "".join(pieces) == text
    assert "" in pieces
    assert "�" not in "".join(pieces)


def test_words_put_together_are_the_text():
    for text in (prose(100), STRANGE, "a<b> <eos> x_1 ...!  \n"):
        assert "".join(WORDS.findall(text)) == text


def test_the_most_frequent_words_stay_and_rare_ones_are_unknown():
    text = " the" * 5 + " cat" * 3 + " rain" + " it" * 2
    vocabulary = learn([text], "word", 4)
    assert [vocabulary.piece(i) for i in range(4)] == ["<end>", "<unknown>", " the", " cat"]
    assert vocabulary.unknown(text) == [" rain", " it"]
    assert Counter(vocabulary.encode(text).ids.tolist()) == {2: 5, 3: 3, UNKNOWN: 3}


def test_unknown_characters_are_told_in_order():
    vocabulary = learn(["abc"], "character", 100)
    assert vocabulary.unknown("a€bz€") == ["€", "z"]
    assert vocabulary.decode(vocabulary.encode("a€b").ids.tolist()) == "a�b"


def test_vocabularies_that_cannot_be():
    with pytest.raises(UserError, match="no word occurs twice in the training text"):
        learn(["each word once only"], "word", 100)
    with pytest.raises(UserError, match=r"data\.vocabulary = 100: byte pairs need at least 258"):
        learn([prose(80)], "bpe", 100)

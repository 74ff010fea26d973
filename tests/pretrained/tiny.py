"""Checkpoints of a few thousand parameters, made where they are needed."""

import json

import pytest
import tokenizers
from tokenizers import models, normalizers, pre_tokenizers, processors

WORDS = [
    *("great", "fun", "lovely", "superb", "warm", "bright", "clever", "dull", "bad", "boring"),
    *("awful", "cold", "slow", "weak", "the", "film", "a", "plot", "and", "with", "cast", "this"),
    *("very", "man", "dog", "sleeps", "runs"),
]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def tokenizer():
    """Words and digits, as BERT reads them."""
    pieces = [*SPECIAL, *WORDS, *"0123456789", *(f"##{n}" for n in range(10))]
    core = tokenizers.Tokenizer(
        models.WordPiece({p: n for n, p in enumerate(pieces)}, unk_token="[UNK]")
    )
    core.normalizer = normalizers.BertNormalizer(lowercase=True)
    core.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    core.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    core.add_special_tokens(SPECIAL)
    return core


def bert(folder, seed=0, kind="BertModel", **changes):
    """A BERT of 5,000 parameters in a folder."""
    transformers = pytest.importorskip("transformers")
    import torch

    core = tokenizer()
    settings = {
        "vocab_size": core.get_vocab_size(),
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "max_position_embeddings": 64,
        **changes,
    }
    torch.manual_seed(seed)
    model = getattr(transformers, kind)(transformers.BertConfig(**settings))
    return saved(model, core, folder)


def gpt2(folder, seed=0):
    """A GPT-2 of a few thousand parameters in a folder."""
    transformers = pytest.importorskip("transformers")
    import torch

    core = tokenizer()
    core.post_processor = None
    torch.manual_seed(seed)
    config = transformers.GPT2Config(
        vocab_size=core.get_vocab_size(), n_embd=16, n_layer=2, n_head=2, n_positions=64
    )
    return saved(transformers.GPT2LMHeadModel(config), core, folder)


def saved(model, core, folder):
    """As transformers saves it."""
    model.save_pretrained(folder)
    core.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({"model_max_length": 64}))
    return folder

"""Hugging Face's Trainer with its defaults, on a BERT of the wanted size.

Runs in an environment of its own: python -m bench.peer_hf TEXTS BATCH WIDTH DEPTH HEADS TOKENIZER.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable

import torch
import transformers
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    PreTrainedTokenizerFast,
    Trainer,
    TrainingArguments,
)

from bench.peer_service import DROPOUT, read, serve


def prepare() -> tuple[Callable[[], object], str]:
    """A training of one epoch, and what trains."""
    texts = read(sys.argv[1:])
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=sys.argv[6], pad_token=sys.argv[7])
    config = BertConfig(
        vocab_size=texts.tokens,
        hidden_size=texts.width,
        num_hidden_layers=texts.depth,
        num_attention_heads=texts.heads,
        intermediate_size=4 * texts.width,
        hidden_dropout_prob=DROPOUT,
        attention_probs_dropout_prob=DROPOUT,
        num_labels=2,
    )
    model = BertForSequenceClassification(config)
    rows = [
        {"input_ids": ids.tolist(), "attention_mask": [1] * len(ids), "labels": int(label)}
        for ids, label in zip(texts.ids, texts.labels, strict=True)
    ]
    folder = tempfile.mkdtemp()

    def epoch(steps: int = -1) -> None:
        arguments = TrainingArguments(
            folder,
            num_train_epochs=1,
            max_steps=steps,
            per_device_train_batch_size=texts.batch_size,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            use_cpu=True,
        )
        Trainer(model, arguments, train_dataset=rows, processing_class=tokenizer).train()

    epoch(5)
    versions = f"transformers {transformers.__version__}, torch {torch.__version__}"
    return epoch, versions


if __name__ == "__main__":
    serve(prepare)

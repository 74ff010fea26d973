"""A user's word list, and a user's function that rewrites texts, for augmentation."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from seqlab.data.augmentation import Synonyms
from seqlab.data.tokens import UNKNOWN, Tokenizer
from seqlab.errors import UserError

SETTING = "train.augment"
Rewrite = Callable[[list[str], int], list[str]]


def read_synonyms(path: str, tokenizer: Tokenizer) -> Synonyms:
    """Lines of a word and its synonyms, divided by commas; those that are one known token each."""
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise UserError(
            f"{SETTING}: words = {path}: {reason.lower()}",
            "expected a text file of lines such as good,fine,great",
        ) from None
    found: Synonyms = {}
    for line in lines:
        ids = [tokenizer.encode_batch([word.strip()])[0] for word in line.split(",")]
        known = [int(one[0]) for one in ids if len(one) == 1 and one[0] != UNKNOWN]
        if len(known) > 1 and len(ids[0]) == 1 and known[0] == int(ids[0][0]):
            found[known[0]] = np.array(known[1:], dtype=np.int64)
    if not found:
        raise UserError(
            f"{SETTING}: words = {path}: no word of the list and of a synonym is in the vocabulary",
            "expected a line for each word, such as good,fine,great",
        )
    return found


def hooked(hook: str) -> Rewrite:
    """The user's function that "module:function" names."""
    module, _, name = hook.partition(":")
    # Most such modules lie in the current folder, which is on the path for their sake alone, and
    # last: none of its files may take the place of a library.
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    try:
        function: Rewrite = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise UserError(
            f'{SETTING}: hook = "{hook}": {error}',
            'expected "module:function" that Python can import',
        ) from None
    return function


def rewritten(hook: str, texts: Sequence[str], seed: int) -> list[str]:
    """What a user's function makes of texts: a back-translation, say."""
    found = [str(text) for text in hooked(hook)(list(texts), seed)]
    if len(found) != len(texts):
        raise UserError(
            f'{SETTING}: hook = "{hook}": gave {len(found)} texts for {len(texts)}',
            "expected one for each",
        )
    return found

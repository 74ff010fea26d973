"""Texts to learn language from, small and the same each time."""

import numpy as np
import pandas as pd

from seqlab.data.table import Table
from seqlab.tasks.base import DataSpec, Sources
from seqlab.tasks.language import Language

WORDS = ("the", "cat", "sat", "on", "a", "mat", "and", "saw", "What", "it", "was", "rain")


def prose(words=3000, seed=0):
    rng = np.random.default_rng(seed)
    lines = [" ".join(rng.choice(WORDS, 8)) + "." for _ in range(words // 8)]
    return "\n".join(lines) + "\n"


def table(texts, **columns):
    texts = [texts] if isinstance(texts, str) else list(texts)
    return Table(pd.DataFrame({"text": texts, **columns}), "corpus.jsonl")


def prepare(texts=None, valid=None, test=None, **settings):
    tables = [t if t is None or isinstance(t, Table) else table(t) for t in (texts, valid, test)]
    if tables[0] is None:
        tables[0] = table(prose())
    return Language.prepare(Sources(*tables), DataSpec(**settings), 0)[0]

"""Texts to token ids, by the `tokenizers` package."""

from __future__ import annotations

import json

from seqlab.data.examples import Examples
from seqlab.data.tokens import PAD, UNKNOWN
from seqlab.errors import UserError
from seqlab.export.usage.padding import WHOLE
from seqlab.export.usage.usage import Usage, reading
from seqlab.tasks.inputs.text import Text, separator_of

TOKENIZER = "task/input/tokenizer.json"  # where the fitted task has it
SHOWN = 200  # characters of the example

SETUP = f"""\
tokenizer = Tokenizer.from_file("{TOKENIZER}")
tokenizer.encode_special_tokens = True  # a text that says "<pad>" is a text"""

ONE = (
    """\
def tokens(texts):
    return [one.ids for one in tokenizer.encode_batch(texts, add_special_tokens=False)]

def cut(ids):
{cut}

def read(texts):
    rows = [cut(ids) or [know["unknown"]] for ids in tokens(texts)]
"""
    + WHOLE
)
CUTS = {
    "truncate": '    return ids[: know["window"]]',
    "head-tail": """\
    first, last = (know["window"] + 1) // 2, know["window"] // 2
    return ids if len(ids) <= know["window"] else ids[:first] + ids[len(ids) - last :]""",
}

TWO = (
    """\
def tokens(texts):
    return [one.ids for one in tokenizer.encode_batch(texts, add_special_tokens=False)]

def join(first, second):
    while len(first) + len(second) > know["window"] - 1:  # the longer one is cut first
        (first if len(first) > len(second) else second).pop()
    return first + [know["separator"]] + second

def read(pairs):
    firsts, seconds = (tokens(list(side)) for side in zip(*pairs))
    rows = [join(first, second) for first, second in zip(firsts, seconds)]
"""
    + WHOLE
)


@reading.register
def text_reading(part: Text, examples: Examples) -> Usage:
    """One text a row, or two."""
    if part.options.documents not in CUTS:
        raise UserError(
            f'options.documents = "{part.options.documents}": texts that are read in chunks are '
            "not exported",
            "accepted: truncate, head-tail; or use the folder as it is with seqlab predict",
        )
    facts = {
        "kind": "text pairs" if part.pair else "texts",
        "tokenizer": TOKENIZER,
        "window": part.window,
        "documents": part.options.documents,
        "pad": PAD,
        "unknown": UNKNOWN,
    }
    shown = [examples.frame[name].iloc[0][:SHOWN] for name in ("text", "text2")[: 1 + part.pair]]
    if part.pair:
        facts["separator"] = separator_of(part.tokenizer)
        code, example = TWO, [shown]
    else:
        code, example = ONE.replace("{cut}", CUTS[part.options.documents]), shown
    return Usage(
        facts,
        code,
        SETUP,
        ("from tokenizers import Tokenizer",),
        ("tokenizers",),
        json.dumps(example, ensure_ascii=False),
    )

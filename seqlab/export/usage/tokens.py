"""Words with their spelling to numbers, and signals to standard values."""

from __future__ import annotations

import json

from seqlab.data.examples import Examples
from seqlab.data.tokens import UNKNOWN
from seqlab.export.usage.arrays import arrays_reading
from seqlab.export.usage.padding import NUMBERS, WHOLE
from seqlab.export.usage.usage import Usage, reading
from seqlab.tasks.inputs.steps import Steps
from seqlab.tasks.inputs.tokens import (
    LONGEST_PREFIX,
    LONGEST_SUFFIX,
    SPECIAL_NUMBERS,
    Tokens,
)

SETUP = f"""\
part = json.load(open("task/input/part.json", encoding="utf-8"))
words = {{word: i for i, word in enumerate(part["words"], {SPECIAL_NUMBERS})}}
affixes = {{piece: i for i, piece in enumerate(part["affixes"], 1)}}"""

PLAIN = f"""\
def plain(word):
    return re.sub(r"\\d", "0", word.lower())

def number(word):
    return words.get(plain(word), {UNKNOWN})
"""
SPELLED = f"""
def shape(word):
    kinds = (str.isdigit, "d"), (str.isupper, "X"), (str.isalpha, "x")
    signs = [next((sign for test, sign in kinds if test(c)), c) for c in word]
    return re.sub(r"([Xx])\\1{{2,}}", r"\\1\\1", "".join(signs))[:12]

def spelling(word):
    p = plain(word)
    pieces = [f"p{{n}}:{{p[:n]}}" for n in range(1, {LONGEST_PREFIX + 1})]
    pieces += [f"s{{n}}:{{p[-n:]}}" for n in range(1, {LONGEST_SUFFIX + 1})]
    pieces += ["shape:" + shape(word), "bare:" + re.sub(r"^\\W+|\\W+$", "", p)]
    return [affixes.get(piece, 0) for piece in pieces]
"""
READ = """
def read(sentences):  # lists of at most {longest} words: seqlab reads longer ones in pieces
    rows = [[{word} for word in sentence] for sentence in sentences]
"""
SIGNALS = """\
def read(signals):  # (steps, channels) each, of at most {longest} steps
    rows = [np.nan_to_num((np.asarray(x, float) - know["mean"]) / know["std"]) for x in signals]
"""


@reading.register
def tokens_reading(part: Tokens, examples: Examples) -> Usage:
    """Lists of words."""
    if part.options.spelling == "bpe":
        return arrays_reading(part, examples)
    word = "[number(word), *spelling(word)]" if part.affixes else "number(word)"
    code = PLAIN + (SPELLED if part.affixes else "") + READ.format(longest=part.longest, word=word)
    shown = json.dumps([list(examples.frame["tokens"].iloc[0])], ensure_ascii=False)
    facts = {"kind": "words", "longest": part.longest}
    return Usage(facts, code + WHOLE, SETUP, ("import re",), example=shown)


@reading.register
def steps_reading(part: Steps, examples: Examples) -> Usage:
    """Arrays (steps, channels)."""
    facts = {"kind": "signals", "mean": list(part.means), "std": list(part.scales)}
    code = SIGNALS.format(longest=part.longest) + NUMBERS
    example = f"[np.random.default_rng(0).normal(size=(20, {len(part.means)}))]"
    return Usage(facts, code, example=example)

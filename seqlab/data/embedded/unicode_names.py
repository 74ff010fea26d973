"""The names of Unicode characters, as every Python installation knows them."""

from __future__ import annotations

import sys
import unicodedata

import pandas as pd

from seqlab.data.embedded.entry import EmbeddedData

# The general categories with some 200 names or more; the rest are too few to learn from.
_CATEGORIES = {
    "Ll": "lowercase letter",
    "Lm": "modifier letter",
    "Lo": "other letter",
    "Lu": "uppercase letter",
    "Mc": "spacing mark",
    "Mn": "nonspacing mark",
    "Nd": "decimal digit",
    "Nl": "letter number",
    "No": "other number",
    "Po": "punctuation",
    "Sm": "mathematical symbol",
    "So": "other symbol",
}


def _characters(members: dict[str, bytes]) -> pd.DataFrame:
    texts: list[str] = []
    labels: list[str] = []
    for point in range(sys.maxunicode + 1):
        name = unicodedata.name(chr(point), "")
        # Ideographs and syllables are named by a rule, from their number or their sound.
        by_rule = name.endswith(f"-{point:04X}") or name.startswith("HANGUL SYLLABLE")
        label = _CATEGORIES.get(unicodedata.category(chr(point)))
        if name and not by_rule and label is not None:
            texts.append(name)
            labels.append(label)
    return pd.DataFrame({"text": texts, "label": labels})


ENTRIES = (
    EmbeddedData(
        name="characters",
        task="classify",
        summary="names of Unicode characters, by general category",
        licence="Unicode License v3",
        rows=32000,  # grows with the Unicode version that Python knows
        build=_characters,
        notes=(f"Unicode {unicodedata.unidata_version}, as this Python knows it",),
    ),
)

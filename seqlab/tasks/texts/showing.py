"""Examples as a report shows them: their texts, short, and two as one; else their names."""

from __future__ import annotations

from seqlab.data.examples import Examples
from seqlab.tasks.texts.reading import as_one

SHOWN = 400  # characters of a text


def shown(examples: Examples, row: int) -> str:
    """The beginning of an example's text, or of its two; or its name."""
    held = examples.frame.iloc[row]
    if "text" not in held:
        return str(held["name"])
    others = [str(held["text2"])] if "text2" in held else None
    return as_one([str(held["text"])], others)[0][:SHOWN]

"""Texts of examples as a report shows them: short, and two as one."""

from __future__ import annotations

from seqlab.data.examples import Examples
from seqlab.tasks.texts.reading import as_one

SHOWN = 400  # characters of a text


def shown(examples: Examples, row: int) -> str:
    """The beginning of an example's text, or of its two."""
    held = examples.frame.iloc[row]
    others = [str(held["text2"])] if "text2" in held else None
    return as_one([str(held["text"])], others)[0][:SHOWN]

"""Bits that a model needs for each byte of a text in UTF-8: how far it would compress a file."""

from __future__ import annotations

from seqlab.metrics.bits_per_character import BitsPerCharacter
from seqlab.registry import registered

CARD = {"tasks": ["language"]}


@registered
class BitsPerByte(BitsPerCharacter):
    """Statistics: an example's bits, and its bytes."""

    space = "bytes"

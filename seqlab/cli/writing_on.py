"""What `seqlab generate` shows: the text while it is written, or all of it as JSON."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from seqlab.cli.streams import print_json, write


def generate_and_show(
    model: Path,
    prompt: str | None,
    tokens: int,
    sampling: dict[str, Any],
    *,
    device: str,
    json: bool,
) -> None:
    """Print the prompt and, piece by piece, what follows it."""
    from seqlab.workbench.generating import Writer
    from seqlab.workbench.predictor import load

    pieces = Writer(load(model, device), str(model)).write(prompt, tokens, **sampling)
    begun = time.perf_counter()
    if not json:
        write(prompt or "")
        for piece in pieces:
            write(piece)
            sys.stdout.flush()
        write("\n")
        return
    text = "".join(pieces)
    facts = {
        "prompt": prompt or "",
        "text": text,
        "characters": len(text),
        "seconds": time.perf_counter() - begun,
        **sampling,
    }
    print_json(facts)

"""`seqlab mixers`: the architectures, a line each."""

from __future__ import annotations

from seqlab.cli import options as o


def mixers(json: o.Json = False) -> None:
    """List every architecture with its cost and its paper."""
    from seqlab.cli.listing import list_mixers

    list_mixers(json)

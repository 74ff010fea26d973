"""`seqlab models`: the pre-trained models, a line each."""

from __future__ import annotations

from seqlab.cli import options as o


def models(json: o.Json = False) -> None:
    """List the pre-trained models that are candidates by name."""
    from seqlab.cli.listing import list_models

    list_models(json)

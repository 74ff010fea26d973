"""`seqlab datasets`: the data sets that need nothing but a package index."""

from __future__ import annotations

from seqlab.cli import options as o


def datasets(json: o.Json = False) -> None:
    """List the embedded data sets."""
    from seqlab.cli.listing import list_datasets

    list_datasets(json)

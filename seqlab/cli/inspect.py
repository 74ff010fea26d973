"""`seqlab inspect`: the data doctor."""

from __future__ import annotations

from seqlab.cli import option_groups as groups
from seqlab.cli import options as o
from seqlab.progress import doing


@groups.expanded
def inspect(
    data: o.Data,
    *,
    valid: o.Valid = None,
    test: o.Test = None,
    asked: groups.DataOptions,
    settings: o.Assignments = None,
    seed: o.Seed = None,
    json: o.Json = False,
) -> None:
    """Check data before training.

    Shows what is in it, which task it is, what will go wrong, and how long a comparison will take.
    """
    with doing("starting"):
        from seqlab.cli.show import inspect_and_show

    inspect_and_show(
        (data, valid, test),
        task=asked.task,
        columns=asked.columns,
        reading=asked.reading(),
        settings=asked.settings(o.assigned(settings)),
        seed=seed or 0,
        json=json,
    )

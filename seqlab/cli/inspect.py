"""`seqlab inspect`: the data doctor."""

from __future__ import annotations

from seqlab.cli import options as o


def inspect(
    data: o.Data,
    valid: o.Valid = None,
    test: o.Test = None,
    task: o.Task = None,
    columns: o.Columns = None,
    delimiter: o.Delimiter = None,
    encoding: o.Encoding = None,
    split: o.Split = None,
    group: o.Group = None,
    horizon: o.Horizon = None,
    lookback: o.Lookback = None,
    season: o.Season = None,
    settings: o.Assignments = None,
    seed: o.Seed = None,
    json: o.Json = False,
) -> None:
    """Say what is in the data, what will go wrong, and what a comparison will cost."""
    from seqlab.cli.show import inspect_and_show

    inspect_and_show(
        (data, valid, test),
        task=task,
        columns=columns,
        reading={"delimiter": delimiter, "encoding": encoding},
        settings={
            **o.data_settings(o.assigned(settings)),
            **o.said(split=split, group=group, horizon=horizon, lookback=lookback, season=season),
        },
        seed=seed or 0,
        json=json,
    )

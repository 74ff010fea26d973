"""`seqlab predict-next`: the next-number example of textbooks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seqlab.cli import options as o


def predict_next(
    numbers: Annotated[list[float], typer.Argument(help="What is to be continued: 98 99 100.")],
    steps: Annotated[int, typer.Option(help="How many numbers to predict.", min=1)] = 5,
    window: Annotated[int, typer.Option(help="How many numbers the model reads.", min=1)] = 1,
    candidate: Annotated[str, typer.Option(help="rnn, lstm, gru, transformer, …")] = "lstm",
    train: Annotated[str, typer.Option(help="The whole numbers to learn from.")] = "0..99",
    by_window: Annotated[
        bool,
        typer.Option("--by-window", help="Normalise each window by itself, not all by the series."),
    ] = False,
    output: Annotated[Path, typer.Option("-o", "--output", help="The plot, as HTML.")] = Path(
        "next-number.html"
    ),
    seed: o.Seed = None,
    json: o.Json = False,
) -> None:
    """Learn to count, then predict the next numbers.

    The next-number example of textbooks: one step at a time, each prediction is read in turn.
    """
    from dataclasses import asdict

    from seqlab.cli.streams import print_json, say
    from seqlab.workbench.next_number import draw, predict_next

    found = predict_next(
        numbers,
        steps=steps,
        window=window,
        candidate=candidate,
        train=train,
        by_window=by_window,
        seed=seed or 0,
    )
    plot = draw(found, output)
    if json:
        facts = {**asdict(found), "counted": found.counted, "remarks": found.remarks}
        print_json({**facts, "plot": str(plot)})
        return
    given = " ".join(f"{number:g}" for number in found.given)
    say(f"{given} → {' '.join(f'{number:.2f}' for number in found.predicted)}")
    for remark in found.remarks:
        say(f"  · {remark}")
    say(f"plot: {plot}")

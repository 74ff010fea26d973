"""Lists of what there is, read from the cards without importing torch."""

from __future__ import annotations

import json as plain_json

from rich.console import Console
from rich.table import Table

PIPED = 120  # columns where there is no terminal to measure


def list_mixers(json: bool) -> None:
    """Every mixer with its card."""
    from seqlab import registry

    cards = registry.cards("mixers")
    if json:
        print(plain_json.dumps({name: dict(card) for name, card in cards.items()}, indent=1))
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("mixer", "streams", "time in T", "state", "paper"):
        table.add_column(heading, no_wrap=True)
    for name, card in cards.items():
        streams = "yes" if card["streams"] else "no"
        table.add_row(name, streams, card["complexity"], card["state"], card["paper"])
    console = Console()
    if not console.is_terminal:
        console = Console(width=PIPED)
    console.print(table)
    console.print("\nWhat each is, and the candidates made of it: seqlab mixers --json")


def list_datasets(json: bool) -> None:
    """Every embedded data set."""
    from seqlab.data import catalogue

    entries = catalogue.entries()
    if json:
        facts = {
            name: {"task": e.task, "summary": e.summary, "source": e.source, "licence": e.licence}
            for name, e in entries.items()
        }
        print(plain_json.dumps(facts, indent=1))
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("name", "task", "what", "from", "licence"):
        table.add_column(heading, overflow="fold")
    for name, entry in entries.items():
        table.add_row(name, entry.task, entry.summary, entry.source, entry.licence)
    Console().print(table)
    Console().print("\nUse one by its name: [bold]seqlab compare characters[/bold]")
    Console().print("Those made on the spot come in any length: seqlab compare copy:100")

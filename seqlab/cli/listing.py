"""Lists of what there is, read from the cards without importing torch."""

from __future__ import annotations

from seqlab.cli.streams import print_json
from seqlab.cli.terminal import Terminal

PIPED_COLUMNS = 120  # where there is no terminal to measure


def list_mixers(json: bool) -> None:
    """Every mixer with its card."""
    from seqlab import registry

    cards = registry.cards("mixers")
    if json:
        print_json({name: dict(card) for name, card in cards.items()})
        return
    rows = [
        [name, "yes" if c["streams"] else "no", c["complexity"], c["state"], c["paper"]]
        for name, c in cards.items()
    ]
    terminal = Terminal()
    if not terminal.is_terminal:
        terminal = Terminal(width=PIPED_COLUMNS)
    terminal.table(("mixer", "streams", "time in T", "state", "paper"), rows)
    terminal.say("\nWhat each is, and the candidates made of it: seqlab mixers --json")


def list_datasets(json: bool) -> None:
    """Every embedded data set."""
    from seqlab.data import catalogue

    entries = catalogue.entries()
    if json:
        facts = {
            name: {"task": e.task, "summary": e.summary, "source": e.source, "licence": e.licence}
            for name, e in entries.items()
        }
        print_json(facts)
        return
    rows = [[name, e.task, e.summary, e.source, e.licence] for name, e in entries.items()]
    terminal = Terminal()
    terminal.table(("name", "task", "what", "from", "licence"), rows, kinds="  www")
    terminal.say("\nUse one by its name: ", ("seqlab compare characters", "bold"))
    terminal.say("Those made on the spot come in any length: seqlab compare copy:100")


def list_models(json: bool) -> None:
    """Every checkpoint of the catalogue, installed or not."""
    from seqlab.pretrained.catalogue import ENTRIES

    if json:
        print_json({name: entry.facts() for name, entry in ENTRIES.items()})
        return
    rows = [
        [
            *(name, entry.summary, entry.licence, f"{entry.megabytes:.0f} MB", entry.languages),
            f"{entry.longest} tokens",
            "installed" if entry.folder else entry.command,
        ]
        for name, entry in ENTRIES.items()
    ]
    terminal = Terminal()
    heads = ("name", "what for", "licence", "size", "language", "longest", "where from")
    terminal.table(heads, rows, kinds=" ww  ww")
    terminal.say("\nFine-tune one: ", ("seqlab compare reviews --candidates gru,minilm", "bold"))
    terminal.say("Frozen, with logistic regression: minilm-lr, static-lr")
    terminal.say("A folder of your own is named by its path: ./my-checkpoint, ./my-checkpoint-lr")

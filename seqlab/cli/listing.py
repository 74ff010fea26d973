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

"""What `seqlab explain` shows: numbers for each unit, or where the page is."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from seqlab.cli.streams import print_json, say, visible
from seqlab.cli.terminal import Terminal
from seqlab.errors import UserError
from seqlab.explain.accounts import Account
from seqlab.runs import from_here
from seqlab.workbench.explaining import Explained, explain_study, explanations

COLUMNS = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
MOST_SHOWN = 40  # units of an example in the terminal; --json has all


@dataclass(frozen=True)
class Asked:
    """What the command line said."""

    text: list[str] | None
    rows: str | None
    data: str | None
    methods: tuple[str, ...] | None
    answer: str | None
    device: str
    randomise: bool = False

    @property
    def examples(self) -> Any:
        """Texts, numbers of rows or a file; None: a page is wanted."""
        given = [value for value in (self.text, self.rows, self.data) if value]
        if len(given) > 1:
            raise UserError(
                "--text, --rows and --data: only one of them can be given at a time",
                "run seqlab explain once for each",
            )
        if self.rows:
            return _numbers(self.rows)
        return given[0] if given else None


def explain_and_show(model: Path, asked: Asked, *, json: bool) -> None:
    """Explain single examples."""
    examples = asked.examples
    if examples is None:
        _explain_study(model, asked, json=json)
        return
    found = explanations(
        model, examples, methods=asked.methods, answer=asked.answer, device=asked.device
    )
    if json:
        print_json(found.to_dict())
        return
    _show(Terminal(), found)


def _explain_study(study: Path, asked: Asked, *, json: bool) -> None:
    """The page of a study, with a bar."""
    if (study / "best.json").is_file() or (study / "result.json").is_file():
        raise UserError(
            f"{study}: one contestant; what of it is to be explained?",
            "give --text, --rows or --data, or name the study's folder for a page",
        )
    terminal = Terminal(stderr=True)
    with Progress(*COLUMNS, console=terminal, transient=True, disable=json) as bar:
        task = bar.add_task("explaining", total=1.0)

        def told(share: float, what: str) -> None:
            bar.update(task, completed=share, description=visible(what))

        path, found = explain_study(study, told, randomise=asked.randomise)
    if json:
        print_json({"page": str(path), "contestants": [_summary(one) for one in found]})
        return
    for one in found:
        top = ", ".join(feature.name for feature in one.features[:5])
        say(f"{one.subject.name}: {top} (by {one.yardstick}, {one.global_examples:,} examples)")
        for tested in one.tested:
            if not tested.holds:
                say(f"  {tested.sentence}")
    say(f"page: {from_here(path)}")


def _summary(account: Account) -> dict[str, Any]:
    return {
        "contestant": account.subject.name,
        "metric": account.metric,
        "score": account.score,
        "methods": {
            one.method: {"above_random": one.holds, "gain": asdict(one.gain)}
            for one in account.tested
        },
        "refused": account.refused,
        "agreement": None if account.agreement is None else asdict(account.agreement),
        "attention": None if account.attention is None else asdict(account.attention),
        "features": [asdict(feature) for feature in account.features],
    }


def _numbers(given: str) -> list[int]:
    try:
        return [int(part) for part in given.split(",") if part.strip()]
    except ValueError:
        raise UserError(
            f'--rows "{given}": expected numbers divided by commas', "such as --rows 3,17"
        ) from None


def _show(terminal: Terminal, found: Explained) -> None:
    document = found.to_dict()
    for example in document["examples"]:
        terminal.say(example["shown"], style="bold")
        for place, answer in enumerate(example["answers"]):
            terminal.say(f"{document['contestant']}: {answer} ({document['score']})")
            names = list(document["methods"])
            heads = [name.replace("-", "\n") for name in names]
            rows = [
                [unit, *(f"{example['values'][n][place][number]:+.3f}" for n in names)]
                for number, unit in enumerate(example["units"][:MOST_SHOWN])
            ]
            terminal.table([found.case.units.noun, *heads], rows, kinds="w" + "r" * len(names))
            hidden = len(example["units"]) - MOST_SHOWN
            if hidden > 0:
                terminal.say(f"… and {hidden:,} more; --json shows all")
        terminal.say()
    missed = document["methods"].get("integrated-gradients", {}).get("missed")
    if missed is not None:
        terminal.say(
            "integrated-gradients: all numbers of an answer add up to the difference from an"
            f" input that says nothing, but for {100 * missed:.2f} %"
        )

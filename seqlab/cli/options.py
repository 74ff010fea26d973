"""Options that several commands share, and how their values are read."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any

import typer

from seqlab.errors import UserError, unknown

DATA, TASK, CONTESTANTS, BUDGET = "Data", "Task", "Contestants", "Budget"
LIMITS, MACHINE, OUTPUT = "Limits", "Machine", "Output"


def option(
    group: str, words: str, *flags: str, default: str = "", example: str = "", **more: Any
) -> Any:
    """An option under a heading of the help, with its default and an example in its words.

    `more` goes to typer: metavar, min, …
    """
    parts = (words, default and f"[default: {default}]", example and f"For example {example}.")
    return typer.Option(*flags, help=" ".join(filter(None, parts)), rich_help_panel=group, **more)


Data = Annotated[
    str, typer.Argument(help="File, folder, or the name of an embedded data set (seqlab datasets).")
]
Valid = Annotated[
    str | None,
    option(
        DATA,
        "Validation data in a file of its own.",
        default="part of the data",
        example="--valid dev.csv",
        metavar="FILE",
    ),
]
Test = Annotated[
    str | None,
    option(
        DATA,
        "Test data in a file of its own.",
        default="part of the data",
        example="--test test.csv",
        metavar="FILE",
    ),
]
Columns = Annotated[
    str | None,
    option(
        DATA,
        "Columns to use, or their names in a file without a header; or by role.",
        default="recognised",
        example="--columns text,label, or --columns text=review,label=stars",
        metavar="NAMES",
    ),
]
Delimiter = Annotated[
    str | None,
    option(
        DATA,
        "Character between columns.",
        default="recognised",
        example="--delimiter ';'",
        metavar="CHARACTER",
    ),
]
Encoding = Annotated[
    str | None,
    option(
        DATA,
        "Encoding of text files.",
        default="UTF-8",
        example="--encoding latin-1",
        metavar="NAME",
    ),
]
Seed = Annotated[
    int | None,
    option(
        MACHINE,
        "Seed of all random numbers.",
        default="0",
        example="--seed 7",
        metavar="N",
        min=0,
    ),
]
DryRun = Annotated[
    bool, option(OUTPUT, "Show the plan and its expected time; train nothing.", "--dry-run")
]
Output = Annotated[
    Path | None,
    option(
        OUTPUT,
        "Folder of the study.",
        "-o",
        "--output",
        default="runs/<data>-<task>",
        example="-o runs/mine",
        metavar="FOLDER",
    ),
]
Json = Annotated[bool, option(OUTPUT, "Print one JSON document and nothing else.", "--json")]
Verbose = Annotated[
    bool,
    option(
        OUTPUT,
        "Show every number: contestants' sizes, each training as it goes, all reasons.",
        "-v",
        "--verbose",
    ),
]
Open = Annotated[bool, option(OUTPUT, "Open the report in a browser at the end.", "--open")]
Assignments = Annotated[
    list[str] | None,
    option(
        CONTESTANTS,
        "Any setting of models, training or data; may be repeated.",
        "--set",
        example="--set model.depth=2 --set train.batch_size=32",
        metavar="SECTION.NAME=VALUE",
    ),
]


def seconds(given: str | None, option: str = "--time") -> float | None:
    """A duration with its unit: 90s, 10m, 1.5h."""
    if given is None:
        return None
    found = re.fullmatch(r"\s*([0-9]*\.?[0-9]+)\s*(s|m|min|h)?\s*", given)
    if found is None or float(found[1]) == 0:
        also = ", or none" if option == "--time" else ""
        raise UserError(f'{option} "{given}": expected a duration such as 90s, 10m or 1.5h{also}')
    if found[2] is None:
        number = found[1]
        raise UserError(
            f"{option} {number}: the unit is missing",
            f"write {number}s for seconds, {number}m for minutes or {number}h for hours",
        )
    return float(found[1]) * {"s": 1, "m": 60, "min": 60, "h": 3600}[found[2]]


def limit(given: str) -> float | None:
    """A time limit: a duration, or none."""
    return None if given.strip().lower() == "none" else seconds(given)


def count(given: str, option: str) -> int:
    """A number, perhaps with k or M: 200k."""
    found = re.fullmatch(r"\s*([0-9]*\.?[0-9]+)\s*([kKmM]?)\s*", given)
    number = float(found[1]) * {"": 1, "k": 1e3, "m": 1e6}[found[2].lower()] if found else 0
    if number < 1:
        raise UserError(f'{option} "{given}": expected a positive number such as 200k or 1000000')
    return int(number)


def above_zero(given: float | None, option: str) -> float | None:
    """A number of which nothing and less than nothing make no sense."""
    if given is not None and not 0 < given < float("inf"):
        raise UserError(f"{option} {given:g}: expected a number above 0")
    return given


def difference(given: str | None, option: str) -> str | None:
    """A difference as it is written, if it is written in one of the known forms."""
    from seqlab.compare.margins import parts_of

    try:
        if given is not None:
            parts_of(given)
    except ValueError as error:
        raise UserError(f'{option} "{given}": {error}') from None
    return given


def names(given: str | None, option: str) -> tuple[str, ...] | None:
    """A list divided by commas."""
    if given is None:
        return None
    found = tuple(part.strip() for part in given.split(",") if part.strip())
    if not found:
        raise UserError(f'{option} "{given}": expected names divided by commas')
    return found


def sizes(given: str | None) -> tuple[int, ...]:
    """`500,2000,all` as numbers; all is always there."""
    from seqlab.data.partition import parse_sizes

    return () if given is None else tuple(s for s in parse_sizes(given) if s is not None)


SECTIONS = ("data", "options", "budget", "model", "train", "finetune", "constraints")


def data_settings(given: dict[str, Any]) -> dict[str, Any]:
    """What the sections say of the data: its own settings, and the task's options within them."""
    options = given.get("options", {})
    return {**given.get("data", {}), **({"options": options} if options else {})}


def training_settings(given: dict[str, Any]) -> dict[str, Any]:
    """What the sections say of models and training."""
    return {name: given[name] for name in ("model", "train", "finetune") if name in given}


def assigned(assignments: list[str] | None, config: Path | None = None) -> dict[str, Any]:
    """What a config file and `--set section.name=value` say, by section; --set goes last."""
    found = {} if config is None else _read_toml(config)
    for assignment in assignments or ():
        path, separator, value = assignment.partition("=")
        section, dot, name = path.strip().partition(".")
        if not separator or not dot or not all(name.split(".")):
            raise UserError(f'--set "{assignment}": expected section.name=value, as model.depth=2')
        if section not in SECTIONS:
            raise unknown("section in --set", section, SECTIONS)
        target = found.setdefault(section, {})
        *inner, last = name.split(".")
        for part in inner:
            target = target.setdefault(part, {})
            if not isinstance(target, dict):
                raise UserError(f'--set "{assignment}": "{part}" has no settings within it')
        target[last] = _value(value.strip())
    return found


def _read_toml(path: Path) -> dict[str, Any]:
    from seqlab.outside import read_toml

    found = read_toml(path, f"--config {path}", "expected a file of TOML")
    for section in SECTIONS:
        if not isinstance(found.get(section, {}), dict):
            raise UserError(
                f"--config {path}: {section} = {found[section]!r}: expected a table of settings",
                f"such as [{section}] and a line below it for each setting",
            )
    return found


def _value(text: str) -> Any:
    """As TOML reads it; none is nothing, and what is no TOML value is a string."""
    if text == "none":
        return None
    try:
        return tomllib.loads(f"x = {text}")["x"]
    except tomllib.TOMLDecodeError:
        return text


def said(**values: Any) -> dict[str, Any]:
    """Only what was said."""
    return {name: value for name, value in values.items() if value is not None}

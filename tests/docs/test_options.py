"""Every command and option of seqlab that the pages mention exists."""

import re
from pathlib import Path

import pytest
import typer.main

from seqlab.cli.app import app

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("examples/*.md"),
    ]
)
BLOCK = re.compile(r"^```[^\n]*\n(.*?)^```", re.DOTALL | re.MULTILINE)
SPAN = re.compile(r"`([^`\n]+(?:\n[^`\n]+)?)`")
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
EVERYWHERE = {"--help", "--debug", "--version"}
OTHER_PROGRAMS = re.compile(r"\b(?:python3? -m|pip|pytest|make|git|python)\b")


def options_of(command):
    """The options that a command takes, in every spelling."""
    known = COMMANDS[command].params
    return {name for option in known for name in (*option.opts, *option.secondary_opts)}


ANY = EVERYWHERE.union(*(options_of(command) for command in COMMANDS))


def mentions(page):
    """(command or "", option or "") for whatever a page's code says of seqlab.

    An option that stands alone, as `--time`, belongs to any command.
    """
    text = page.read_text(encoding="utf-8")
    blocks = [block.replace("\\\n", " ") for block in BLOCK.findall(text)]
    lines = [line for block in blocks for line in block.splitlines()]
    spans = [" ".join(span.split()) for span in SPAN.findall(BLOCK.sub("", text))]
    for code in [*lines, *spans]:
        for part in re.split(r"\s[|;&]+\s|\s#\s", code):
            called = re.search(r"(?:^|(?<!from)\s)seqlab ([a-z][a-z-]+)(.*)", part)
            if called:
                yield called[1], ""
                for option in re.findall(r"(?<!\S)(--[a-z][a-z0-9-]*|-[a-z])\b", called[2]):
                    yield called[1], option
    for span in spans:
        if span.startswith("--") and not OTHER_PROGRAMS.search(span):
            yield "", re.match(r"--[a-z0-9-]+", span)[0]


@pytest.mark.parametrize("page", PAGES, ids=[str(p.relative_to(ROOT)) for p in PAGES])
def test_what_a_page_says_of_the_command_line_is_there(page):
    if page.name == "cli.md":
        pytest.skip("written from the commands themselves")
    absent = []
    for command, option in mentions(page):
        if command and command not in COMMANDS:
            absent.append(f"seqlab {command}")
        elif option and option not in (EVERYWHERE | options_of(command) if command else ANY):
            absent.append(f"seqlab {command} {option}".replace("  ", " "))
    assert not absent


def test_an_option_that_is_not_there_would_be_seen(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "Use `--time 10m` or `--thyme`.\n\n```\nseqlab compare a.csv \\\n    --seed 8  # how many\n"
        "seqlab comparee b.csv\n```\n\n`seqlab report x --json`\n"
    )
    assert set(mentions(page)) == {
        ("", "--time"),
        ("", "--thyme"),
        ("compare", ""),
        ("compare", "--seed"),
        ("comparee", ""),
        ("report", ""),
        ("report", "--json"),
    }

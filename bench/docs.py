"""Docs that are generated: the command line's help, a line for every file, a line for every folder.

python -m bench.docs           fail if one of them is out of date
python -m bench.docs --write   bring them up to date

docs/cli.md is what `--help` prints. docs/files.md names every file with the first sentence of its
docstring, in the order of the layers that pyproject.toml declares. The list of folders in
docs/architecture.md, between its two markers, is made the same way. Folders and files are found.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

from seqlab.isolation import python_module

ROOT = Path(__file__).resolve().parent.parent
MARKERS = ("<!-- folders: written by make docs -->", "<!-- end of folders -->")


def commands() -> list[str]:
    """Every command, in the order in which the help names them."""
    from seqlab.cli.app import app

    functions = [command.callback for command in app.registered_commands]
    return [function.__name__.replace("_", "-") for function in functions if function]


def cli_page(page: str) -> str:
    """Every command's help, as the terminal shows it; what the page says now does not matter."""
    parts = ["# The command line\n\nWritten by `make docs` from the commands' own help.\n"]
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}
    for command in ("", *commands()):
        words = [word for word in ("seqlab", command) if word]
        shown = subprocess.run(
            python_module("seqlab", *words[1:], "--help"),
            capture_output=True,
            text=True,
            check=True,
            env=environment,
        ).stdout
        lines = "\n".join(line.rstrip() for line in shown.strip().splitlines())
        parts.append(f"## {' '.join(words)}\n\n```\n{lines}\n```\n")
    return "\n".join(parts)


def files_page(page: str) -> str:
    """Every file with its line, folder by folder; what the page says now does not matter."""
    parts = [
        "# Every file\n\nWritten by `make docs`: the first sentence of each file, in the order of "
        "the layers, lowest first.\nWhat the folders are for and how they work together is in "
        "[architecture.md](architecture.md).\n"
    ]
    loose = [path for path in _layers() if path.is_file()]
    parts.append("## seqlab/\n\n" + "\n".join(_file_line(path) for path in loose) + "\n")
    for folder in _folders():
        lines = [_file_line(path) for path in _files(folder)]
        parts.append(f"## {_name(folder)}\n\n{summary(folder)}\n\n" + "\n".join(lines) + "\n")
    return "\n".join(parts)


def architecture_page(page: str) -> str:
    """The page with a current line for every folder of a layer between its markers."""
    before, _, rest = page.partition(MARKERS[0])
    _, end, after = rest.partition(MARKERS[1])
    if not end:
        raise ValueError(f"docs/architecture.md has no lines {MARKERS[0]} and {MARKERS[1]}")
    top = [folder for folder in _folders() if folder.parent == ROOT / "seqlab"]
    lines = [f"- `{_name(folder)}` – {summary(folder)}" for folder in top]
    return "\n".join([before + MARKERS[0], "", *lines, "", MARKERS[1] + after])


def summary(path: Path) -> str:
    """What the docstring of a file, or of a folder's `__init__.py`, says before its first gap."""
    source = path / "__init__.py" if path.is_dir() else path
    text = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or ""
    if not text:
        raise ValueError(f"{source.relative_to(ROOT)} has no docstring: begin it with a sentence")
    return " ".join(text.partition("\n\n")[0].split())


def _layers() -> list[Path]:
    """The package's files and folders, lowest layer first; what is in no layer comes last."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    declared = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    named = [name for layer in reversed(declared) for name in re.findall(r"[\w.]+", layer)]
    package = ROOT / "seqlab"
    ranks = {name.partition(".")[2]: rank for rank, name in enumerate(named)}
    entries = [
        path
        for path in package.iterdir()
        if (path.suffix == ".py" and path.name != "__init__.py") or (path / "__init__.py").exists()
    ]
    return sorted(entries, key=lambda path: (ranks.get(path.stem, len(ranks)), path.name))


def _folders() -> Iterator[Path]:
    """Every folder of the package in the order of the layers, each before those inside it."""
    for entry in _layers():
        if entry.is_dir():
            yield entry
            yield from sorted(path.parent for path in entry.glob("*/**/__init__.py"))


def _files(folder: Path) -> list[Path]:
    """A folder's own files: its contract first, then by name."""
    files = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
    return sorted(files, key=lambda path: (path.name != "base.py", path.name))


def _file_line(path: Path) -> str:
    return f"- `{path.relative_to(ROOT).as_posix()}` – {summary(path)}"


def _name(folder: Path) -> str:
    return f"{folder.relative_to(ROOT).as_posix()}/"


PAGES: dict[str, Callable[[str], str]] = {
    "docs/cli.md": cli_page,
    "docs/files.md": files_page,
    "docs/architecture.md": architecture_page,
}


def main() -> int:
    """Check or write."""
    stale = {}
    for name, write in PAGES.items():
        path = ROOT / name
        page = path.read_text(encoding="utf-8") if path.exists() else ""
        wanted = write(page)
        if wanted != page:
            stale[path] = wanted
    for path, wanted in stale.items():
        if "--write" in sys.argv:
            path.write_text(wanted, encoding="utf-8", newline="\n")
        else:
            print(f"{path.relative_to(ROOT)} is out of date: run make docs", file=sys.stderr)
    return 0 if "--write" in sys.argv or not stale else 1


if __name__ == "__main__":
    sys.exit(main())

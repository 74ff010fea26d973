"""Docs that are generated: the command line's help, and a line for every file.

python -m bench.docs           fail if docs/cli.md or docs/architecture.md are out of date
python -m bench.docs --write   bring them up to date

The order of the files in docs/architecture.md is written by hand; what is said of each is the
first line of its docstring. New files are added at the end of their folder's list.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

from seqlab.isolation import python_module

ROOT = Path(__file__).resolve().parent.parent
CLI, ARCHITECTURE = ROOT / "docs" / "cli.md", ROOT / "docs" / "architecture.md"
LINE = re.compile(r"^- `(seqlab/[\w/]+\.py)` – .*$")


def commands() -> list[str]:
    """Every command, in the order in which the help names them."""
    from seqlab.cli.app import app

    functions = [command.callback for command in app.registered_commands]
    return [function.__name__.replace("_", "-") for function in functions if function]


def cli_page() -> str:
    """Every command's help, as the terminal shows it."""
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


def architecture_page(page: str) -> str:
    """The page with a current line for every file that exists, and none for others."""
    summaries = {str(p.relative_to(ROOT)): _summary(p) for p in sorted(ROOT.glob("seqlab/**/*.py"))}
    known = {found[1] for line in page.splitlines() if (found := LINE.match(line))}
    missing = [p for p, s in summaries.items() if s and p not in known and not _is_face(p)]
    lines: list[str] = []
    for line in page.splitlines():
        found = LINE.match(line)
        if found is None:
            lines.append(line)
        elif found[1] in summaries:
            lines.append(f"- `{found[1]}` – {summaries[found[1]]}")
        if found is not None:  # a new file follows the last one of its folder
            folder = str(Path(found[1]).parent)
            rest = page.split(line, 1)[1]
            if f"`{folder}/" not in re.sub(rf"`{folder}/\w+/", "", rest):
                for path in [p for p in missing if str(Path(p).parent) == folder]:
                    lines.append(f"- `{path}` – {summaries[path]}")
                    missing.remove(path)
    if missing:
        lines += ["", *(f"- `{path}` – {summaries[path]}" for path in missing)]
    return "\n".join(lines) + "\n"


def _summary(path: Path) -> str:
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(text.partition("\n\n")[0].split())


def _is_face(path: str) -> bool:
    return path.endswith("__init__.py")


def main() -> int:
    """Check or write."""
    page = ARCHITECTURE.read_text(encoding="utf-8")
    wanted = {CLI: cli_page(), ARCHITECTURE: architecture_page(page)}
    stale = [
        path
        for path, text in wanted.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    if "--write" in sys.argv:
        for path in stale:
            path.write_text(wanted[path], encoding="utf-8")
        return 0
    for path in stale:
        print(f"{path.relative_to(ROOT)} is out of date: run make docs", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())

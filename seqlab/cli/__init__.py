"""The command line: verbs, one file each, without logic; errors are one line."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and leave with its exit status."""
    arguments = [a for a in sys.argv[1:] if a != "--debug"]
    sys.exit(run(arguments, debug="--debug" in sys.argv[1:]))


def run(arguments: list[str], debug: bool = False) -> int:
    """One command; its errors go to stderr in one line, with a hint on a second one at most."""
    from typer import Exit

    from seqlab.cli.app import app
    from seqlab.cli.errors import INTERRUPTED, explain

    try:
        status = int(app(arguments, prog_name="seqlab", standalone_mode=False) or 0)
        # Typer may turn Ctrl-C into this status and say nothing.
        return explain(KeyboardInterrupt()) if status == INTERRUPTED else status
    except (Exit, SystemExit) as left:
        return int(getattr(left, "exit_code", getattr(left, "code", 0)) or 0)
    except BaseException as error:
        if debug and not isinstance(error, KeyboardInterrupt):
            raise
        return explain(error)

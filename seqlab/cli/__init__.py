"""The command line: verbs, one file each, without logic; errors are one line."""

from __future__ import annotations

import os
import sys

from seqlab.isolation import leave_current_folder


def main() -> None:
    """Run the command line and leave with its exit status."""
    leave_current_folder()
    arguments = [a for a in sys.argv[1:] if a != "--debug"]
    status = run(arguments, debug="--debug" in sys.argv[1:])
    if status > 128:  # interrupted: all is cleaned up, and unloading libraries takes seconds
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


def run(arguments: list[str], debug: bool = False) -> int:
    """One command; its errors go to stderr in one line, with a hint on a second one at most."""
    from seqlab.cli.errors import INTERRUPTED, explain, interrupted
    from seqlab.cli.interruption import interruptible

    with interruptible() as interruption:
        try:
            status = _command(arguments)
            if status != INTERRUPTED:  # Typer may turn Ctrl-C into this status and say nothing
                return status
        except KeyboardInterrupt:
            pass
        except BaseException as error:
            # What an interrupted process meets on its way out is no error of its own.
            if not interruption.signal and type(error).__name__ != "Abort":
                if debug:
                    raise
                return explain(error)
        return interrupted(arguments, interruption.signal)


def _command(arguments: list[str]) -> int:
    from typer import Exit

    from seqlab.cli.app import app

    try:
        return int(app(arguments, prog_name="seqlab", standalone_mode=False) or 0)
    except (Exit, SystemExit) as left:
        return int(getattr(left, "exit_code", getattr(left, "code", 0)) or 0)

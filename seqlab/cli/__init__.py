"""The command line: verbs, one file each, without logic; errors are one line."""

from __future__ import annotations

import os
import sys

from seqlab.isolation import leave_current_folder


def main() -> None:
    """Run the command line and leave with its exit status."""
    from seqlab.cli import streams

    leave_current_folder()
    streams.ready()
    arguments = [a for a in sys.argv[1:] if a != "--debug"]
    status = run(arguments, debug="--debug" in sys.argv[1:])
    streams.finish()
    if status > 128:  # interrupted: all is cleaned up, and unloading libraries takes seconds
        os._exit(status)
    sys.exit(status)


def run(arguments: list[str], debug: bool = False) -> int:
    """One command; its errors go to stderr in one line, with a hint on a second one at most."""
    from seqlab.cli.errors import INTERRUPTED, explain, interrupted
    from seqlab.cli.interruption import interruptible
    from seqlab.cli.streams import reader_left, silence
    from seqlab.cli.waiting import told_while_waiting

    with interruptible() as interruption:
        try:
            with told_while_waiting(arguments):
                status = _command(arguments)
            if status != INTERRUPTED:  # Typer may turn Ctrl-C into this status and say nothing
                return status
        except KeyboardInterrupt:
            pass
        except BaseException as error:
            if isinstance(error, BrokenPipeError) and reader_left():  # seqlab … | head -1
                silence()
                return 0
            # What an interrupted process meets on its way out is no error of its own.
            if not interruption.signal and type(error).__name__ != "Abort":
                if debug:
                    raise
                return explain(error)
        return interrupted(arguments, interruption.signal)


def _command(arguments: list[str]) -> int:
    from typer import Abort, Exit

    from seqlab.cli.app import app

    try:
        status = int(app(arguments, prog_name="seqlab", standalone_mode=False) or 0)
        sys.stdout.flush()  # a full disk is an error to explain, and none to meet at the exit
        return status
    except Abort as abort:
        # Typer takes the end of any file for an end of what is typed, as if by Ctrl-C; nothing is
        # typed into these commands, so that it is an error like others.
        if isinstance(abort.__cause__, EOFError):
            raise abort.__cause__ from None
        raise
    except (Exit, SystemExit) as left:
        if isinstance(left.__context__, BrokenPipeError):  # click leaves with 1 whatever broke
            raise left.__context__ from None
        return int(getattr(left, "exit_code", getattr(left, "code", 0)) or 0)

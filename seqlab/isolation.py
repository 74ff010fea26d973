"""Python processes, and this one, that import nothing from the folder in which they are started.

People start seqlab in the folder of their data. A file called `random.py` there must not run, as it
would if Python put the current folder on its path: first of all for `python -m`, and wherever an
entry of PYTHONPATH is empty or ".".
"""

# Nothing but what Python itself has loaded before: whatever is imported here could be a file beside
# the data, for the path is not clean yet. So there is no `from __future__` either.
import os
import sys

# Finds the package where this process has it, whatever brought it there, and without its folder on
# the path: it may be the current one.
_LAUNCH = """
import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from runpy import run_module
spec = PathFinder.find_spec("seqlab", [sys.argv.pop(1)])
package = sys.modules["seqlab"] = module_from_spec(spec)
spec.loader.exec_module(package)
run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
"""


def python(*arguments: str) -> list[str]:
    """The command of a Python whose path has neither the current folder nor a script's."""
    return [sys.executable, "-P", *arguments]


def python_module(module: str, *arguments: str) -> list[str]:
    """The command that runs a module of this very seqlab in an isolated Python."""
    import seqlab

    place = os.path.dirname(os.path.abspath(seqlab.__path__[0]))
    return python("-c", _LAUNCH, place, module, *arguments)


def environment() -> dict[str, str]:
    """This process's environment; what PYTHONPATH has of the current folder is left out of it."""
    variables = dict(os.environ)
    entries = variables.pop("PYTHONPATH", "").split(os.pathsep)
    kept = [os.path.abspath(entry) for entry in entries if not _is_current(entry)]
    return {**variables, "PYTHONPATH": os.pathsep.join(kept)} if kept else variables


def leave_current_folder() -> None:
    """Take off this process's path what `environment` leaves out."""
    entries = os.environ.get("PYTHONPATH", "")
    if entries and any(map(_is_current, entries.split(os.pathsep))):
        sys.path[:] = [entry for entry in sys.path if entry not in ("", ".", _current())]


def _is_current(entry: str) -> bool:
    """Whether an entry means whatever folder is the current one; a full path is what it says."""
    if os.path.isabs(entry):
        return False
    current = _current()
    return not current or os.path.normpath(os.path.join(current, entry)) == current


def _current() -> str:
    try:
        return os.getcwd()
    except OSError:  # it was deleted
        return ""

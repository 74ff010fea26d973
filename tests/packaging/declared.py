"""What pyproject.toml declares, and what Python files import."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
OURS = {"seqlab", "tests", "bench"}


def canonical(name):
    """A distribution's name, in the one spelling that compares equal."""
    return re.sub(r"[-_.]+", "-", name).lower()


def requirements(*extras):
    """Declared distributions → their lowest version, "" without one; extras of extras included."""
    lines = [*PROJECT["dependencies"], *(line for extra in extras for line in EXTRAS[extra])]
    found = {}
    for line in lines:
        own = re.match(r"seqlab\[([^]]+)\]", line)
        if own:
            found |= requirements(*own[1].split(","))
        else:
            name, floor = re.match(r"([\w.-]+)(?:\[[\w,]+\])?(?:>=([\w.]+))?", line).groups()
            found[canonical(name)] = floor or ""
    return found


def imported(folder):
    """Distribution → the first file that imports it, for whatever Python does not bring itself."""
    owners = packages_distributions()
    found = {}
    for path in sorted((ROOT / folder).rglob("*.py")):
        for module in _modules(ast.parse(path.read_text(encoding="utf-8"))):
            top = module.partition(".")[0]
            if top not in sys.stdlib_module_names and top not in OURS:
                # One that is not installed here has the name of its module, as most have.
                names = {canonical(owner) for owner in owners.get(top, [top])}
                found.setdefault(min(names), path.relative_to(ROOT).as_posix())
    return found


def _modules(tree):
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module
            case ast.Call(
                func=ast.Attribute(attr="import_module" | "importorskip"),
                args=[ast.Constant(value=str(module)), *_],
            ):
                yield module

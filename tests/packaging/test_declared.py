"""What is imported is declared, what is declared is pinned, hooks run what `make static` runs."""

import re

import pytest

from seqlab import __version__
from tests.packaging.declared import EXTRAS, ROOT, canonical, imported, requirements

# A reference implementation with large dependencies: whoever installs it runs its tests too.
BY_HAND = {"xlstm"}
BROUGHT = {"grimp"}  # by import-linter, which is declared
USERS = [extra for extra in EXTRAS if extra not in ("test", "references", "dev")]
PEERS = {
    canonical(re.split(r"[\[=]", line)[0])
    for path in ROOT.glob("bench/peers-*.txt")
    for line in path.read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
}


@pytest.mark.parametrize(
    ("folder", "extras", "beside"),
    [
        ("seqlab", USERS, set()),
        ("tests", ["dev", "references", *USERS], BY_HAND | BROUGHT),
        ("bench", ["dev", "references"], PEERS),
        ("examples", ["dev"], set()),
    ],
)
def test_what_is_imported_is_declared(folder, extras, beside):
    declared = set(requirements(*extras)) | beside
    assert {n: path for n, path in imported(folder).items() if n not in declared} == {}


def test_what_every_user_installs_is_imported():
    assert set(requirements()) - set(imported("seqlab")) == set()


def test_everything_has_a_lowest_version():
    declared = requirements(*EXTRAS)
    assert [name for name, floor in declared.items() if not floor] == []


def numbers(version):
    return tuple(int(part) for part in re.findall(r"\d+", version))


@pytest.fixture(scope="module")
def pinned():
    """Distribution → version and hashes in requirements-ci.txt; PyTorch from constraints.txt."""
    text = (ROOT / "requirements-ci.txt").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.split() for line in text.splitlines() if line and line[0] not in "# "]
    found = {}
    for name_and_version, *rest in lines:
        name, version = name_and_version.split("==")
        found[canonical(name)] = version, [part for part in rest if part.startswith("--hash=")]
    return found


def test_all_that_ci_installs_is_pinned_with_hashes(pinned):
    wanted = requirements("dev", "references")
    assert set(wanted) - set(pinned) == {"torch"}
    assert [name for name, (_, hashes) in pinned.items() if not hashes] == []


def test_no_pinned_version_is_below_the_lowest(pinned):
    torch = re.search(r"^torch==(.+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)[1]
    versions = {"torch": torch} | {name: version for name, (version, _) in pinned.items()}
    floors = requirements("dev", "references")
    assert [n for n, floor in floors.items() if numbers(versions[n]) < numbers(floor)] == []


def test_the_hooks_run_what_make_static_runs():
    config = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    hooks = re.findall(r"^ +entry: (.+)$", config, re.MULTILINE)
    static = re.search(r"^static:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    folders = " seqlab tests bench examples"
    commands = re.findall(r"\$\(BIN\)/(.*)", static[1])
    assert hooks == [command.removesuffix(folders) for command in commands]


def test_the_version_is_the_same_everywhere():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(r"^version: (.+)$", citation, re.MULTILINE)[1] == __version__
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert __version__ in re.search(r"^## \[.+$", changes, re.MULTILINE)[0]
